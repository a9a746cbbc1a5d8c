/**
 * The driver over undici: one connection per request in flight, every event stamped when its bytes arrive and before
 * anything is parsed. What the answer is, is decided by its content type, not by what was asked for.
 */
import { randomUUID } from 'node:crypto';
import type { Client, Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Connections } from '../http/connections.ts';
import { excerpt, type Outcome } from '../protocol/outcome.ts';
import type { Answer, Protocol } from '../protocol/protocol.ts';
import { maxEventBytes, SseScanner } from '../protocol/sse.ts';
import { type Attempt, connectionWait, type Send } from './driver.ts';
import {
  type Addressing,
  contentType,
  discreet,
  encodingProblem,
  factsIn,
  readWhole,
  requestHeaders,
  withoutSecrets,
} from './message.ts';

export interface StreamingOptions extends Addressing {
  readonly connections: Connections;
  readonly protocol: Protocol;
  readonly clock: Clock;
  /** The path of the endpoint, verbatim. */
  readonly path: string;
  readonly requestTimeoutMs: number;
}

/** The largest unary answer that is taken in. */
const maxBodyBytes = 64 << 20;

/** Sends requests to one endpoint. */
export function streamingSend(options: StreamingOptions): Send {
  const { connections, protocol, clock, path } = options;
  return (request, signal) =>
    new Promise(resolve => {
      const body = Buffer.from(protocol.encode(request));
      const requestId = randomUUID();
      const client = connections.acquire();
      const exchange = new Exchange(options, client, requestId, body.length, resolve);
      exchange.watch(signal);
      try {
        client.dispatch(
          {
            method: 'POST',
            path,
            body,
            headers: requestHeaders(options, request, requestId),
          },
          exchange,
        );
      } catch (error) {
        exchange.settle({ kind: 'protocol', detail: excerpt(messageOf(error)) }, clock.nowMs());
      }
    });
}

/** One request on its way: collects what arrives and settles once, with what became of it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: StreamingOptions;
  readonly #client: Client;
  readonly #requestId: string;
  readonly #requestBytes: number;
  readonly #resolve: (attempt: Attempt) => void;
  readonly #tokenTimesMs: number[] = [];
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  /** When it was handed over to be sent. */
  readonly #readyMs: number;
  #sentMs: number;
  #headersMs: number | undefined;
  #nowMs = 0;
  #status = 0;
  #headers: Record<string, string | string[] | undefined> = {};
  #scanner: SseScanner | undefined;
  #answer: Answer | undefined;
  #counts: Answer | undefined;
  #failure: Outcome | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #unwatch = () => {};
  #disarm = () => {};

  constructor(
    options: StreamingOptions,
    client: Client,
    requestId: string,
    requestBytes: number,
    resolve: (attempt: Attempt) => void,
  ) {
    this.#options = options;
    this.#client = client;
    this.#requestId = requestId;
    this.#requestBytes = requestBytes;
    this.#resolve = resolve;
    this.#readyMs = options.clock.nowMs();
    this.#sentMs = this.#readyMs;
  }

  /** Ends the exchange when its time is up or it is abandoned. */
  watch(signal: AbortSignal): void {
    const abandon = () => this.#breakOff({ kind: 'abandoned' });
    this.#arm(this.#sentMs);
    signal.addEventListener('abort', abandon, { once: true });
    this.#unwatch = () => {
      this.#disarm();
      signal.removeEventListener('abort', abandon);
    };
    if (signal.aborted) abandon();
  }

  /** Sets the request's time limit, counted from when it is sent; until that is known, from when it was handed over. */
  #arm(fromMs: number): void {
    const { clock, requestTimeoutMs } = this.#options;
    const detail = `no end within ${requestTimeoutMs} ms`;
    this.#disarm();
    this.#disarm = clock.at(fromMs + requestTimeoutMs, () => this.#breakOff({ kind: 'timeout', detail }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) {
      controller.abort(new Error('ended before it was sent'));
      return;
    }
    this.#sentMs = this.#options.clock.nowMs();
    this.#arm(this.#sentMs);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#headersMs = this.#options.clock.nowMs();
    this.#status = status;
    this.#headers = headers;
    if (status < 300 && contentType(headers) === 'text/event-stream')
      this.#scanner = new SseScanner(data => this.#event(data));
    const problem = encodingProblem(headers);
    if (problem !== undefined) this.#failure = { kind: 'protocol', status, detail: problem };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#nowMs = this.#options.clock.nowMs();
    if (this.#isSettled || this.#failure?.kind === 'protocol') return;
    if (this.#scanner !== undefined) {
      if (this.#scanner.push(chunk)) return;
      this.#failure = {
        kind: 'protocol',
        status: this.#status,
        detail: `an event of more than ${maxEventBytes} bytes`,
      };
    } else {
      this.#bodyBytes += chunk.length;
      if (this.#bodyBytes <= maxBodyBytes) {
        this.#body.push(chunk);
        return;
      }
      this.#failure = {
        kind: 'protocol',
        status: this.#status,
        detail: `an answer of more than ${maxBodyBytes} bytes`,
      };
    }
    this.settle(this.#failure, this.#nowMs);
    controller.abort(new Error('too large'));
  }

  onResponseEnd(): void {
    const endMs = this.#options.clock.nowMs();
    this.#nowMs = endMs;
    this.#scanner?.end();
    this.settle(this.#failure ?? this.#outcome(), endMs);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const code = 'code' in error ? String(error.code) : '';
    const isBroken =
      error.name === 'HTTPParserError' || code.startsWith('UND_ERR_RES') || code.startsWith('UND_ERR_HEADERS');
    this.settle(
      this.#failure ?? {
        kind: isBroken ? 'protocol' : 'connection',
        ...(this.#status === 0 ? {} : { status: this.#status }),
        detail: this.#clean([code, messageOf(error)].filter(part => part !== '').join(': ')),
      },
      this.#options.clock.nowMs(),
    );
  }

  settle(outcome: Outcome, endMs: number): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#unwatch();
    this.#options.connections.release(this.#client);
    const answer =
      outcome.kind === 'ok' && this.#answer !== undefined ? { ...this.#answer, ...this.#counts } : undefined;
    this.#resolve({
      sentMs: this.#sentMs,
      ...connectionWait(this.#readyMs, this.#sentMs),
      ...(this.#headersMs === undefined ? {} : { headersMs: this.#headersMs }),
      tokenTimesMs: this.#tokenTimesMs,
      endMs,
      ...factsIn(answer, this.#headers, this.#options),
      requestId: this.#requestId,
      requestBytes: this.#requestBytes,
      outcome: discreet(outcome, this.#options),
    });
  }

  /** An answer that was complete before it was broken off is still an answer. */
  #breakOff(outcome: Outcome): void {
    const isComplete = this.#scanner !== undefined && this.#answer !== undefined;
    this.settle(
      isComplete ? { kind: 'ok', status: this.#status } : outcome,
      isComplete ? this.#nowMs : this.#options.clock.nowMs(),
    );
    // Where it has not even begun, undici has it queued behind a connection that may never come.
    if (this.#controller === undefined) this.#options.connections.discard(this.#client);
    else this.#controller.abort(new Error(outcome.kind));
  }

  #event(data: string): void {
    const event = this.#options.protocol.decodeEvent(data);
    switch (event.kind) {
      case 'token':
        this.#tokenTimesMs.push(this.#nowMs);
        if (event.final !== undefined) this.#answer = event.final;
        return;
      case 'final':
        this.#answer = event.answer;
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

  /** What an answer that came to its end was. */
  #outcome(): Outcome {
    const status = this.#status;
    if (this.#scanner !== undefined) {
      return this.#answer === undefined
        ? { kind: 'protocol', status, detail: 'the stream ended without its final event' }
        : { kind: 'ok', status };
    }
    const { protocol } = this.#options;
    const body = Buffer.concat(this.#body).toString('utf8');
    const { outcome, answer } = readWhole({ status, headers: this.#headers, body }, protocol, this.#options);
    this.#answer = answer;
    return outcome;
  }

  /** A server's words without the token, should it send it back. */
  #clean(text: string, length = 400): string {
    return withoutSecrets(text, this.#options).slice(0, length);
  }
}
