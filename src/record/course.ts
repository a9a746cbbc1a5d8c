import type { RequestRecord } from './request-record.ts';

/** How the answers of a cell went over its window: means over bins of equal length, by when the requests were due. */
export interface Course {
  readonly binMs: number;
  /** Requests that ended ok. */
  readonly counts: readonly number[];
  /** null where a bin has none. */
  readonly ttftMs: readonly (number | null)[];
  readonly tpotMs: readonly (number | null)[];
  readonly responseTimeMs: readonly (number | null)[];
}

/** The most bins there are; when they are full, each two become one. */
const maxBins = 64;
const firstBinMs = 250;

class Means {
  readonly #sums = new Float64Array(maxBins);
  readonly #counts = new Float64Array(maxBins);

  add(bin: number, value: number): void {
    this.#sums[bin] = (this.#sums[bin] as number) + value;
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
  }

  /** Each two bins become one. */
  merge(): void {
    for (const values of [this.#sums, this.#counts]) {
      for (let i = 0; i < maxBins; i++)
        values[i] = i < maxBins / 2 ? (values[2 * i] as number) + (values[2 * i + 1] as number) : 0;
    }
  }

  counts(bins: number): number[] {
    return [...this.#counts.subarray(0, bins)];
  }

  of(bins: number): (number | null)[] {
    return this.counts(bins).map((count, i) =>
      count === 0 ? null : Math.round(((this.#sums[i] as number) / count) * 1000) / 1000,
    );
  }
}

/** Puts the answers of a window into bins, as wide as the window is long. */
export class CourseRecorder {
  readonly #fromMs: number;
  readonly #ttft = new Means();
  readonly #tpot = new Means();
  readonly #responseTime = new Means();
  #binMs = firstBinMs;
  #used = 0;

  constructor(fromMs: number) {
    this.#fromMs = fromMs;
  }

  add({ outcome, dueMs, endMs, tokenTimesMs, outputTokens = tokenTimesMs.length }: RequestRecord): void {
    if (outcome.kind !== 'ok' || dueMs < this.#fromMs) return;
    while (dueMs - this.#fromMs >= maxBins * this.#binMs) this.#widen();
    const bin = Math.floor((dueMs - this.#fromMs) / this.#binMs);
    this.#used = Math.max(this.#used, bin + 1);
    this.#responseTime.add(bin, endMs - dueMs);
    const [first, last] = [tokenTimesMs[0], tokenTimesMs.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#ttft.add(bin, first - dueMs);
    if (outputTokens > 1) this.#tpot.add(bin, (last - first) / (outputTokens - 1));
  }

  course(): Course {
    return {
      binMs: this.#binMs,
      counts: this.#responseTime.counts(this.#used),
      ttftMs: this.#ttft.of(this.#used),
      tpotMs: this.#tpot.of(this.#used),
      responseTimeMs: this.#responseTime.of(this.#used),
    };
  }

  #widen(): void {
    for (const means of [this.#ttft, this.#tpot, this.#responseTime]) means.merge();
    this.#binMs *= 2;
    this.#used = Math.ceil(this.#used / 2);
  }
}
