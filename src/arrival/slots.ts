import type { ClosedLoad } from '../scenario/expand.ts';

/** One slot of a closed loop: when it comes in and goes out, in ms from the start of the measured part. */
export interface Slot {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Its place, from 0 to 1, among those that come in at the same time. */
  readonly place: number;
}

/**
 * The slots of a closed loop. Over a ramp they come in, or go out, in equally long steps from one concurrency to the
 * other; those that are there from the start come in at 0. A model's limit leaves out what goes beyond it.
 */
export function slotsOf({ effectiveConcurrency, ramp }: ClosedLoad): Slot[] {
  const levels =
    ramp === undefined ? [effectiveConcurrency] : levelsOf(ramp).map(level => Math.min(level, effectiveConcurrency));
  const startMs = (step: number) => (ramp === undefined ? 0 : (ramp.durationMs * step) / levels.length);
  return Array.from({ length: effectiveConcurrency }, (_, k) => {
    const comesIn = levels.findIndex(level => level > k);
    const staysFor = levels.slice(comesIn).findIndex(level => level <= k);
    const before = comesIn === 0 ? 0 : (levels[comesIn - 1] as number);
    return {
      fromMs: startMs(comesIn),
      untilMs: staysFor === -1 ? Number.POSITIVE_INFINITY : startMs(comesIn + staysFor),
      place: (k - before) / ((levels[comesIn] as number) - before),
    };
  });
}

function levelsOf({ from, to, steps }: NonNullable<ClosedLoad['ramp']>): number[] {
  const count = steps ?? Math.abs(to - from) + 1;
  return Array.from({ length: count }, (_, step) =>
    count === 1 ? to : Math.round(from + ((to - from) * step) / (count - 1)),
  );
}
