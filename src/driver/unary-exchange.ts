import type { Clock } from '../clock.ts';
import type { HttpAnswer } from '../protocol/failure.ts';
import { excerpt, type Outcome } from '../protocol/outcome.ts';
import type { Answer, GenerationRequest, Protocol } from '../protocol/protocol.ts';
import type { Turn } from './autocannon.ts';
import { type Attempt, connectionWait } from './driver.ts';
import { type Addressing, discreet, factsIn, readWhole, requestHeaders } from './message.ts';
import { requestId } from './request-id.ts';

export interface UnaryExchangeOptions extends Addressing {
  readonly protocol: Protocol;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** One unary request on its way: stamps what happens to it, and settles once with what became of it. */
export class UnaryExchange implements Turn {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly #options: UnaryExchangeOptions;
  readonly #requestId = requestId();
  readonly #resolve: (attempt: Attempt) => void;
  readonly #unwatch: () => void;
  #disarm = () => {};
  readonly #readyMs: number;
  #sentMs: number;
  #headersMs: number | undefined;
  #attempt: Attempt | undefined;
  /** Whether a connection to send it on came about. */
  wasSent = false;
  /** Called as it ends, before anybody waiting for its attempt goes on. */
  onEnd: (endMs: number) => void = () => {};

  constructor(
    options: UnaryExchangeOptions,
    request: GenerationRequest,
    abandoned: AbortSignal,
    resolve: (attempt: Attempt) => void,
  ) {
    const { clock, protocol } = options;
    this.#options = options;
    this.#resolve = resolve;
    this.body = Buffer.from(protocol.encode(request));
    this.headers = requestHeaders(options, request, this.#requestId);
    this.#readyMs = clock.nowMs();
    this.#sentMs = this.#readyMs;
    const abandon = () => this.#settle({ kind: 'abandoned' });
    this.#arm();
    abandoned.addEventListener('abort', abandon, { once: true });
    this.#unwatch = () => {
      this.#disarm();
      abandoned.removeEventListener('abort', abandon);
    };
  }

  /** What became of it; undefined while it is in flight. */
  get attempt(): Attempt | undefined {
    return this.#attempt;
  }

  sent(): void {
    if (this.#attempt !== undefined) return;
    this.wasSent = true;
    this.#sentMs = this.#options.clock.nowMs();
    this.#arm();
  }

  headersArrived(): void {
    this.#headersMs = this.#options.clock.nowMs();
  }

  answered(whole: HttpAnswer): void {
    const endMs = this.#options.clock.nowMs();
    const { outcome, answer } = readWhole(whole, this.#options.protocol, this.#options);
    this.#settle(outcome, endMs, outcome.kind === 'ok' ? answer : undefined, whole.headers);
  }

  broken(kind: 'connection' | 'protocol', detail: string): void {
    this.#settle({ kind, detail: excerpt(detail) });
  }

  /** Sets the time limit, counted from when it is sent; until that is known, from when it was made. */
  #arm(): void {
    const { clock, requestTimeoutMs } = this.#options;
    const detail = `no end within ${requestTimeoutMs} ms`;
    this.#disarm();
    this.#disarm = clock.at(this.#sentMs + requestTimeoutMs, () => this.#settle({ kind: 'timeout', detail }));
  }

  #settle(
    outcome: Outcome,
    endMs = this.#options.clock.nowMs(),
    answer?: Answer,
    headers: HttpAnswer['headers'] = {},
  ): void {
    if (this.#attempt !== undefined) return;
    this.#unwatch();
    this.#attempt = {
      sentMs: this.#sentMs,
      ...connectionWait(this.#readyMs, this.#sentMs),
      ...(this.#headersMs === undefined ? {} : { headersMs: this.#headersMs }),
      tokenTimesMs: [],
      endMs,
      ...factsIn(answer, headers, this.#options),
      requestId: this.#requestId,
      requestBytes: this.body.length,
      outcome: discreet(outcome, this.#options),
    };
    this.onEnd(endMs);
    this.#resolve(this.#attempt);
  }
}
