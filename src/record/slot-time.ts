import type { RequestRecord } from './request-record.ts';
import { isHeldBack, pauseMs } from './slot-pause.ts';

/** How the slots of a closed loop spent a window: how many of them, on average, did what. Their sum is the number of slots. */
export interface Slots {
  /** Had a request at the service. */
  readonly inFlight: number;
  readonly thinking: number;
  /** Waited after a refusal, as they must. */
  readonly heldBack: number;
}

/** Adds up where the time of slots went. In whole microseconds, so that the sum does not depend on the order. */
export class SlotTime {
  readonly #thinkTimeMs: number;
  readonly #spentUs = { inFlight: 0, thinking: 0, heldBack: 0 };

  constructor(thinkTimeMs: number) {
    this.#thinkTimeMs = thinkTimeMs;
  }

  /** Adds what a request and the pause after it took of a window. */
  add(record: RequestRecord, windowMs: readonly [number, number]): void {
    const { sentMs, endMs } = record;
    if (sentMs === undefined) return;
    const [fromUs, toUs] = windowMs.map(microseconds) as [number, number];
    const within = (beganMs: number, endedMs: number) =>
      Math.max(0, Math.min(microseconds(endedMs), toUs) - Math.max(microseconds(beganMs), fromUs));
    this.#spentUs.inFlight += within(sentMs, endMs);
    const pause = isHeldBack(record) ? 'heldBack' : 'thinking';
    this.#spentUs[pause] += within(endMs, endMs + pauseMs(record, this.#thinkTimeMs));
  }

  /** Over a window of so many ms. */
  over(windowMs: number): Slots {
    const mean = (us: number) => us / 1000 / windowMs;
    const { inFlight, thinking, heldBack } = this.#spentUs;
    return { inFlight: mean(inFlight), thinking: mean(thinking), heldBack: mean(heldBack) };
  }
}

const microseconds = (ms: number) => Math.round(ms * 1000);
