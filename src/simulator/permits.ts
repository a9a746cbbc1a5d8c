/** How many requests of a model are in service, and how many there ever were at once. */
export class Occupancy {
  #now = 0;
  #most = 0;

  get now(): number {
    return this.#now;
  }

  get most(): number {
    return this.#most;
  }

  change(by: number): void {
    this.#now += by;
    this.#most = Math.max(this.#most, this.#now);
  }
}

/** A limit on concurrent requests: whoever finds it reached is turned away, nobody waits. */
export class Permits {
  readonly limit: number;
  readonly #occupancy: Occupancy;
  #taken = 0;

  constructor(limit: number, occupancy: Occupancy) {
    this.limit = limit;
    this.#occupancy = occupancy;
  }

  /** Takes `count` permits and gives a function that returns them, once however often it is called; undefined where they are not free. */
  take(count: number): (() => void) | undefined {
    if (this.#taken + count > this.limit) return undefined;
    this.#change(count);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#change(-count);
    };
  }

  #change(by: number): void {
    this.#taken += by;
    this.#occupancy.change(by);
  }
}
