import { describe, expect, it } from 'vitest';
import {
  chanceOfRise,
  detectableShift,
  lowerBound,
  pairedShift,
  pooledShift,
  upperBound,
  welchShift,
} from '../../src/stats/mean-shift.ts';

/** Hours of extra sleep under two drugs, ten patients (Student, Biometrika 6, 1908): R's data set `sleep`. */
const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

describe('the shift between pairs', () => {
  const shift = pairedShift(second.map((hours, i) => hours - (first[i] as number)));

  it('is as published: t = 4.0621 with 9 degrees of freedom, two-sided p = 0.002833, 95 % interval 0.7001 to 2.4599', () => {
    expect(shift?.estimate).toBeCloseTo(1.58, 12);
    expect((shift?.estimate ?? 0) / (shift?.standardError ?? 0)).toBeCloseTo(4.0621, 4);
    expect(shift?.df).toBe(9);
    if (shift === undefined) return;
    expect(2 * chanceOfRise(shift)).toBeCloseTo(0.002833, 6);
    expect(lowerBound(shift, 0.025)).toBeCloseTo(0.7001142, 6);
    expect(upperBound(shift, 0.025)).toBeCloseTo(2.4598858, 6);
  });

  it('is not known from fewer than two pairs', () => {
    expect(pairedShift([1])).toBeUndefined();
  });

  it('is sure of itself only where all pairs agree to the last digit', () => {
    const same = pairedShift([0.5, 0.5, 0.5]);
    expect(same).toMatchObject({ estimate: 0.5, standardError: 0 });
    expect(same && chanceOfRise(same)).toBe(0);
    expect(chanceOfRise({ estimate: 0, standardError: 0, df: 2 })).toBe(1);
  });
});

describe("Welch's shift between two samples", () => {
  const shift = welchShift(first, second);

  it('is as published: t = 1.8608 with 17.776 degrees of freedom, two-sided p = 0.07939', () => {
    expect((shift?.estimate ?? 0) / (shift?.standardError ?? 0)).toBeCloseTo(1.8608, 4);
    expect(shift?.df).toBeCloseTo(17.776, 3);
    expect(2 * chanceOfRise(shift as NonNullable<typeof shift>)).toBeCloseTo(0.07939, 5);
  });

  it('is not known where a side has one value', () => {
    expect(welchShift([1], [1, 2, 3])).toBeUndefined();
  });
});

describe("Student's shift between two samples", () => {
  const shift = pooledShift(first, second);

  it('is as published: t = 1.8608 with 18 degrees of freedom, two-sided p = 0.07919', () => {
    expect((shift?.estimate ?? 0) / (shift?.standardError ?? 0)).toBeCloseTo(1.8608, 4);
    expect(shift?.df).toBe(18);
    expect(2 * chanceOfRise(shift as NonNullable<typeof shift>)).toBeCloseTo(0.07919, 5);
  });

  it('is known where one side has a single value, and not where that is all there is', () => {
    expect(pooledShift([1], [1, 2, 3])).toMatchObject({ estimate: 1, df: 2 });
    expect(pooledShift([1], [2])).toBeUndefined();
    expect(pooledShift([], [1, 2, 3])).toBeUndefined();
  });
});

describe('the smallest shift that is found', () => {
  it('is 2.7 standard errors with ten pairs at 5 % and a power of 80 %', () => {
    // 1.833 + 0.883: critical values of t with 9 degrees of freedom.
    expect(detectableShift({ standardError: 1, df: 9 }, 0.05, 0.8)).toBeCloseTo(1.833 + 0.883, 2);
  });
});
