import { describe, expect, it } from 'vitest';
import {
  boundsOf,
  type Change,
  chanceOf,
  detectable,
  estimateOf,
  pairedChange,
  unpairedChange,
} from '../../../src/analysis/gate/change.ts';
import type { Reading } from '../../../src/analysis/measure.ts';

const readings = (...values: (number | string)[]): Reading[] =>
  values.map(value =>
    typeof value === 'number' ? { value, censored: false } : { value: Number(value.slice(1)), censored: true },
  );

describe('a change over pairs', () => {
  it('is the log of a factor, and a rise is for the worse whichever way is better', () => {
    const sides = { baseline: readings(100, 200, 400), candidate: readings(110, 220, 440) };
    expect(estimateOf(pairedChange(sides, 'lower'))).toBeCloseTo(Math.log(1.1), 12);
    expect(estimateOf(pairedChange(sides, 'higher'))).toBeCloseTo(-Math.log(1.1), 12);
  });

  it('sees what all pairs have in common and not what differs between them', () => {
    const sides = { baseline: readings(100, 200, 400), candidate: readings(111, 219, 441) };
    expect(boundsOf(pairedChange(sides, 'lower'), 0.05).low).toBeGreaterThan(0.08);
    expect(boundsOf(unpairedChange(sides, 'lower'), 0.05).low).toBeLessThan(-0.5);
    expect(chanceOf(pairedChange(sides, 'lower'))).toBeLessThan(0.01);
    expect(detectable(pairedChange(sides, 'lower'), 0.05)).toBeLessThan(0.05);
  });

  it('has no upper bound where requests of the candidate never ended, and is at least what is known', () => {
    const sides = { baseline: readings(100, 100, 100), candidate: readings('≥200', '≥201', '≥202') };
    for (const change of [pairedChange(sides, 'lower'), unpairedChange(sides, 'lower')]) {
      expect(boundsOf(change, 0.05).high).toBe(Number.POSITIVE_INFINITY);
      expect(boundsOf(change, 0.05).low).toBeGreaterThan(Math.log(1.9));
      expect(chanceOf(change)).toBeLessThan(0.001);
    }
  });

  it('shows no rise where requests of the baseline never ended', () => {
    const sides = { baseline: readings('≥100', 100, 101), candidate: readings(200, 200, 200) };
    for (const change of [pairedChange(sides, 'lower'), unpairedChange(sides, 'lower')]) {
      expect(boundsOf(change, 0.05).low).toBe(Number.NEGATIVE_INFINITY);
      expect(estimateOf(change)).toBe(Number.NEGATIVE_INFINITY);
      expect(chanceOf(change)).toBe(1);
      expect(detectable(change, 0.05)).toBeUndefined();
    }
  });
});

describe('a change of a ratio', () => {
  const change: Change = { kind: 'points', baseline: { count: 5, of: 1000 }, candidate: { count: 60, of: 1000 } };

  it('is a difference of shares with bounds around it', () => {
    expect(estimateOf(change)).toBeCloseTo(0.055, 12);
    expect(boundsOf(change, 0.05).low).toBeGreaterThan(0.04);
    expect(boundsOf(change, 0.05).high).toBeLessThan(0.07);
    expect(chanceOf(change)).toBeLessThan(1e-9);
  });

  it('is nothing where nothing happened', () => {
    const none: Change = { kind: 'points', baseline: { count: 0, of: 1000 }, candidate: { count: 0, of: 1000 } };
    expect(chanceOf(none)).toBe(1);
    expect(boundsOf(none, 0.05).high).toBeLessThan(0.003);
  });
});
