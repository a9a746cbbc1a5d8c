import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/analysis/gate/calibration.ts';
import { foresee, longestMs, requestsFor } from '../../../src/analysis/gate/plan.ts';
import { defaultPolicy, parsePolicy } from '../../../src/analysis/gate/policy.ts';
import { subjectsOf } from '../../../src/analysis/gate/subjects.ts';
import { calibrationReport } from '../../../src/report/gate-calibration.ts';
import { gatePlan } from '../../../src/report/gate-plan.ts';
import { terminal } from '../../../src/report/terminal.ts';
import { madeRun, madeRuns } from './made-runs.ts';

const subjects = subjectsOf(defaultPolicy, madeRun());
const runs = madeRuns(12, {}, { noise: 0.02 });

describe('a calibration', () => {
  const calibration = calibrate(subjects, runs, 5, 200);

  it('finds the noise of a pair, √2 times that of a run, in every number that is a factor', () => {
    expect(calibration.numbers.map(({ subject }) => subject.name)).toEqual(
      defaultPolicy.metrics.map(({ metric }) => metric.text),
    );
    for (const { noise } of calibration.numbers) {
      expect(noise?.deviation).toBeGreaterThan(0.015);
      expect(noise?.deviation).toBeLessThan(0.045);
      expect(noise?.pairs).toBe(12);
    }
  });

  it('proposes what lets unchanged services pass, and less where there is less noise', () => {
    const quiet = calibrate(subjects, madeRuns(12, {}, { noise: 0.005 }), 5, 20);
    calibration.numbers.forEach(({ proposed = 1 }, i) => {
      expect(proposed).toBeGreaterThan(quiet.numbers[i]?.proposed ?? 1);
      expect(proposed).toBeLessThan(0.15);
    });
    expect(calibration.asProposed?.passed).toBeGreaterThan(0.9);
    expect(calibration.asProposed?.regressed).toBeLessThan(0.02);
    expect(calibration.asItIs?.alarms).toBeLessThan(0.02);
  });

  it('says of a policy that is too tight how seldom it would pass', () => {
    const tight = parsePolicy({ file: 'g', text: 'metrics: [{ metric: mean(ttftMs), allowance: 0.01 }]' });
    expect(calibrate(subjectsOf(tight, madeRun()), runs, 5, 200).asItIs?.passed).toBeLessThan(0.5);
  });

  it('says of a number that a run lacks that nothing is known', () => {
    const few = calibrate(subjects, madeRuns(3, {}, { both: { requests: 20 } }), 5);
    expect(few.numbers.map(({ noise }) => noise === undefined)).toEqual([true, true, true, false]);
    expect(few.asProposed).toBeUndefined();
  });

  it('ends with the lines for a policy file', () => {
    const title = { scenario: 'made', service: 'http://h', pairs: 12, simulated: false };
    const text = terminal(calibrationReport(calibration, title), { width: 120, colour: false });
    const lines = [...text.matchAll(/\{ metric: .*? \}/g)].map(([line]) => `  - ${line}`);
    expect(lines).toHaveLength(4);
    const policy = parsePolicy({ file: 'g', text: `metrics:\n${lines.join('\n')}\n` });
    expect(policy.metrics.map(({ allowance }) => allowance)).toEqual(
      calibration.numbers.map(({ proposed }) => proposed),
    );
  });
});

describe('a plan', () => {
  const foresights = foresee(subjects, runs.baseline, 5, [0.03, 0.15]);

  it('tells the smallest change that is seen, never below the allowance, and the pairs for a wanted one', () => {
    for (const { subject, detectable, pairsFor } of foresights) {
      expect(detectable).toBeGreaterThan(subject.better === 'lower' ? Math.log(1.1) : -Math.log(0.9));
      const [little, much] = pairsFor;
      expect(much).toBeLessThanOrEqual(5);
      expect(little).toBeGreaterThan(5);
      expect(little).toBeLessThan(40);
    }
  });

  it('knows nothing from fewer than three runs', () => {
    expect(foresee(subjects, runs.baseline.slice(0, 2), 5, [0.1])[0]).toMatchObject({
      deviation: undefined,
      detectable: undefined,
      pairsFor: [undefined],
    });
  });

  it('says how many requests show that all are answered: 536 at 1 point and 99 %', () => {
    expect(requestsFor(0.01)).toBe(536);
    expect(requestsFor(0.02)).toBeLessThan(270);
  });

  it('says runs, minutes, and what it knows them by', () => {
    const runMs = longestMs(runs.baseline);
    const plan = { scenario: 'made', planned: 5, requests: 500, needed: 536, wanted: [0.03, 0.15] };
    const text = (known: { runMs?: number; knownBy?: string; foresights: typeof foresights }) =>
      terminal(gatePlan({ ...plan, runMs: undefined, knownBy: undefined, ...known }), { width: 120, colour: false });
    expect(text({ runMs: runMs ?? 0, knownBy: '12 runs', foresights })).toMatch(/5 pairs: 10 runs, about [\d.]+ s/);
    expect(text({ runMs: runMs ?? 0, knownBy: '12 runs', foresights })).toMatch(
      /p95\(ttftMs\) +[\d.]+ % +\+10\.0 % +\+1\d\.\d %/,
    );
    expect(text({ foresights: [] })).toContain('is not known: name runs or a baseline');
  });
});
