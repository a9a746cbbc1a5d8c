import { describe, expect, it } from 'vitest';
import { incompleteBeta, inverseIncompleteBeta } from '../../src/stats/incomplete-beta.ts';

describe('the incomplete beta function', () => {
  it('has the values of its closed forms', () => {
    // I_x(a, 1) = x^a, I_x(1, b) = 1 − (1 − x)^b, I_x(½, ½) = (2/π) arcsin √x (NIST Digital Library, §8.17).
    for (const x of [1e-6, 0.1, 0.3, 0.5, 0.9, 0.999]) {
      expect(incompleteBeta(x, 7, 1)).toBeCloseTo(x ** 7, 12);
      expect(incompleteBeta(x, 1, 7)).toBeCloseTo(1 - (1 - x) ** 7, 12);
      expect(incompleteBeta(x, 0.5, 0.5)).toBeCloseTo((2 / Math.PI) * Math.asin(Math.sqrt(x)), 12);
    }
  });

  it('sums the binomial distribution', () => {
    // P(X ≥ 2) of ten at 0.3, by hand: 1 − 0.7^10 − 10 · 0.3 · 0.7^9.
    expect(incompleteBeta(0.3, 2, 9)).toBeCloseTo(1 - 0.7 ** 10 - 3 * 0.7 ** 9, 12);
  });

  it('is symmetric and exact where it is steep', () => {
    expect(incompleteBeta(0.01, 20, 3000)).toBeCloseTo(1 - incompleteBeta(0.99, 3000, 20), 12);
    // SciPy 1.17: scipy.special.betainc(20, 3000, .01).
    expect(incompleteBeta(0.01, 20, 3000)).toBeCloseTo(0.9802321059521572, 10);
  });

  it('is undone by its inverse', () => {
    for (const [a, b] of [
      [1, 1],
      [4, 297],
      [0.5, 4.5],
    ] as const)
      for (const p of [0.001, 0.05, 0.5, 0.99]) {
        expect(incompleteBeta(inverseIncompleteBeta(p, a, b), a, b)).toBeCloseTo(p, 8);
      }
    expect([inverseIncompleteBeta(0, 2, 3), inverseIncompleteBeta(1, 2, 3)]).toEqual([0, 1]);
  });
});
