import { describe, expect, it } from 'vitest';
import { tProbability, tQuantile } from '../../src/stats/student-t.ts';

describe("Student's t", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, §1.3.6.7.2, critical values of Student's t.
  it.each([
    { df: 1, p90: 3.078, p95: 6.314, p975: 12.706, p99: 31.821, p995: 63.657 },
    { df: 2, p90: 1.886, p95: 2.92, p975: 4.303, p99: 6.965, p995: 9.925 },
    { df: 4, p90: 1.533, p95: 2.132, p975: 2.776, p99: 3.747, p995: 4.604 },
    { df: 9, p90: 1.383, p95: 1.833, p975: 2.262, p99: 2.821, p995: 3.25 },
    { df: 30, p90: 1.31, p95: 1.697, p975: 2.042, p99: 2.457, p995: 2.75 },
    { df: 100, p90: 1.29, p95: 1.66, p975: 1.984, p99: 2.364, p995: 2.626 },
  ])('has the published quantiles for $df degrees of freedom', ({ df, p90, p95, p975, p99, p995 }) => {
    const quantiles = [0.9, 0.95, 0.975, 0.99, 0.995].map(p => Number(tQuantile(p, df).toFixed(3)));
    expect(quantiles).toEqual([p90, p95, p975, p99, p995]);
  });

  it('is the normal distribution in the limit: 1.644854 and 1.959964', () => {
    expect(tQuantile(0.95, 1e6)).toBeCloseTo(1.644854, 5);
    expect(tQuantile(0.975, 1e6)).toBeCloseTo(1.959964, 5);
  });

  it('is symmetric, and its quantiles undo its probabilities, for degrees of freedom that are not whole as well', () => {
    for (const df of [1, 2.7, 9, 200]) {
      for (const p of [0.001, 0.2, 0.5, 0.8, 0.9999]) {
        expect(tProbability(tQuantile(p, df), df)).toBeCloseTo(p, 10);
        expect(tQuantile(p, df)).toBeCloseTo(-tQuantile(1 - p, df), 8);
      }
    }
    expect(tProbability(Number.POSITIVE_INFINITY, 3)).toBe(1);
    expect(tProbability(Number.NEGATIVE_INFINITY, 3)).toBe(0);
  });
});
