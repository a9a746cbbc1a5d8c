import { describe, expect, it } from 'vitest';
import { arrivals } from '../../src/arrival/arrivals.ts';
import { rampTime } from '../../src/arrival/ramp.ts';
import type { Law, RateRamp } from '../../src/scenario/load.ts';

const minute = (fromPerS: number, toPerS: number, steps?: number): RateRamp => ({
  fromPerS,
  toPerS,
  durationMs: 60_000,
  ...(steps === undefined ? {} : { steps }),
});

const ramps: readonly RateRamp[] = [
  minute(1, 20),
  minute(20, 1),
  minute(0.1, 200),
  minute(5, 5.001),
  minute(1, 20, 2),
  minute(20, 2, 10),
];

/** The integral of the rate until a time, summed up in small pieces. */
function requestsUntil({ fromPerS, toPerS, durationMs, steps }: RateRamp, timeMs: number): number {
  const pieces = 60_000;
  let requests = 0;
  for (let i = 0; i < pieces; i++) {
    const share = ((i + 0.5) * timeMs) / pieces / durationMs;
    const height = steps === undefined ? share : Math.floor(share * steps) / (steps - 1);
    requests += ((fromPerS + (toPerS - fromPerS) * height) * timeMs) / pieces / 1000;
  }
  return requests;
}

function dueWithin(ramp: RateRamp, law: Law, ...seed: number[]): number[] {
  const times: number[] = [];
  for (const { dueMs } of arrivals({ ...law, ramp }, ...seed)) {
    if (dueMs >= ramp.durationMs) return times;
    times.push(dueMs);
  }
  return times;
}

describe.each(ramps)('a ramp from $fromPerS to $toPerS per second (in $steps steps)', ramp => {
  it('has brought n requests where the integral of its rate reaches n', () => {
    const timeOf = rampTime(ramp);
    const all = requestsUntil(ramp, ramp.durationMs);
    for (const share of [0.001, 0.1, 0.25, 0.5, 0.77, 0.999]) {
      expect(requestsUntil(ramp, timeOf(share * all)) / (share * all)).toBeCloseTo(1, 3);
    }
    expect(timeOf(0)).toBe(0);
    expect(timeOf(all)).toBeCloseTo(ramp.durationMs, 3);
  });

  it('keeps its last rate after its end', () => {
    const timeOf = rampTime(ramp);
    const all = requestsUntil(ramp, ramp.durationMs);
    expect(timeOf(all + ramp.toPerS)).toBeCloseTo(ramp.durationMs + 1000, 1);
  });

  it('brings as many as its mean rate over its time', () => {
    const times = dueWithin(ramp, { arrivals: 'constant', ratePerS: 0 });
    expect(Math.abs(times.length - ((ramp.fromPerS + ramp.toPerS) / 2) * 60)).toBeLessThan(1.5);
  });
});

describe('constant arrivals over steps', () => {
  it('are equally spaced within each step', () => {
    const times = dueWithin(minute(1, 4, 4), { arrivals: 'constant', ratePerS: 2.5 });
    for (const [step, ratePerS] of [1, 2, 3, 4].entries()) {
      const within = times.filter(timeMs => timeMs >= step * 15_000 && timeMs < (step + 1) * 15_000);
      expect(within).toHaveLength(15 * ratePerS);
      within.slice(1).forEach((timeMs, i) => {
        expect(timeMs - (within[i] ?? Number.NaN)).toBeCloseTo(1000 / ratePerS, 6);
      });
    }
  });
});

describe('Poisson arrivals over a ramp', () => {
  const ramp = minute(2, 30);
  const runs = Array.from({ length: 400 }, (_, seed) => dueWithin(ramp, { arrivals: 'poisson', ratePerS: 16 }, seed));

  it.each([0, 1, 2, 3, 4, 5])('are counted in second ten of %d with a mean and a variance of their rate', ten => {
    const from = ten * 10_000;
    const expected = requestsUntil(ramp, from + 10_000) - requestsUntil(ramp, from);
    const counts = runs.map(times => times.filter(timeMs => timeMs >= from && timeMs < from + 10_000).length);
    const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
    // Of 400 counts the mean deviates by √(rate/400), the variance over the mean by √(2/400): 7 %.
    expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt(expected / 400));
    expect(Math.abs(variance / mean - 1)).toBeLessThan(0.28);
  });

  it('are exponential in the integral of the rate', () => {
    const gaps = runs.slice(0, 40).flatMap(times => {
      // On a straight line the integral has a closed form: at + ct²/2.
      const counts = times.map(timeMs => 2 * (timeMs / 1000) + (28 / 60 / 2) * (timeMs / 1000) ** 2);
      return counts.map((count, i) => count - (counts[i - 1] ?? 0));
    });
    for (const longer of [0.5, 1, 2]) {
      const share = gaps.filter(gap => gap > longer).length / gaps.length;
      expect(Math.abs(share - Math.exp(-longer))).toBeLessThan(0.01);
    }
  });
});
