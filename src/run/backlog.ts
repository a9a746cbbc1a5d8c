import type { Clock } from '../clock.ts';

/** How much of a turn of the event loop goes to what can wait. */
const sliceMs = 1;

/**
 * What can wait until no bytes do. A hundred streams that end in one tick would otherwise keep the first tokens of their
 * next answers waiting while the old ones are counted and written down, and those would be stamped late. Invariant: it
 * is all done, in its order, by the time that `drain` returns.
 */
export class Backlog {
  readonly #clock: Clock;
  #tasks: (() => void)[] = [];
  #next = 0;
  #isScheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(task: () => void): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  /** Does at once whatever is left. */
  drain(): void {
    this.#work(Number.POSITIVE_INFINITY);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#work(this.#clock.nowMs() + sliceMs);
      if (this.#tasks.length > 0) this.#schedule();
    });
  }

  #work(untilMs: number): void {
    while (this.#next < this.#tasks.length) {
      this.#tasks[this.#next++]?.();
      if (this.#next < this.#tasks.length && this.#clock.nowMs() >= untilMs) return;
    }
    this.#tasks = [];
    this.#next = 0;
  }
}
