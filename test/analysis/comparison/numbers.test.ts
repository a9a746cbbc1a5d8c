import { describe, expect, it } from 'vitest';
import { longerShare, quantileBounds } from '../../../src/analysis/comparison/numbers.ts';
import { Histogram } from '../../../src/stats/histogram.ts';

const spread = (values: readonly number[], unfinished = 0) => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return { histogram, n: values.length + unfinished, unfinished };
};
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe('longerShare', () => {
  it('counts pairs, ties half, and what never ended as longest', () => {
    expect(longerShare(spread([1, 2, 3]), spread([2, 2]))).toBeCloseTo(0.5);
    expect(longerShare(spread([1, 2]), spread([3]))).toBe(1);
    expect(longerShare(spread([1], 1), spread([5], 1))).toBeCloseTo((0 + 1 + 1 + 0.5) / 4);
    expect(longerShare(spread([]), spread([1]))).toBeUndefined();
  });
});

describe('quantileBounds', () => {
  it('are the values of the ranks of the tables', () => {
    const { low, high } = quantileBounds(spread(upTo(100)), 0.5, 0.025);
    expect([Math.round(low), Math.round(high)]).toEqual([40, 61]);
  });

  it('are open where requests that never ended are as many as it takes', () => {
    expect(quantileBounds(spread(upTo(90), 10), 0.95, 0.025).high).toBe(Number.POSITIVE_INFINITY);
    expect(quantileBounds(spread([]), 0.5, 0.025)).toEqual({ low: 0, high: Number.POSITIVE_INFINITY });
  });

  it('count requests, not the gaps in them', () => {
    const gaps = { ...spread(upTo(1000)), n: 100 };
    const { low, high } = quantileBounds(gaps, 0.5, 0.025);
    expect([Math.round(low), Math.round(high)]).toEqual([400, 610]);
  });
});
