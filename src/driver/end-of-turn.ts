/** What waits for the end of a turn. */
export interface Concluding {
  conclude(): void;
}

/**
 * Has things concluded when all that came in this turn of the event loop has been taken in. Of a hundred streams that
 * end in one turn the last would otherwise be stamped after the first were made into records and followed by new
 * requests; and those requests leave in one go, which costs the system less than one at a time.
 */
export class EndOfTurn {
  #waiting: Concluding[] = [];

  add(concluding: Concluding): void {
    if (this.#waiting.push(concluding) === 1) setImmediate(() => this.#conclude());
  }

  #conclude(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each.conclude();
  }
}
