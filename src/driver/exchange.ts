/**
 * One request on its way over HTTP, whatever carries it: every event is stamped when its bytes arrive and before
 * anything is parsed. What the answer is, is decided by its content type, not by what was asked for. Invariant: it
 * settles once, with what became of it.
 */
import { type Clock, microseconds } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { turnIsOver } from '../http/turn.ts';
import { excerpt, type Outcome } from '../protocol/outcome.ts';
import type { Answer, Protocol } from '../protocol/protocol.ts';
import { type EventReceiver, maxEventBytes, SseScanner } from '../protocol/sse.ts';
import type { Attempt } from './driver.ts';
import {
  type Addressing,
  contentType,
  discreet,
  encodingProblem,
  factsIn,
  readWhole,
  withoutSecrets,
} from './message.ts';
import { UnderWay, Underway } from './under-way.ts';

export interface ExchangeOptions extends Addressing {
  readonly protocol: Protocol;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** The options of the exchanges of one endpoint, and those of them that are on their way. */
export interface Endpoint extends ExchangeOptions {
  readonly underWay: UnderWay;
  /** When what is being told of came: one thing at a time is. */
  readonly arrival: { atMs: number };
}

/** What the exchanges of one endpoint have in common, made of its options. */
export function endpointOf<T extends ExchangeOptions>(options: T): T & Endpoint {
  return { ...options, underWay: new UnderWay(options.clock, options.requestTimeoutMs), arrival: { atMs: 0 } };
}

/** What carries an exchange. */
export interface Carrier {
  /** Ends what is under way of it. */
  hangUp(reason: string): void;
  /** It has settled: what carried it is free. */
  settled?(): void;
}

/** The largest unary answer, and the most events of a stream, that are taken in: memory stays bounded. */
const maxBodyBytes = 16 << 20;
const maxEvents = 1 << 18;

const beyondAscii = /[^\0-\x7f]/;

export class Exchange extends Underway implements EventReceiver {
  // What each event needs comes first: where thousands of streams take turns, every line of the cache counts.
  readonly #options: Endpoint;
  #scanner: SseScanner | undefined;
  readonly #tokenTimesMs: number[] = [];
  /** Events that were read in full, be they tokens. */
  #otherEvents = 0;
  #isSettled = false;
  #failure: Outcome | undefined;
  readonly #identity: Pick<Attempt, 'requestId' | 'requestBytes'>;
  readonly #resolve: (attempt: Attempt) => void;
  #carrier: Carrier | undefined;
  /** A body that is no stream, a character for each byte: what pieces of characters it comes in does not matter then. */
  #body = '';
  /** When it was handed over to be sent. */
  readonly #readyMs: number;
  #sentMs: number;
  #headersMs: number | undefined;
  #status = 0;
  #headers: Readonly<Record<string, string | string[] | undefined>> = {};
  /** What the answer says of itself, and when it said so. */
  #answer: Answer | undefined;
  #answerMs = 0;
  #counts: Answer | undefined;
  #isSent = false;
  #connectionWaitMs: number | undefined;

  constructor(
    options: Endpoint,
    identity: Pick<Attempt, 'requestId' | 'requestBytes'>,
    signal: AbortSignal,
    resolve: (attempt: Attempt) => void,
  ) {
    super(signal);
    this.#options = options;
    this.#identity = identity;
    this.#resolve = resolve;
    this.#readyMs = options.clock.nowMs();
    this.#sentMs = this.#readyMs;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Has it carried, within its time limit and until the signal aborts; `carry` hands it over, and throws where it cannot be sent at all. */
  begin(carrier: Carrier, carry: () => void): void {
    this.#carrier = carrier;
    if (this.#options.underWay.isCalledOff(this.signal)) this.#settle({ kind: 'abandoned' }, this.#sentMs);
    else this.#carry(carry);
    if (this.#isSettled) return;
    // Its time runs from when it is sent; until that is known, from when it was handed over.
    if (!this.#isSent) this.#options.underWay.begin(this, this.#readyMs);
  }

  #carry(carry: () => void): void {
    try {
      carry();
    } catch (error) {
      const detail = excerpt(this.#clean(messageOf(error)));
      this.#settle({ kind: 'protocol', detail }, this.#options.clock.nowMs());
    }
  }

  /** It is being written, at once or after it had to wait for a connection. */
  sent(hasWaited: boolean): void {
    if (this.#isSettled) return;
    this.#isSent = true;
    turnIsOver();
    this.#sentMs = this.#options.clock.nowMs();
    if (hasWaited) this.#connectionWaitMs = this.#sentMs - this.#readyMs;
    this.#options.underWay.begin(this, this.#sentMs);
  }

  /** Bytes have come, at that time; what they say is told next. */
  arrived(atMs: number): void {
    this.#options.arrival.atMs = microseconds(atMs);
  }

  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    this.#headersMs = this.#nowMs;
    this.#status = status;
    this.#headers = headers;
    if (status < 300 && contentType(headers) === 'text/event-stream') this.#scanner = new SseScanner(this);
    const problem = encodingProblem(headers);
    if (problem !== undefined) this.#failure = { kind: 'protocol', status, detail: problem };
  }

  /** Takes in some of the body; the bytes are only lent. */
  data(bytes: Buffer, from: number, to: number): void {
    if (this.#isSettled || this.#failure?.kind === 'protocol') return;
    if (this.#scanner === undefined) this.#keep(bytes, from, to);
    else if (!this.#scanner.push(bytes, from, to)) this.#tooMuch(`an event of more than ${maxEventBytes} bytes`);
    else if (this.#tokenTimesMs.length + this.#otherEvents > maxEvents)
      this.#tooMuch(`a stream of more than ${maxEvents} events`);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    if (this.#body.length + to - from > maxBodyBytes) this.#tooMuch(`an answer of more than ${maxBodyBytes} bytes`);
    else this.#body += bytes.toString('latin1', from, to);
  }

  /** The answer has come to its end. */
  end(): void {
    if (this.#isSettled) return;
    this.#scanner?.end();
    this.#settle(this.#failure ?? this.#outcome(), this.#nowMs);
  }

  /** It was broken before it came to its end. */
  broken(kind: 'connection' | 'protocol', detail: string): void {
    const status = this.#status === 0 ? {} : { status: this.#status };
    this.#settle(this.#failure ?? { kind, ...status, detail: this.#clean(detail) }, this.#options.clock.nowMs());
  }

  abandon(): void {
    this.#breakOff({ kind: 'abandoned' });
  }

  timeIsUp(): void {
    this.#breakOff({ kind: 'timeout', detail: `no end within ${this.#options.requestTimeoutMs} ms` });
  }

  #tooMuch(detail: string): void {
    this.#failure = { kind: 'protocol', status: this.#status, detail };
    this.#settle(this.#failure, this.#nowMs);
    this.#carrier?.hangUp(detail);
  }

  /** An answer that was complete before it was broken off is still an answer. */
  #breakOff(outcome: Outcome): void {
    if (this.#isSettled) return;
    const isComplete = this.#scanner !== undefined && this.#answer !== undefined;
    if (isComplete) this.#settle({ kind: 'ok', status: this.#status }, this.#answerMs);
    else this.#settle(outcome, this.#options.clock.nowMs());
    this.#carrier?.hangUp(outcome.kind);
  }

  #settle(outcome: Outcome, endMs: number): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.underWay.end(this);
    this.#carrier?.settled?.();
    const isAnswer = outcome.kind === 'ok' && this.#answer !== undefined;
    const answer = isAnswer && this.#counts !== undefined ? { ...this.#answer, ...this.#counts } : this.#answer;
    const { inputTokens, outputTokens, finishReason, server } = factsIn(
      isAnswer ? answer : undefined,
      this.#headers,
      this.#options,
    );
    // All fields, be they undefined: to spread what may be there or not costs more than the rest of it.
    this.#resolve({
      sentMs: this.#sentMs,
      connectionWaitMs: this.#connectionWaitMs,
      headersMs: this.#headersMs,
      tokenTimesMs: this.#tokenTimesMs,
      endMs,
      inputTokens,
      outputTokens,
      finishReason,
      server,
      requestId: this.#identity.requestId,
      requestBytes: this.#identity.requestBytes,
      outcome: discreet(outcome, this.#options),
    });
  }

  /** The first token is read in full, as is everything that does not look like a token. */
  take(bytes: Buffer, from: number, to: number): boolean {
    const times = this.#tokenTimesMs;
    if (times.length === 0 || !this.#options.protocol.isPlainToken(bytes, from, to)) return false;
    times.push(this.#nowMs);
    return true;
  }

  event(data: string): void {
    this.#otherEvents++;
    const event = this.#options.protocol.decodeEvent(data);
    switch (event.kind) {
      case 'token':
        this.#tokenTimesMs.push(this.#nowMs);
        if (event.final !== undefined) this.#answered(event.final);
        return;
      case 'final':
        this.#answered(event.answer);
        return;
      case 'counts':
        this.#counts = event.answer;
        return;
      case 'error': {
        const told = this.#options.protocol.decodeEvent(this.#clean(data, data.length));
        this.#failure ??= { ...(told.kind === 'error' ? told : event).outcome, status: this.#status };
      }
    }
  }

  #answered(answer: Answer): void {
    this.#answer = answer;
    this.#answerMs = this.#nowMs;
  }

  /** When what is being told of came. */
  get #nowMs(): number {
    return this.#options.arrival.atMs;
  }

  /** What an answer that came to its end was. */
  #outcome(): Outcome {
    const status = this.#status;
    if (this.#scanner !== undefined) {
      return this.#answer === undefined
        ? { kind: 'protocol', status, detail: 'the stream ended without its final event' }
        : { kind: 'ok', status };
    }
    const { protocol } = this.#options;
    const body = beyondAscii.test(this.#body) ? Buffer.from(this.#body, 'latin1').toString('utf8') : this.#body;
    const { outcome, answer } = readWhole({ status, headers: this.#headers, body }, protocol, this.#options);
    this.#answer = answer;
    return outcome;
  }

  /** A server's words without the token, should it send it back. */
  #clean(text: string, length = 400): string {
    return withoutSecrets(text, this.#options).slice(0, length);
  }
}
