import type { RequestRecord } from './request-record.ts';

/** A time in which an endpoint sent nothing to anybody, though it was in the middle of at least one answer. */
export interface Silence {
  /** ms since the run began. */
  readonly fromMs: number;
  readonly lastedMs: number;
}

/** How finely arrivals are told apart: silences are found from twice as long on. */
const sliceMs = 250;

/**
 * The silences of an endpoint, found from records in any order: of every slice of time it keeps the first and the last
 * arrival in it, and how many answers had begun by then. An hour takes 300 kB.
 */
export class Silences {
  /** The number of the slice that is the first in the arrays. */
  #base = 0;
  #firstMs = new Float64Array(0);
  #lastMs = new Float64Array(0);
  /** How many more answers are under way after a slice than before it. */
  #begun = new Int32Array(0);

  add({ tokenTimesMs, endMs, outcome }: RequestRecord): void {
    const beganMs = tokenTimesMs[0];
    if (beganMs === undefined) return;
    this.#reserve(sliceOf(beganMs), sliceOf(endMs));
    this.#arriveEach(tokenTimesMs);
    // What was given up on says nothing of the service when it ends.
    if (outcome.kind === 'ok') this.#arrive(endMs);
    this.#begin(sliceOf(beganMs), 1);
    this.#begin(sliceOf(endMs), -1);
  }

  /** Those of at least so many ms, 500 or more, in their order. */
  ofAtLeast(leastMs: number): Silence[] {
    const found: Silence[] = [];
    let answering = 0;
    let quietFromMs = Number.POSITIVE_INFINITY;
    const endQuiet = (atMs: number) => {
      const lastedMs = Math.round((atMs - quietFromMs) * 1000) / 1000;
      if (answering > 0 && lastedMs >= leastMs) found.push({ fromMs: quietFromMs, lastedMs });
    };
    for (let i = 0; i < this.#begun.length; i++) {
      const isSilent = this.#firstMs[i] === Number.POSITIVE_INFINITY;
      const begun = this.#begun[i] as number;
      if (!isSilent) {
        endQuiet(this.#firstMs[i] as number);
        quietFromMs = this.#lastMs[i] as number;
      } else if (answering > 0 && answering + begun === 0) {
        endQuiet((this.#base + i + 1) * sliceMs);
        quietFromMs = Number.POSITIVE_INFINITY;
      }
      answering += begun;
    }
    return found;
  }

  /** Takes in times that ascend: of each slice the first and the last say all. */
  #arriveEach(timesMs: readonly number[]): void {
    let sliceEndMs = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < timesMs.length; k++) {
      const timeMs = timesMs[k] as number;
      if (timeMs < sliceEndMs) continue;
      if (k > 0) this.#arrive(timesMs[k - 1] as number);
      this.#arrive(timeMs);
      sliceEndMs = (sliceOf(timeMs) + 1) * sliceMs;
    }
    this.#arrive(timesMs.at(-1) as number);
  }

  #arrive(timeMs: number): void {
    const i = sliceOf(timeMs) - this.#base;
    if (timeMs < (this.#firstMs[i] as number)) this.#firstMs[i] = timeMs;
    if (timeMs > (this.#lastMs[i] as number)) this.#lastMs[i] = timeMs;
  }

  #begin(slice: number, count: number): void {
    const i = slice - this.#base;
    this.#begun[i] = (this.#begun[i] as number) + count;
  }

  /** Makes room for the slices from one to another. */
  #reserve(from: number, to: number): void {
    const length = this.#begun.length;
    if (length > 0 && from >= this.#base && to < this.#base + length) return;
    const base = length === 0 ? from : Math.min(from, this.#base);
    const end = Math.max(to + 1, length === 0 ? 0 : this.#base + length);
    const wanted = Math.max(256, 2 ** Math.ceil(Math.log2(end - base)));
    const shift = this.#base - base;
    const moved = <T extends Float64Array | Int32Array>(into: T, old: T) => {
      if (length > 0) into.set(old, shift);
      return into;
    };
    this.#firstMs = moved(new Float64Array(wanted).fill(Number.POSITIVE_INFINITY), this.#firstMs);
    this.#lastMs = moved(new Float64Array(wanted).fill(Number.NEGATIVE_INFINITY), this.#lastMs);
    this.#begun = moved(new Int32Array(wanted), this.#begun);
    this.#base = base;
  }
}

const sliceOf = (timeMs: number) => Math.floor(timeMs / sliceMs);
