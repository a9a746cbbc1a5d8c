import { RecentPairs } from './recent-pairs.ts';

/**
 * How much of a window of time some spans take, added up, in whole microseconds so that the sum does not depend on their
 * order. That the window has begun, or ended, is known a moment later than it has.
 */
export class WindowTime {
  /** When they began and ended. */
  readonly #recent = new RecentPairs(1);
  #fromUs = Number.POSITIVE_INFINITY;
  #toUs = Number.POSITIVE_INFINITY;
  #us = 0;

  get us(): number {
    return this.#us;
  }

  open(atMs: number): void {
    this.#fromUs = microseconds(atMs);
    this.#recent.each((beganMs, endedMs) => {
      this.#us += this.#within(beganMs, endedMs);
    });
  }

  close(atMs: number): void {
    this.#recent.each((beganMs, endedMs) => {
      this.#us -= this.#within(beganMs, endedMs);
    });
    this.#toUs = microseconds(atMs);
    this.#recent.each((beganMs, endedMs) => {
      this.#us += this.#within(beganMs, endedMs);
    });
  }

  /** Adds a span, heard of at `nowMs`. */
  add(beganMs: number, endedMs: number, nowMs: number): void {
    if (beganMs === endedMs) return;
    this.#us += this.#within(beganMs, endedMs);
    if (this.#toUs === Number.POSITIVE_INFINITY) this.#recent.add(beganMs, endedMs, nowMs);
  }

  #within(beganMs: number, endedMs: number): number {
    if (this.#fromUs === Number.POSITIVE_INFINITY) return 0;
    return Math.max(0, Math.min(microseconds(endedMs), this.#toUs) - Math.max(microseconds(beganMs), this.#fromUs));
  }
}

const microseconds = (ms: number) => Math.round(ms * 1000);
