import { Histogram } from '../stats/histogram.ts';

/** How far the service kept up with its own engine. */
export interface PunctualityStatistics {
  /** How late tokens were written, after the moment they were due. */
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The mean time of a step; 0 before the first. */
  readonly stepMs: number;
  /** Tokens written so far, and how many of them late by more than a tenth of their step; two looks give a window. */
  readonly tokens: number;
  readonly lateTokens: number;
  /** True where more than one token in a hundred was late: the machine is too slow for what it pretends to be. */
  readonly suspect: boolean;
}

const tolerableLagRatio = 0.1;
const tolerableLateRatio = 0.01;

/** Measures the lag of tokens against the steps that gave them. */
export class Punctuality {
  readonly #lag = new Histogram();
  #steps = 0;
  #prefills = 0;
  #stepsMs = 0;
  #lateTokens = 0;
  #beganMs = 0;
  #dueMs = 0;

  /** A step with new prompts began. */
  prefillBegan(atMs: number): void {
    if (atMs === this.#beganMs) return;
    this.#beganMs = atMs;
    this.#prefills++;
  }

  /** A token that was due at `dueMs`, at the end of its step, was written at `writtenMs`. */
  tokenWritten(dueMs: number, writtenMs: number): void {
    if (dueMs > this.#dueMs) {
      this.#beganMs = Math.max(this.#beganMs, this.#dueMs);
      this.#dueMs = dueMs;
      this.#steps++;
      this.#stepsMs += dueMs - this.#beganMs;
    }
    const lagMs = Math.max(0, writtenMs - dueMs);
    this.#lag.record(lagMs);
    if (lagMs > tolerableLagRatio * (dueMs - this.#beganMs)) this.#lateTokens++;
  }

  /** Steps that computed prompts, and steps that gave one token to each that was running. */
  passes(): { readonly prefill: number; readonly decode: number } {
    return { prefill: this.#prefills, decode: Math.max(0, this.#steps - this.#prefills) };
  }

  statistics(): PunctualityStatistics {
    const tokens = this.#lag.count;
    return {
      lagMs: { p50: this.#lag.quantile(0.5) ?? 0, p99: this.#lag.quantile(0.99) ?? 0, max: this.#lag.max ?? 0 },
      stepMs: this.#steps === 0 ? 0 : this.#stepsMs / this.#steps,
      tokens,
      lateTokens: this.#lateTokens,
      suspect: this.#lateTokens > tolerableLateRatio * tokens,
    };
  }
}
