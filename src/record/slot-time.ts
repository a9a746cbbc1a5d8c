import type { RequestRecord } from './request-record.ts';
import { isHeldBack, pauseMs } from './slot-pause.ts';
import { WindowTime } from './window-time.ts';

/** How the slots of a closed loop spent a window: how many of them, on average, did what. Their sum is the number of slots. */
export interface Slots {
  /** Had a request at the service. */
  readonly inFlight: number;
  readonly thinking: number;
  /** Waited after a refusal, as they must. */
  readonly heldBack: number;
}

/** Adds up where the time of slots went. */
export class SlotTime {
  readonly #thinkTimeMs: number;
  readonly #inFlight = new WindowTime();
  readonly #thinking = new WindowTime();
  readonly #heldBack = new WindowTime();

  constructor(thinkTimeMs: number) {
    this.#thinkTimeMs = thinkTimeMs;
  }

  open(atMs: number): void {
    for (const each of this.#each) each.open(atMs);
  }

  close(atMs: number): void {
    for (const each of this.#each) each.close(atMs);
  }

  /** Adds what a request and the pause after it took. */
  add(record: RequestRecord): void {
    const { sentMs, endMs } = record;
    if (sentMs === undefined) return;
    this.#inFlight.add(sentMs, endMs, endMs);
    const pause = isHeldBack(record) ? this.#heldBack : this.#thinking;
    pause.add(endMs, endMs + pauseMs(record, this.#thinkTimeMs), endMs);
  }

  /** Over a window of so many ms. */
  over(windowMs: number): Slots {
    const mean = ({ us }: WindowTime) => us / 1000 / windowMs;
    return { inFlight: mean(this.#inFlight), thinking: mean(this.#thinking), heldBack: mean(this.#heldBack) };
  }

  get #each() {
    return [this.#inFlight, this.#thinking, this.#heldBack];
  }
}
