import { describe, expect, it } from 'vitest';
import { smallestSample } from '../../src/stats/quantile.ts';
import { quantileRanks } from '../../src/stats/quantile-interval.ts';

describe('quantileRanks', () => {
  it('gives the ranks of the tables for the median: 2 and 9 of 10, 40 and 61 of 100, at 95 %', () => {
    expect(quantileRanks(0.5, 10, 0.025)).toEqual({ low: 2, high: 9 });
    expect(quantileRanks(0.5, 100, 0.025)).toEqual({ low: 40, high: 61 });
  });

  it('has no bound where too few values were taken, by the rule of the tables', () => {
    const n = smallestSample(0.95);
    expect(quantileRanks(0.95, n, 0.05).high).toBe(n);
    expect(quantileRanks(0.95, n - 1, 0.05).high).toBeUndefined();
    expect(quantileRanks(0.5, 0, 0.05)).toEqual({ low: undefined, high: undefined });
  });

  it('covers p95 of 1,000 values as the normal approximation has it', () => {
    const { low, high } = quantileRanks(0.95, 1000, 0.025);
    const half = 1.96 * Math.sqrt(1000 * 0.95 * 0.05);
    expect(Math.abs((low as number) - (950 - half))).toBeLessThan(2);
    expect(Math.abs((high as number) - (950 + half))).toBeLessThan(2);
  });
});
