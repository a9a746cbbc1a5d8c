import { describe, expect, it } from 'vitest';
import { namedShifts, type RunValue } from '../../src/analysis/run-shift.ts';
import { seededRandom } from '../../src/random.ts';

/** Values around 100 with 5 % noise, from one of them on so many times as high. */
function series(seed: number, count: number, { from = count, times = 1 } = {}): RunValue[] {
  const random = seededRandom('run shift', seed);
  return Array.from({ length: count }, (_, i) => ({
    name: `r${i}`,
    value: 100 * Math.exp(random.normal(0, 0.05)) * (i >= from ? times : 1),
  }));
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe('a shift between runs', () => {
  /** The most of n that may be called where 5 % are expected to be, but for three standard errors of chance. */
  const mostOf = (n: number) => 0.05 * n + 3 * Math.sqrt(0.05 * 0.95 * n);

  it.each([6, 10, 30])('is named in no more than 5 of 100 histories of %i runs without one', count => {
    const alarms = times(1000, seed => namedShifts([series(seed, count)], 'factor')[0]);
    expect(alarms.filter(shift => shift !== undefined).length).toBeLessThan(mostOf(1000));
  });

  it('is named in no more than 5 of 100 histories of many conditions without one', () => {
    const alarms = times(100, page =>
      namedShifts(
        times(15, i => series(1000 + page * 15 + i, 12)),
        'factor',
      ).some(Boolean),
    );
    expect(alarms.filter(Boolean).length).toBeLessThan(mostOf(100));
  });

  it('of a fifth is found in nearly all histories, within a run of where it is', () => {
    const found = times(200, seed => namedShifts([series(seed, 14, { from: 7, times: 1.2 })], 'factor')[0]);
    expect(found.filter(shift => shift !== undefined).length).toBeGreaterThan(180);
    const near = found.filter(shift => Math.abs(Number(shift?.after.slice(1)) - 7) <= 1);
    expect(near.length).toBeGreaterThan(170);
  });

  it('takes three runs a side, and values that have a logarithm', () => {
    expect(namedShifts([series(1, 5, { from: 3, times: 9 })], 'factor')).toEqual([undefined]);
    const zeros = times(8, i => ({ name: `r${i}`, value: i < 4 ? 0 : 5 }));
    expect(namedShifts([zeros], 'factor')).toEqual([undefined]);
  });

  it('of a share is a difference of shares, and one of less than half a point is none', () => {
    const shares = (to: number) => times(8, i => ({ name: `r${i}`, value: i < 4 ? 0 : to }));
    expect(namedShifts([shares(0.1), shares(0.004)], 'points')).toMatchObject([
      { before: 'r3', after: 'r4', rise: expect.closeTo(0.1, 10) as number },
      undefined,
    ]);
    expect(namedShifts([shares(0.004)], 'points')).toEqual([undefined]);
  });
});
