import { describe, expect, it } from 'vitest';
import { arrivals } from '../../src/arrival/arrivals.ts';

/** The first due times of a schedule. */
function take(count: number, schedule: Generator<number>): number[] {
  const times: number[] = [];
  for (const timeMs of schedule) {
    times.push(timeMs);
    if (times.length === count) return times;
  }
  return times;
}

/** Those before a time. */
function takeUntil(endMs: number, schedule: Generator<number>): number[] {
  const times: number[] = [];
  for (const timeMs of schedule) {
    if (timeMs >= endMs) return times;
    times.push(timeMs);
  }
  return times;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]) => mean(values.map(value => value ** 2)) - mean(values) ** 2;

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
  const rates = [0.5, 8, 200];

  it.each(rates)('come at %d per second on average, with gaps as long as they vary', ratePerS => {
    const count = 20_000;
    const times = take(count, arrivals({ arrivals: 'poisson', ratePerS }, 42));
    const gaps = times.map((timeMs, i) => timeMs - (times[i - 1] ?? 0));
    // The mean of n exponential gaps has a relative deviation of 1/√n: 0.7 %.
    expect(Math.abs((mean(gaps) * ratePerS) / 1000 - 1)).toBeLessThan(0.03);
    expect(Math.abs(Math.sqrt(variance(gaps)) / mean(gaps) - 1)).toBeLessThan(0.03);
    expect(Math.min(...gaps)).toBeGreaterThan(0);
  });

  it.each(rates)('at %d per second are counted in any interval with a variance as large as the mean', ratePerS => {
    for (const perInterval of [1, 10]) {
      const intervalMs = (perInterval * 1000) / ratePerS;
      const intervals = 4000;
      const counts = new Array<number>(intervals).fill(0);
      for (const timeMs of takeUntil(intervals * intervalMs, arrivals({ arrivals: 'poisson', ratePerS }, 7))) {
        const interval = Math.floor(timeMs / intervalMs);
        counts[interval] = (counts[interval] ?? 0) + 1;
      }
      // The index of dispersion of n counts has a deviation of √(2/n): 2.2 %.
      expect(Math.abs(variance(counts) / mean(counts) - 1)).toBeLessThan(0.1);
    }
  });

  it('are as likely right after an arrival as long after it', () => {
    const times = take(20_000, arrivals({ arrivals: 'poisson', ratePerS: 1000 }, 'memory'));
    const gaps = times.map((timeMs, i) => timeMs - (times[i - 1] ?? 0));
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
