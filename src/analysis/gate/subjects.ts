/** What a gate looks at: each number of the policy in each cell that all runs have, and its value in each of them. */
import type { CellResult, Run } from '../../record/run.ts';
import { askedLabel } from '../../scenario/expand.ts';
import type { Proportion } from '../../stats/proportion.ts';
import { betterOf, type Measured, proportionOf, type Reading, read } from '../measure.ts';
import { speaksOf } from '../objectives.ts';
import { type Change, pairedChange, type Sides, unpairedChange } from './change.ts';
import type { Likened } from './likeness.ts';
import { type Policy, unansweredName } from './policy.ts';

/** The runs of both sides; as pairs they are in the order of the pairs. */
export interface Runs {
  readonly baseline: readonly GatedRun[];
  readonly candidate: readonly GatedRun[];
}

/** What a gate needs to know of a run; a baseline keeps no more of it. */
export type GatedRun = Likened & Pick<Run, 'id' | 'startedAt' | 'status' | 'validity'>;

/** Both sides, each with its name. */
export function sidesOf({ baseline, candidate }: Runs): (readonly ['baseline' | 'candidate', readonly GatedRun[]])[] {
  return [
    ['baseline', baseline],
    ['candidate', candidate],
  ];
}

/** One number of one cell, and how much worse it may be. */
export interface Subject {
  /** As it stands in the policy. */
  readonly name: string;
  readonly cell: CellKey;
  readonly better: 'lower' | 'higher';
  readonly allowance: number;
  readonly severity: 'critical' | 'warn';
  /** `factor`: allowed as a share of itself; `points`: in shares of all requests. */
  readonly kind: Change['kind'];
  readonly of: (cell: Measured) => { readonly reading: Reading; readonly proportion?: Proportion };
}

/** A cell by what it is in every run of a scenario. */
export interface CellKey {
  readonly target: string;
  readonly workload: string;
  readonly step: number;
  /** `hermes/gpu0 chat, concurrency 8`. */
  readonly label: string;
}

/** The cells of a run, once for all of their repetitions. */
export function cellsOf({ cells }: Pick<Likened, 'cells'>): CellKey[] {
  return cells
    .filter(({ repetition }) => repetition === 1)
    .map(({ target, workload, step, load }) => ({
      target: target.name,
      workload,
      step,
      label: `${target.name} ${workload}, ${askedLabel(load)}`,
    }));
}

/** The repetitions of a cell in a run. */
export function repetitionsOf({ cells }: Pick<Likened, 'cells'>, key: CellKey): CellResult[] {
  return cells.filter(
    ({ target, workload, step }) => target.name === key.target && workload === key.workload && step === key.step,
  );
}

/** Every number of the policy in every cell it speaks of. */
export function subjectsOf(policy: Policy, run: Likened): Subject[] {
  return cellsOf(run).flatMap(cell => {
    const [result] = repetitionsOf(run, cell);
    if (result === undefined) return [];
    const named = policy.metrics
      .filter(({ metric }) => speaksOf(metric, result))
      .map(({ metric, better, allowance, severity }): Subject => {
        const isRatio = metric.statistic === undefined && metric.metric.endsWith('Ratio');
        return {
          name: metric.text,
          cell,
          better: better ?? betterOf(metric),
          allowance,
          severity,
          kind: isRatio ? 'points' : 'factor',
          of: measured => {
            const proportion = isRatio ? proportionOf(measured, metric.metric) : undefined;
            return { reading: read(measured, metric), ...(proportion === undefined ? {} : { proportion }) };
          },
        };
      });
    return [unanswered(policy, cell), ...named];
  });
}

/** Requests that were due and not answered well, whoever was to blame: they are missing from every other number. */
function unanswered({ unanswered: allowance }: Policy, cell: CellKey): Subject {
  return {
    name: unansweredName,
    cell,
    better: 'lower',
    allowance,
    severity: 'critical',
    kind: 'points',
    of: ({ counts: { due, ok } }) => ({
      reading: { value: due === 0 ? null : (due - ok) / due, censored: false },
      ...(due === 0 ? {} : { proportion: { count: due - ok, of: due } }),
    }),
  };
}

/** The value of a subject in a run: its mean over repetitions; null where one of them has none. */
export function readingIn(run: Likened, { cell, kind, of }: Subject): Reading {
  return meanReading(
    repetitionsOf(run, cell).map(each => of(each).reading),
    kind,
  );
}

/** The mean of readings, of factors the geometric one; null where one of them has no value or there are none. */
export function meanReading(readings: readonly Reading[], kind: Change['kind']): Reading {
  const values = readings.map(({ value }) => value);
  const isKnown = (value: number | null): value is number => value !== null && (kind === 'points' || value > 0);
  if (values.length === 0 || !values.every(isKnown)) return { value: null, censored: false };
  const censored = readings.some(each => each.censored);
  if (kind === 'points') return { value: mean(values), censored };
  return { value: Math.exp(mean(values.map(Math.log))), censored };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How each subject changed over some of the runs. */
export function changesOf(subjects: readonly Subject[], runs: Runs, design: 'paired' | 'unpaired'): Change[] {
  return subjects.map(subject => {
    if (subject.kind === 'points') return pointsChange(subject, runs);
    const sides: Sides = {
      baseline: runs.baseline.map(run => readingIn(run, subject)),
      candidate: runs.candidate.map(run => readingIn(run, subject)),
    };
    return design === 'paired' ? pairedChange(sides, subject.better) : unpairedChange(sides, subject.better);
  });
}

/** The shares of all runs of a side together; where more is better, of those on the wrong side. */
function pointsChange(subject: Subject, { baseline, candidate }: Runs): Change {
  const pooled = (runs: readonly Likened[]): Proportion => {
    const parts = runs
      .flatMap(run => repetitionsOf(run, subject.cell))
      .flatMap(each => subject.of(each).proportion ?? []);
    const [count, of] = [sum(parts.map(part => part.count)), sum(parts.map(part => part.of))];
    return { count: subject.better === 'lower' ? count : of - count, of };
  };
  return { kind: 'points', baseline: pooled(baseline), candidate: pooled(candidate) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The rise that a subject is allowed, in the terms of its change. */
export function limitOf({ kind, better, allowance }: Pick<Subject, 'kind' | 'better' | 'allowance'>): number {
  return kind === 'points' ? allowance : riseOf(allowance, better);
}

/** The log of a factor for a share by which a number is worse: higher, or lower where more of it is better. */
export function riseOf(share: number, better: Subject['better']): number {
  return better === 'lower' ? Math.log1p(share) : -Math.log1p(-share);
}
