import { describe, expect, it } from 'vitest';
import { clopperPearson, fisherExact, shareDifference, wilson } from '../../src/stats/proportion.ts';

/** What a two-sided 95 % interval has in each tail. */
const tail = 0.025;

describe('bounds on a share', () => {
  // R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
  it.each([
    { count: 81, of: 263, exact: [0.2527, 0.3676], score: [0.2553, 0.3662] },
    { count: 15, of: 148, exact: [0.0578, 0.1617], score: [0.0624, 0.1605] },
    { count: 0, of: 20, exact: [0, 0.1684], score: [0, 0.1611] },
    { count: 1, of: 29, exact: [0.0009, 0.1776], score: [0.0061, 0.1718] },
  ])('are as published for $count of $of', ({ count, of, exact, score }) => {
    const rounded = ({ low, high }: { low: number; high: number }) => [low, high].map(each => Number(each.toFixed(4)));
    expect(rounded(clopperPearson({ count, of }, tail))).toEqual(exact);
    expect(rounded(wilson({ count, of }, tail))).toEqual(score);
  });

  it('mirror each other, and reach one where all are', () => {
    const [few, many] = [clopperPearson({ count: 3, of: 50 }, tail), clopperPearson({ count: 47, of: 50 }, tail)];
    expect(many.low).toBeCloseTo(1 - few.high, 10);
    expect(many.high).toBeCloseTo(1 - few.low, 10);
    expect(clopperPearson({ count: 50, of: 50 }, tail).high).toBe(1);
    expect(wilson({ count: 50, of: 50 }, tail).high).toBe(1);
  });

  // MLPerf inference rules, early stopping: so many queries in all for a 99 % bound on the 99th percentile.
  it.each([
    { over: 0, queries: 459 },
    { over: 1, queries: 662 },
    { over: 2, queries: 838 },
    { over: 5, queries: 1307 },
    { over: 10, queries: 2010 },
  ])('need $queries queries for p99 with 99 % confidence where $over are over the limit', ({ over, queries }) => {
    expect(clopperPearson({ count: over, of: queries }, 0.01).high).toBeLessThanOrEqual(0.01);
    expect(clopperPearson({ count: over, of: queries - 1 }, 0.01).high).toBeGreaterThan(0.01);
  });
});

describe('the difference of two shares', () => {
  // R. G. Newcombe, Interval estimation for the difference between independent proportions, ibid., table II, method 10.
  it.each([
    { b: [56, 70], a: [48, 80], low: 0.0524, high: 0.3339 },
    { b: [9, 10], a: [3, 10], low: 0.1705, high: 0.809 },
    { b: [5, 56], a: [0, 29], low: -0.0381, high: 0.1926 },
    { b: [0, 10], a: [0, 10], low: -0.2775, high: 0.2775 },
  ])('is as published for $b against $a', ({ a, b, low, high }) => {
    const [count, of] = [0, 1] as const;
    const found = shareDifference(
      { count: a[count] as number, of: a[of] as number },
      { count: b[count] as number, of: b[of] as number },
      tail,
    );
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  });
});

describe("Fisher's exact test", () => {
  it('gives a lady tasting tea 17/70 for three of four cups and 1/70 for all (R. A. Fisher, 1935)', () => {
    expect(fisherExact({ count: 1, of: 4 }, { count: 3, of: 4 })).toBeCloseTo(17 / 70, 10);
    expect(fisherExact({ count: 0, of: 4 }, { count: 4, of: 4 })).toBeCloseTo(1 / 70, 10);
  });

  it('finds nothing where nothing happened', () => {
    expect(fisherExact({ count: 0, of: 1000 }, { count: 0, of: 1000 })).toBe(1);
  });
});
