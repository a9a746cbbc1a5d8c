/** How often requests may come: so many a second for ever, and so many at once after a rest. */
export interface RateLimit {
  readonly ratePerS: number;
  readonly burst: number;
}

/** After this long without a request the proxy forgets a bucket, and the next one is full. */
const forgottenAfterMs = 2000;

/** Traefik's limiter: a token bucket with reservations, so a request may take a token that is not there yet, and wait. */
export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #patienceMs: number;
  #tokens: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** A request waits `patienceMs` at most; Traefik's half the time between two tokens unless said. */
  constructor(limit: RateLimit, patienceMs: number = 500 / limit.ratePerS) {
    this.#limit = limit;
    this.#patienceMs = patienceMs;
    this.#tokens = limit.burst;
  }

  /** Takes a token if it is there in time; gives how long to wait for it, or how long it would have been. */
  take(nowMs: number): { readonly taken: boolean; readonly waitMs: number } {
    const { ratePerS, burst } = this.#limit;
    const idleMs = nowMs - this.#lastMs;
    this.#tokens = idleMs > forgottenAfterMs ? burst : Math.min(burst, this.#tokens + (idleMs / 1000) * ratePerS);
    this.#lastMs = nowMs;
    const waitMs = this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / ratePerS) * 1000;
    const taken = waitMs <= this.#patienceMs;
    if (taken) this.#tokens--;
    return { taken, waitMs };
  }
}
