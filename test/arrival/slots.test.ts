import { describe, expect, it } from 'vitest';
import { slotsOf } from '../../src/arrival/slots.ts';
import type { ClosedLoad } from '../../src/scenario/expand.ts';
import type { ConcurrencyRamp } from '../../src/scenario/load.ts';

function load(ramp: Omit<ConcurrencyRamp, 'durationMs'>, limit = Number.POSITIVE_INFINITY): ClosedLoad {
  const concurrency = Math.max(ramp.from, ramp.to);
  return {
    kind: 'closed',
    concurrency,
    effectiveConcurrency: Math.min(concurrency, limit),
    ramp: { ...ramp, durationMs: 60_000 },
    thinkTimeMs: 0,
  };
}

/** How many slots are in at a time. */
const slotsAt = (closed: ClosedLoad, timeMs: number) =>
  slotsOf(closed).filter(({ fromMs, untilMs }) => fromMs <= timeMs && timeMs < untilMs).length;

/** How many are in in the middle of each of a number of equally long parts of the ramp. */
const levels = (closed: ClosedLoad, parts: number) =>
  Array.from({ length: parts }, (_, part) => slotsAt(closed, ((part + 0.5) * 60_000) / parts));

describe('the slots of a closed loop', () => {
  it('without a ramp are all there from the start and stay, one after the other', () => {
    const slots = slotsOf({ kind: 'closed', concurrency: 8, effectiveConcurrency: 4, thinkTimeMs: 0 });
    expect(slots).toEqual([0, 0.25, 0.5, 0.75].map(place => ({ fromMs: 0, untilMs: Number.POSITIVE_INFINITY, place })));
  });

  it('come in one by one, each level for as long', () => {
    expect(levels(load({ from: 1, to: 6 }), 6)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(slotsAt(load({ from: 1, to: 6 }), 9_999)).toBe(1);
    expect(slotsAt(load({ from: 1, to: 6 }), 10_000)).toBe(2);
  });

  it('go out one by one, the last to come first', () => {
    expect(levels(load({ from: 6, to: 1 }), 6)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(slotsOf(load({ from: 3, to: 1 })).map(({ untilMs }) => untilMs)).toEqual([
      Number.POSITIVE_INFINITY,
      40_000,
      20_000,
    ]);
  });

  it('come in in steps, those of a step one after the other', () => {
    const closed = load({ from: 4, to: 16, steps: 4 });
    expect(levels(closed, 4)).toEqual([4, 8, 12, 16]);
    expect(slotsOf(closed).map(({ place }) => place)).toEqual(
      [0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75].concat([0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75]),
    );
    expect(levels(load({ from: 16, to: 4, steps: 4 }), 4)).toEqual([16, 12, 8, 4]);
  });

  it('are never more than a model takes', () => {
    expect(levels(load({ from: 2, to: 8 }, 5), 7)).toEqual([2, 3, 4, 5, 5, 5, 5]);
    expect(levels(load({ from: 8, to: 2 }, 5), 7)).toEqual([5, 5, 5, 5, 4, 3, 2]);
  });

  it('may stay as many where a share of both ends is the same', () => {
    expect(levels(load({ from: 3, to: 3 }), 3)).toEqual([3, 3, 3]);
  });
});
