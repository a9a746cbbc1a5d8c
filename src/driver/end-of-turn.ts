/**
 * Has things done when this turn of the event loop has nothing left to read. Of a hundred streams that tick in one turn
 * the last would otherwise be stamped after what came for the others was understood, made into records, and followed by
 * new requests; and those requests leave in one go, which costs the system less than one at a time.
 */
export class EndOfTurn {
  #tasks: (() => void)[] = [];

  add(task: () => void): void {
    if (this.#tasks.push(task) === 1) setImmediate(() => this.come());
  }

  /** Does at once what waits. */
  come(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }
}
