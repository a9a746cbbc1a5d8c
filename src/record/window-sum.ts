import { RecentPairs } from './recent-pairs.ts';

/** A sum of what happens in a window of time, whose end is known a moment later than it is: what came in between is taken back. */
export class WindowSum {
  readonly #recent = new RecentPairs(0);
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.POSITIVE_INFINITY;
  #sum = 0;

  /** What happened after the window's beginning and up to its end. */
  get sum(): number {
    return this.#sum;
  }

  /** The window begins. Said before anything is added that is later. */
  open(atMs: number): void {
    this.#fromMs = atMs;
  }

  close(atMs: number): void {
    this.#toMs = atMs;
    this.#recent.each((timeMs, amount) => {
      if (timeMs > atMs) this.#sum -= amount;
    });
  }

  /** Adds what happened at a time, heard of at another. */
  add(timeMs: number, amount: number, nowMs: number): void {
    if (!(timeMs > this.#fromMs && timeMs <= this.#toMs)) return;
    this.#sum += amount;
    if (this.#toMs === Number.POSITIVE_INFINITY) this.#recent.add(timeMs, amount, nowMs);
  }

  /** Adds the same amount at each of those times, which ascend, heard of at another. */
  addEach(timesMs: readonly number[], amount: number, nowMs: number): void {
    let from = 0;
    let to = timesMs.length;
    while (from < to && !((timesMs[from] as number) > this.#fromMs)) from++;
    while (from < to && !((timesMs[to - 1] as number) <= this.#toMs)) to--;
    this.#sum += amount * (to - from);
    if (this.#toMs === Number.POSITIVE_INFINITY) this.#recent.addEach(timesMs, from, to, amount, nowMs);
  }
}
