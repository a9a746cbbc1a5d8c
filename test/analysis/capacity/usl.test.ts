import { describe, expect, it } from 'vitest';
import { fitUsl, type UslPoint, uslPerS } from '../../../src/analysis/capacity/usl.ts';
import { seededRandom } from '../../../src/random.ts';

const truth = { gamma: 30, alpha: 0.02, beta: 0.0003 };
const peakAt = Math.sqrt((1 - truth.alpha) / truth.beta);
const law = (n: number, { gamma, alpha, beta } = truth) => (gamma * n) / (1 + alpha * (n - 1) + beta * n * (n - 1));
const loads = [1, 2, 4, 8, 16, 32, 64, 100];

/** Three repetitions a load, each off by 3 % by chance. */
function noisy(seed: number, of = loads): UslPoint[] {
  const random = seededRandom('usl test', seed);
  return of.flatMap(inFlight =>
    [1, 2, 3].map(() => ({ inFlight, perS: law(inFlight) * Math.exp(random.normal(0, 0.03)) })),
  );
}

function fitted(points: readonly UslPoint[], options = {}) {
  const result = fitUsl(points, options);
  if (result.kind === 'none') throw new Error(result.why);
  return result.usl;
}

describe('the universal scalability law', () => {
  it('is found again where there is no noise', () => {
    const usl = fitted(
      loads.map(inFlight => ({ inFlight, perS: law(inFlight) })),
      { resamples: 20 },
    );
    expect(usl.gamma).toBeCloseTo(truth.gamma, 4);
    expect(usl.alpha).toBeCloseTo(truth.alpha, 6);
    expect(usl.beta).toBeCloseTo(truth.beta, 8);
    expect(usl.peak?.inFlight).toMatchObject({ value: expect.closeTo(peakAt, 3), provenance: 'interpolated' });
    expect(usl.peak?.perS.value).toBeCloseTo(law(peakAt), 4);
    expect(Math.max(...usl.points.map(({ residualRatio }) => Math.abs(residualRatio)))).toBeLessThan(1e-6);
  });

  it('has 90 % intervals that hold the truth that often', () => {
    const seeds = 40;
    const held = { gamma: 0, alpha: 0, beta: 0, peak: 0 };
    for (let seed = 0; seed < seeds; seed++) {
      const { intervals, peak } = fitted(noisy(seed), { seed, resamples: 40 });
      for (const name of ['gamma', 'alpha', 'beta'] as const)
        if (intervals[name].low <= truth[name] && truth[name] <= intervals[name].high) held[name]++;
      const at = peak?.inFlight;
      if (at && (at.low ?? 0) <= peakAt && peakAt <= (at.high ?? Number.POSITIVE_INFINITY)) held.peak++;
    }
    // Of 40 with 90 % each, fewer than 30 come out once or twice in a thousand times.
    for (const count of Object.values(held)) expect(count).toBeGreaterThanOrEqual(30);
    expect(held.beta).toBeLessThan(seeds);
  });

  it('is the same each time from one seed, and another from another', () => {
    const intervals = (seed: number) => fitted(noisy(1), { seed, resamples: 20 }).intervals;
    expect(intervals(5)).toEqual(intervals(5));
    expect(intervals(5)).not.toEqual(intervals(6));
  });

  it('says nothing of fewer than six loads, however often each was driven', () => {
    expect(fitUsl(noisy(1, [1, 2, 4, 8, 16]))).toEqual({ kind: 'none', why: expect.stringContaining('there are 5') });
    expect(fitUsl([])).toMatchObject({ kind: 'none' });
  });

  it('says nothing past twice the largest load measured', () => {
    const far = fitted(
      [1, 2, 3, 4, 6, 8].map(inFlight => ({ inFlight, perS: law(inFlight) })),
      { resamples: 20 },
    );
    expect(far.peak).toBeNull();
    expect(uslPerS(far, 16)).toBeCloseTo(law(16), 2);
    expect(uslPerS(far, 16.1)).toBeUndefined();
    const near = fitted(
      [1, 2, 4, 8, 16, 40].map(inFlight => ({ inFlight, perS: law(inFlight) })),
      { resamples: 20 },
    );
    expect(near.peak?.inFlight.provenance).toBe('extrapolated');
  });
});
