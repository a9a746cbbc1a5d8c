import type { Part } from './driver.ts';

const places = { warmup: 0, measured: 1, cooldown: 2, inFlight: 3 } as const;
const bytes = Object.keys(places).length * Int32Array.BYTES_PER_ELEMENT;

/** What all who drive stripes of one phase count together: in memory that their threads share, or in their own. */
export class PhaseCounts {
  readonly #counts: Int32Array;

  constructor(memory: ArrayBufferLike = new ArrayBuffer(bytes)) {
    this.#counts = new Int32Array(memory);
  }

  /** Counts that several threads can hold: each makes its own object of the same memory. */
  static shared(): SharedArrayBuffer {
    return new SharedArrayBuffer(bytes);
  }

  /** Takes the next request of a closed loop; gives its number in that part, from 0. */
  take(part: Part): number {
    return Atomics.add(this.#counts, places[part], 1);
  }

  /** Takes a place in flight, where fewer than `bound` are taken. */
  enter(bound: number): boolean {
    for (;;) {
      const inFlight = Atomics.load(this.#counts, places.inFlight);
      if (inFlight >= bound) return false;
      if (Atomics.compareExchange(this.#counts, places.inFlight, inFlight, inFlight + 1) === inFlight) return true;
    }
  }

  /** Gives a place in flight back. */
  leave(): void {
    Atomics.sub(this.#counts, places.inFlight, 1);
  }
}
