import { describe, expect, it } from 'vitest';
import { type Arrival, arrivals, replay, warmupLaw } from '../../src/arrival/arrivals.ts';
import type { Law } from '../../src/scenario/load.ts';

/** The first due times of a schedule. */
function take(count: number, schedule: Iterable<Arrival>): number[] {
  const times: number[] = [];
  for (const { dueMs } of schedule) {
    times.push(dueMs);
    if (times.length === count) return times;
  }
  return times;
}

/** How many are due in each of a number of intervals, one after the other. */
function countsIn(intervals: number, intervalMs: number, schedule: Iterable<Arrival>): number[] {
  const counts = new Array<number>(intervals).fill(0);
  for (const { dueMs } of schedule) {
    const interval = Math.floor(dueMs / intervalMs);
    if (interval >= intervals) return counts;
    counts[interval] = (counts[interval] ?? 0) + 1;
  }
  return counts;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]) => mean(values.map(value => value ** 2)) - mean(values) ** 2;
const gapsOf = (times: readonly number[]) => times.map((timeMs, i) => timeMs - (times[i - 1] ?? 0));

interface Expected {
  readonly law: (ratePerS: number) => Law;
  /** The deviation of the gaps over their mean. */
  readonly cv: number;
  /** The variance of the counts in an interval over their mean, in an interval in which so many are due. */
  readonly dispersion: { readonly perInterval: number; readonly is: number };
}

const laws: Readonly<Record<string, Expected>> = {
  constant: {
    law: ratePerS => ({ arrivals: 'constant', ratePerS }),
    cv: 0,
    // Half a gap beyond a whole number of them: every other count is one more, with variance 1/4.
    dispersion: { perInterval: 10.5, is: 0.25 / 10.5 },
  },
  Poisson: {
    law: ratePerS => ({ arrivals: 'poisson', ratePerS }),
    cv: 1,
    dispersion: { perInterval: 10, is: 1 },
  },
  // The variance of n renewals goes to cv²n + (1 − cv⁴)/6 for gamma gaps (Cox, Renewal Theory, 1962).
  'even gamma': {
    law: ratePerS => ({ arrivals: 'gamma', cv: 0.5, ratePerS }),
    cv: 0.5,
    dispersion: { perInterval: 20, is: 0.5 ** 2 + (1 - 0.5 ** 4) / 6 / 20 },
  },
  'clustered gamma': {
    law: ratePerS => ({ arrivals: 'gamma', cv: 2, ratePerS }),
    cv: 2,
    dispersion: { perInterval: 50, is: 2 ** 2 + (1 - 2 ** 4) / 6 / 50 },
  },
  // Of 20 gaps 19 are 0; of four quarters of the time between two bursts one holds all 20 of them.
  burst: {
    law: ratePerS => ({ arrivals: 'burst', burstSize: 20, ratePerS }),
    cv: Math.sqrt(19),
    dispersion: { perInterval: 5, is: 15 },
  },
};

describe.each(Object.entries(laws))('%s arrivals', (_, { law, cv, dispersion }) => {
  it.each([0.5, 8, 200])('at %d per second have the mean, the variation and the dispersion of their law', ratePerS => {
    // Of 40,000 gaps the mean deviates by cv/√n (1 % at cv 2), their variation by a little more.
    const gaps = gapsOf(take(40_001, arrivals(law(ratePerS), 42))).slice(1);
    expect(Math.abs((mean(gaps) * ratePerS) / 1000 - 1)).toBeLessThan(0.03);
    expect(Math.abs(Math.sqrt(Math.max(0, variance(gaps))) / mean(gaps) - cv)).toBeLessThan(0.03 * cv + 1e-3);
    // The index of dispersion of 4,000 counts deviates by √(2/n) of itself, 2.2 %, and more where counts are skewed.
    const counts = countsIn(4_000, (dispersion.perInterval * 1000) / ratePerS, arrivals(law(ratePerS), 7));
    expect(Math.abs(mean(counts) / dispersion.perInterval - 1)).toBeLessThan(0.03);
    expect(Math.abs(variance(counts) / mean(counts) / dispersion.is - 1)).toBeLessThan(0.1);
  });

  it('are in order and the same for the same seed', () => {
    const times = take(5_000, arrivals(law(8), 42, 'measured', 1, 1));
    expect(Math.min(...gapsOf(times))).toBeGreaterThanOrEqual(0);
    expect(take(5_000, arrivals(law(8), 42, 'measured', 1, 1))).toEqual(times);
  });
});

describe('constant arrivals', () => {
  it('are equally spaced, from time 0', () => {
    expect(take(5, arrivals({ arrivals: 'constant', ratePerS: 4 }))).toEqual([0, 250, 500, 750, 1000]);
  });

  it('do not drift, however many there are', () => {
    const times = take(1_000_001, arrivals({ arrivals: 'constant', ratePerS: 3 }));
    expect(times[1_000_000]).toBe(1e9 / 3);
    expect(times[300_000]).toBe(1e8);
  });

  it('need no seed', () => {
    const load = { arrivals: 'constant', ratePerS: 7 } as const;
    expect(take(100, arrivals(load, 1))).toEqual(take(100, arrivals(load, 2)));
  });
});

describe('Poisson arrivals', () => {
  it('are as likely right after an arrival as long after it', () => {
    const gaps = gapsOf(take(20_000, arrivals({ arrivals: 'poisson', ratePerS: 1000 }, 'memory')));
    const longer = (ms: number) => gaps.filter(gap => gap > ms).length;
    expect(Math.abs(longer(1) / gaps.length - Math.exp(-1))).toBeLessThan(0.015);
    expect(Math.abs(longer(2) / longer(1) - Math.exp(-1))).toBeLessThan(0.025);
    const pairs = gaps.slice(1).map((gap, i) => gap * (gaps[i] ?? 0));
    expect(Math.abs(mean(pairs) - mean(gaps) ** 2)).toBeLessThan(0.05);
  });

  it('begin after the first gap, not with it', () => {
    const firsts = Array.from(
      { length: 2000 },
      (_, seed) => take(1, arrivals({ arrivals: 'poisson', ratePerS: 1 }, seed))[0] ?? 0,
    );
    expect(Math.abs(mean(firsts) - 1000)).toBeLessThan(100);
  });

  it('are the same for the same seed and others for another', () => {
    const load = { arrivals: 'poisson', ratePerS: 5 } as const;
    expect(take(1000, arrivals(load, 42, 'measured', 1, 1))).toEqual(take(1000, arrivals(load, 42, 'measured', 1, 1)));
    const first = take(10, arrivals(load, 42, 'measured', 1, 1));
    for (const seed of [
      [43, 'measured', 1, 1],
      [42, 'warmup', 1, 1],
      [42, 'measured', 2, 1],
      [42, 'measured', 1, 2],
    ]) {
      expect(take(10, arrivals(load, ...seed))).not.toEqual(first);
    }
  });

  it('keep their pattern at another rate, only faster', () => {
    const slow = take(100, arrivals({ arrivals: 'poisson', ratePerS: 1 }, 42));
    const fast = take(100, arrivals({ arrivals: 'poisson', ratePerS: 10 }, 42));
    fast.forEach((timeMs, i) => {
      expect(timeMs * 10).toBeCloseTo(slow[i] ?? Number.NaN, 6);
    });
  });
});

describe('bursts', () => {
  it('come all at once, the first of them at time 0, as often as makes the rate', () => {
    const times = take(9, arrivals({ arrivals: 'burst', burstSize: 4, ratePerS: 8 }));
    expect(times).toEqual([0, 0, 0, 0, 500, 500, 500, 500, 1000]);
  });

  it('of one are constant arrivals', () => {
    const constant = take(100, arrivals({ arrivals: 'constant', ratePerS: 3 }));
    expect(take(100, arrivals({ arrivals: 'burst', burstSize: 1, ratePerS: 3 }))).toEqual(constant);
  });
});

describe('the replay of a trace', () => {
  const trace = [
    { dueMs: 5_000.25, inputTokens: 12, outputTokens: 34 },
    { dueMs: 5_000.25 },
    { dueMs: 5_100.5, inputTokens: 1, outputTokens: 2 },
    { dueMs: 9_000.25 },
  ];

  it('begins with its first request and keeps every gap and every length', () => {
    expect([...replay(trace, 1)]).toEqual([
      { dueMs: 0, inputTokens: 12, outputTokens: 34 },
      { dueMs: 0 },
      { dueMs: 100.25, inputTokens: 1, outputTokens: 2 },
      { dueMs: 4_000 },
    ]);
  });

  it('goes slower or faster by its time scale', () => {
    expect([...replay(trace, 0.5)].map(({ dueMs }) => dueMs)).toEqual([0, 0, 50.125, 2_000]);
    expect([...replay(trace, 10)].at(-1)?.dueMs).toBe(40_000);
  });
});

describe('what warms up', () => {
  it('for a steady rate is its own law', () => {
    const law = { arrivals: 'gamma', cv: 2, ratePerS: 5 } as const;
    expect(warmupLaw(law)).toEqual(law);
  });

  it('for a ramp is its law at the rate it begins with', () => {
    const ramp = { fromPerS: 2, toPerS: 20, durationMs: 60_000 };
    const law = { arrivals: 'constant', ratePerS: 11 } as const;
    expect(warmupLaw({ ...law, ramp })).toEqual({ ...law, ratePerS: 2 });
  });

  it('for a trace is a Poisson process of its mean rate', () => {
    const trace = { file: 't.jsonl', sha256: '' };
    const law = warmupLaw({ arrivals: 'trace', ratePerS: 3.5, trace, timeScale: 1 });
    expect(law).toEqual({ arrivals: 'poisson', ratePerS: 3.5 });
  });
});
