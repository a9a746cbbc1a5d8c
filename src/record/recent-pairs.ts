/** How long after a window's end it is known at the latest. */
const recentMs = 5_000;

const [leastPairs, perPair] = [64, 2];

/**
 * Pairs of numbers of the last moments, of which it is not yet known whether they lie in the window. In memory that is
 * used again: thousands of objects a second that live for seconds are what the collector finds dearest of all.
 */
export class RecentPairs {
  /** Which of a pair is the time from which on it is recent. */
  readonly #timeAt: 0 | 1;
  /** A ring; its length is a power of two. */
  #values = new Float64Array(leastPairs * perPair);
  #first = 0;
  #count = 0;

  constructor(timeAt: 0 | 1) {
    this.#timeAt = timeAt;
  }

  /** Adds one, and forgets those that are no longer recent. */
  add(a: number, b: number, nowMs: number): void {
    this.#forget(nowMs);
    if (this.#count * perPair === this.#values.length) this.#grow();
    const place = this.#placeOf(this.#count++);
    this.#values[place] = a;
    this.#values[place + 1] = b;
  }

  /** Adds a pair of each of `firsts` from one place to another and the same `b`. */
  addEach(firsts: readonly number[], from: number, to: number, b: number, nowMs: number): void {
    this.#forget(nowMs);
    while ((this.#count + to - from) * perPair > this.#values.length) this.#grow();
    const values = this.#values;
    const mask = values.length - 1;
    let place = this.#placeOf(this.#count);
    for (let k = from; k < to; k++) {
      values[place] = firsts[k] as number;
      values[place + 1] = b;
      place = (place + perPair) & mask;
    }
    this.#count += to - from;
  }

  #forget(nowMs: number): void {
    const oldestMs = nowMs - recentMs;
    while (this.#count > 0 && (this.#values[this.#first + this.#timeAt] as number) < oldestMs) {
      this.#first = this.#placeOf(1);
      this.#count--;
    }
  }

  each(take: (a: number, b: number) => void): void {
    for (let k = 0; k < this.#count; k++) {
      const place = this.#placeOf(k);
      take(this.#values[place] as number, this.#values[place + 1] as number);
    }
  }

  /** Where the k-th of them lies. */
  #placeOf(k: number): number {
    return (this.#first + k * perPair) & (this.#values.length - 1);
  }

  #grow(): void {
    const larger = new Float64Array(this.#values.length * 2);
    larger.set(this.#values.subarray(this.#first));
    larger.set(this.#values.subarray(0, this.#first), this.#values.length - this.#first);
    this.#values = larger;
    this.#first = 0;
  }
}
