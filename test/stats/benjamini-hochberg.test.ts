import { expect, it } from 'vitest';
import { benjaminiHochberg } from '../../src/stats/benjamini-hochberg.ts';

it('adjusts as R does: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.9), "BH")', () => {
  const adjusted = benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.9]);
  [0.025, 0.05, 0.05, 0.025, 0.9].forEach((expected, i) => void expect(adjusted[i]).toBeCloseTo(expected, 12));
});

it('leaves one alone and none empty', () => {
  expect(benjaminiHochberg([0.03])).toEqual([0.03]);
  expect(benjaminiHochberg([])).toEqual([]);
});
