import { describe, expect, it } from 'vitest';
import { median, rankOf, smallestSample } from '../../src/stats/quantile.ts';

describe('smallestSample', () => {
  it.each([
    [0.5, 5],
    [0.9, 29],
    [0.95, 59],
    [0.99, 299],
    [0.999, 2995],
  ])('of quantile %d is %d', (q, n) => {
    expect(smallestSample(q)).toBe(n);
  });

  it('is the first n of which the largest value bounds the quantile with 95 % confidence', () => {
    for (const q of [0.5, 0.6, 0.75, 0.9, 0.95, 0.98, 0.99, 0.999]) {
      const n = smallestSample(q);
      expect(1 - q ** n).toBeGreaterThanOrEqual(0.95);
      expect(1 - q ** (n - 1)).toBeLessThan(0.95);
    }
  });

  it('asks as much of a low quantile as of the high one across from it', () => {
    expect(smallestSample(0.1)).toBe(smallestSample(0.9));
  });
});

describe('rankOf', () => {
  it('is the nearest rank, ⌈q·n⌉', () => {
    expect(rankOf(0.5, 10)).toBe(5);
    expect(rankOf(0.5, 11)).toBe(6);
    expect(rankOf(0.9, 29)).toBe(27);
    expect(rankOf(0.99, 299)).toBe(297);
    expect(rankOf(1, 7)).toBe(7);
  });

  it('is not led astray by binary fractions', () => {
    for (let hundreds = 1; hundreds <= 50; hundreds++) {
      const n = hundreds * 100;
      for (let percent = 1; percent <= 100; percent++) {
        expect(rankOf(percent / 100, n)).toBe(percent * hundreds);
      }
    }
  });

  it('is at least the first', () => {
    expect(rankOf(0, 10)).toBe(1);
    expect(rankOf(0.001, 10)).toBe(1);
  });
});

describe('median', () => {
  it('is the middle value, or lies between the two middle ones; nothing has none', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeUndefined();
  });
});
