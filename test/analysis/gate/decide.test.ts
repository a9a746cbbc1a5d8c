import { describe, expect, it } from 'vitest';
import { neededAllowance, noiseOf, shareOf } from '../../../src/analysis/gate/allowance.ts';
import { type Change, pairedChange } from '../../../src/analysis/gate/change.ts';
import { alphas, decide, look } from '../../../src/analysis/gate/decide.ts';
import { seededRandom } from '../../../src/random.ts';

/** One number over pairs whose logs of candidate over baseline are given. */
function changes(logs: readonly number[]): (from: number, to: number) => Change[] {
  return (from, to) => [
    pairedChange(
      {
        baseline: logs.slice(from, to).map(() => ({ value: 1, censored: false })),
        candidate: logs.slice(from, to).map(log => ({ value: Math.exp(log), censored: false })),
      },
      'lower',
    ),
  ];
}

const around = (mean: number, spread: number, count: number) =>
  Array.from({ length: count }, (_, i) => mean + spread * ((i % 2) * 2 - 1));
const limits = [Math.log(1.1)];

function decided(logs: readonly number[], pairs = logs.length) {
  return decide({ planned: 5, pairs, limits }, changes(logs));
}

describe('the decision over pairs', () => {
  it('waits for the pairs that were planned', () => {
    expect(decided([0, 0, 0])).toMatchObject({ verdict: 'more', pairs: 5 });
  });

  it('passes at the first look where every bound lies below the allowance', () => {
    expect(decided(around(0, 0.01, 5))).toMatchObject({ verdict: 'passed', pairs: 5, alpha: alphas.first });
  });

  it('asks for as many again where the first look is open, once, and then for no more', () => {
    const open = around(0.09, 0.05, 10);
    expect(decided(open, 5)).toMatchObject({ verdict: 'more', pairs: 10 });
    expect(decided(open, 9)).toMatchObject({ verdict: 'more', pairs: 10 });
    expect(decided(open, 10)).toMatchObject({ verdict: 'inconclusive', pairs: 10, alpha: alphas.second });
  });

  it('calls nothing a regression before fresh pairs have shown it again', () => {
    const worse = around(0.2, 0.01, 10);
    expect(decided(worse, 5)).toMatchObject({ verdict: 'more', pairs: 10 });
    expect(decided(worse)).toMatchObject({ verdict: 'regressed', pairs: 10 });
    expect(decided(worse).confirmation?.[0]?.verdict).toBe('regressed');
  });

  it('drops an alarm that fresh pairs do not show: inconclusive, not passed', () => {
    const decision = decided([...around(0.2, 0.01, 5), ...around(0, 0.01, 5)]);
    expect(decision).toMatchObject({ verdict: 'inconclusive', pairs: 10 });
    expect(decision.confirmation?.[0]?.verdict).toBe('inconclusive');
  });

  it('needs three times the planned pairs where only the second look gives the alarm', () => {
    const late = [...around(0.14, 0.09, 10), ...around(0.14, 0.02, 5)];
    expect(decided(late, 10)).toMatchObject({ verdict: 'more', pairs: 15 });
    expect(decided(late)).toMatchObject({ verdict: 'regressed', pairs: 15, alpha: alphas.second });
  });
});

describe('a look', () => {
  it('calls a rise that is sure and smaller than the allowance neither a regression nor, above it by its bound, a pass', () => {
    const [finding] = look(changes(around(0.08, 0.02, 10))(0, 10), limits, 0.05);
    expect(finding?.adjusted).toBeLessThan(0.001);
    expect(finding?.verdict).toBe('passed');
    const [wide] = look(changes(around(0.09, 0.03, 10))(0, 10), limits, 0.05);
    expect(wide?.verdict).toBe('inconclusive');
  });

  it('is stricter on one of many numbers than on one alone', () => {
    const [worse] = changes(around(0.12, 0.085, 5))(0, 5) as [Change];
    const same = changes(around(0, 0.1, 5))(0, 5) as [Change];
    expect(look([worse], limits, 0.05)[0]?.verdict).toBe('regressed');
    const [among] = look([worse, ...same, ...same, ...same], [...limits, ...limits, ...limits, ...limits], 0.05);
    expect(among?.verdict).toBe('inconclusive');
  });

  it('says what it could have seen: never less than the allowance, and more where noise is larger', () => {
    const seen = (spread: number) => look(changes(around(0, spread, 5))(0, 5), limits, 0.05)[0]?.detectable ?? 0;
    expect(seen(0.001)).toBeGreaterThan(limits[0] as number);
    expect(seen(0.001)).toBeLessThan(0.1);
    expect(seen(0.1)).toBeGreaterThan(0.15);
  });
});

describe('a needed allowance', () => {
  it('lets unchanged services pass in about 95 of 100 gates', () => {
    const random = seededRandom('allowance');
    const pair = () => random.normal(0, 0.05 * Math.SQRT2);
    let passed = 0;
    for (let gate = 0; gate < 300; gate++) {
      const noise = noiseOf(Array.from({ length: 40 }, pair));
      const needed = [neededAllowance(noise, 1, 5)];
      const logs = Array.from({ length: 15 }, pair);
      if (decide({ planned: 5, pairs: 15, limits: needed }, changes(logs)).verdict === 'passed') passed++;
    }
    expect(passed).toBeGreaterThanOrEqual(275);
    expect(passed).toBeLessThanOrEqual(299);
  });

  it('grows with the noise, with the numbers that must pass together, and where the noise is badly known', () => {
    const needed = (deviation: number, pairs: number, numbers: number) =>
      neededAllowance({ deviation, pairs }, numbers, 5);
    expect(needed(0.1, 40, 4)).toBeCloseTo(2 * needed(0.05, 40, 4), 12);
    expect(needed(0.05, 40, 4)).toBeGreaterThan(needed(0.05, 40, 1));
    expect(needed(0.05, 10, 4)).toBeGreaterThan(needed(0.05, 40, 4));
    expect(shareOf(0.1, 'lower')).toBeCloseTo(0.105, 3);
    expect(shareOf(0.1, 'higher')).toBeCloseTo(0.095, 3);
    expect(noiseOf([0.1, -0.1, 0.1, -0.1]).deviation).toBeCloseTo(0.1, 12);
  });
});
