/** What must hold before numbers are compared: the runs are sound, and the candidate still answers as it did. */
import { fisherExact } from '../../stats/proportion.ts';
import { formatChange, formatRatio, plural } from '../../units.ts';
import type { Reading } from '../measure.ts';
import { boundsOf, fewestRuns, unpairedChange } from './change.ts';
import { type Check, failed, fine, noData } from './check.ts';
import { alphas } from './decide.ts';
import type { Policy } from './policy.ts';
import { type CellKey, cellsOf, type GatedRun, type Runs, repetitionsOf, sidesOf } from './subjects.ts';

/** Whether every run came to its end with a generator that kept up, and whether anything was answered at all. */
export function checkValidity(runs: Runs): Check[] {
  const checks = sidesOf(runs).flatMap(([side, members]) =>
    members.flatMap((run): Check[] => {
      const check = { stage: 'validity' as const, name: 'the run', where: `${side} ${run.id}` };
      if (run.status === 'stopped' && side === 'candidate') {
        return [failed({ ...check, stage: 'correctness', text: 'stopped by a rule of its scenario (stopIf)' })];
      }
      if (run.status !== 'complete') {
        return [failed({ ...check, text: `${run.status}: expected a run that came to its end` })];
      }
      if (run.validity.verdict !== 'invalid') return [];
      const reasons = run.validity.reasons.map(({ text }) => text).join('; ');
      return [failed({ ...check, text: `INVALID, not slow: the generator could not keep up (${reasons})` })];
    }),
  );
  const data = checks.length > 0 ? [] : checkAnswers(runs);
  if (checks.length > 0 || data.length > 0) return [...checks, ...data];
  const suspect = [...runs.baseline, ...runs.candidate].filter(({ validity }) => validity.verdict === 'suspect').length;
  const doubt = suspect === 0 ? '' : `; ${plural(suspect, 'run')} suspect`;
  const all = runs.baseline.length + runs.candidate.length;
  const check = {
    stage: 'validity' as const,
    name: 'the runs',
    text: `${plural(all, 'run')} came to their end${doubt}`,
  };
  return [fine(check, suspect === 0 ? 'passed' : 'warned')];
}

function checkAnswers(runs: Runs): Check[] {
  const [first] = runs.baseline;
  const cells = first === undefined ? [] : cellsOf(first);
  if (cells.length === 0)
    return [
      noData({
        stage: 'validity',
        name: 'answers',
        text: 'expected cells in the baseline, got none: nothing was measured',
      }),
    ];
  return sidesOf(runs).flatMap(([side, members]) =>
    members.flatMap(run =>
      cells.flatMap((cell): Check[] => {
        const results = repetitionsOf(run, cell);
        const check = { stage: 'validity' as const, name: 'answers', where: `${side} ${run.id}, ${cell.label}` };
        if (results.length === 0) return [noData({ ...check, text: 'expected this cell in every run, got none' })];
        const due = results.reduce((sum, { counts }) => sum + counts.due, 0);
        if (due === 0) return [noData({ ...check, text: 'expected requests, got none: nothing was measured' })];
        if (results.some(({ counts }) => counts.ok > 0)) return [];
        return [noData({ ...check, text: `expected answers, got none: all of ${plural(due, 'request')} failed` })];
      }),
    ),
  );
}

/** Whether answers are still answers: not empty more often, and about as long. */
export function checkAnswersAlike(runs: Runs, policy: Policy): Check[] {
  const [first] = runs.baseline;
  return first === undefined
    ? []
    : cellsOf(first).flatMap(cell => [...empty(runs, cell), ...lengths(runs, cell, policy)]);
}

function empty(runs: Runs, cell: CellKey): Check[] {
  const [baseline, candidate] = [emptyIn(runs.baseline, cell), emptyIn(runs.candidate, cell)];
  const check = { stage: 'correctness' as const, name: 'answers with tokens', where: cell.label };
  const text = `${candidate.count} of ${plural(candidate.of, 'answer')} without a token, ${baseline.count} of ${baseline.of.toLocaleString('en-US')} before`;
  const isWorse = fisherExact(baseline, candidate) <= alphas.single;
  return [isWorse ? failed({ ...check, text }) : fine({ ...check, text })];
}

function emptyIn(runs: readonly GatedRun[], cell: CellKey) {
  const results = runs.flatMap(run => repetitionsOf(run, cell));
  return {
    count: results.reduce((sum, { tokens }) => sum + tokens.emptyAnswers, 0),
    of: results.reduce((sum, { counts }) => sum + counts.ok, 0),
  };
}

/** The mean length of an answer: terser answers are faster and no better. */
function lengths(runs: Runs, cell: CellKey, { answerLength }: Policy): Check[] {
  const [baseline, candidate] = [runs.baseline, runs.candidate].map(side => side.map(run => lengthIn(run, cell)));
  if (!isJudged(baseline) || !isJudged(candidate)) return [];
  const { low, high } = boundsOf(unpairedChange({ baseline, candidate }, 'lower'), alphas.single);
  const check = { stage: 'correctness' as const, name: 'the length of answers', where: cell.label };
  const change = `changed by ${formatChange(Math.expm1(low))} to ${formatChange(Math.expm1(high))}`;
  const text = `${change}, where ${formatRatio(answerLength)} either way is allowed`;
  const isOther = low > Math.log1p(answerLength) || high < Math.log1p(-answerLength);
  return [isOther ? failed({ ...check, text }) : fine({ ...check, text })];
}

function lengthIn(run: GatedRun, cell: CellKey): Reading {
  const means = repetitionsOf(run, cell).flatMap(({ tokens }) => tokens.outputMean ?? []);
  return { value: means.length === 0 ? null : means.reduce((a, b) => a + b, 0) / means.length, censored: false };
}

function isJudged(readings: readonly Reading[] | undefined): readings is readonly Reading[] {
  return (readings?.length ?? 0) >= fewestRuns && (readings?.every(({ value }) => (value ?? 0) > 0) ?? false);
}
