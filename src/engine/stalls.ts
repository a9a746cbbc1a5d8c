/** The intervals in which no step begins. */
export class Stalls {
  #intervals: { readonly fromMs: number; readonly untilMs: number }[] = [];

  add(fromMs: number, durationMs: number): void {
    this.#intervals.push({ fromMs, untilMs: fromMs + durationMs });
    this.#intervals.sort((a, b) => a.fromMs - b.fromMs);
  }

  /** The first time from `atMs` on that lies in none of them. */
  after(atMs: number): number {
    let freeMs = atMs;
    for (const { fromMs, untilMs } of this.#intervals) if (fromMs <= freeMs && freeMs < untilMs) freeMs = untilMs;
    return freeMs;
  }

  /** When the next of them begins after `atMs`; those that are over by then are forgotten. */
  nextMs(atMs: number): number | undefined {
    if (this.#intervals.length === 0) return undefined;
    this.#intervals = this.#intervals.filter(({ untilMs }) => untilMs > atMs);
    return this.#intervals.find(({ fromMs }) => fromMs > atMs)?.fromMs;
  }
}
