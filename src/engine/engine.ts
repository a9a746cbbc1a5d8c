/**
 * The engine: TGI's batching over a step-time model, in virtual time. It knows no HTTP and reads no clock; whoever
 * holds it says what time it is. The embedded service drives it in real time, the engine driver in virtual time.
 *
 * Invariant: times handed in never go back, and every token is reported once, in order of time.
 */

/** One request as the engine sees it: lengths only. */
export interface EngineRequest {
  /** Unique among the requests in the engine. */
  readonly id: number;
  /** Tokens of the prompt, images included. */
  readonly inputTokens: number;
  /** Pictures in the prompt; each costs a pass through the vision tower. */
  readonly images: number;
  /** What is reserved for the answer (`max_new_tokens`). */
  readonly maxNewTokens: number;
  /** What the answer will really have, 1 … maxNewTokens. */
  readonly outputTokens: number;
}

/** Called for each token: which request, the how-manieth (from 1), when, and whether it is the last one. */
export type OnToken = (id: number, index: number, atMs: number, last: boolean) => void;

export interface Engine {
  /**
   * Offers a request that arrives at `atMs` (what is due before is carried out first). `overloaded` when
   * `maxConcurrentRequests` are in the engine already; such a request leaves no trace but a count.
   */
  submit(request: EngineRequest, atMs: number): 'accepted' | 'overloaded';
  /** Takes a request out, because its client went away; it gives no more tokens. Unknown ids are ignored. */
  cancel(id: number, atMs: number): void;
  /** When the next thing happens; undefined while the engine is idle. */
  nextMs(): number | undefined;
  /** Carries out everything that is due up to and including `untilMs`. */
  advance(untilMs: number): void;
  /** What goes on at the time last handed in. */
  state(): EngineState;
  /** Holds every step that begins in [atMs, atMs + durationMs) until the end of it: a stall, on demand. */
  stall(atMs: number, durationMs: number): void;
}

/** What an engine is doing, and what it has done since it began; the counters never go back. */
export interface EngineState {
  readonly queued: number;
  readonly running: number;
  /** KV-cache tokens reserved, and how many there are. */
  readonly kvTokens: number;
  readonly kvCapacityTokens: number;
  /** Time spent in steps, and of it in prefill. */
  readonly busyMs: number;
  readonly prefillMs: number;
  /** Bytes read from GPU memory and floating-point operations done, for utilisation and power. */
  readonly bytesRead: number;
  readonly flops: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly accepted: number;
  readonly overloaded: number;
  readonly finished: number;
  readonly cancelled: number;
}

/** The launcher's limits of one TGI container; what is undefined has TGI's default. */
export interface EngineLimits {
  readonly maxConcurrentRequests: number;
  readonly maxInputTokens: number;
  readonly maxTotalTokens: number;
  readonly maxBatchSize?: number;
  readonly maxBatchPrefillTokens?: number;
  readonly waitingServedRatio?: number;
  readonly maxWaitingTokens?: number;
}

export interface EngineOptions {
  /** A name of `gpuPresets`, such as `A100-80G`. */
  readonly gpu: string;
  /** A name of `modelPresets`, such as `mistral-7b`. */
  readonly model: string;
  readonly limits: EngineLimits;
  /** 1 is the preset as it is; 0.8 takes 25 % longer for every step. */
  readonly speed?: number;
  readonly seed?: number;
  readonly onToken: OnToken;
}
