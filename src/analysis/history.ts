/**
 * Runs over time: which of their conditions are the same, and how one number of each went from run to run. A pure
 * function of the runs, which it takes in the order in which they began.
 */

import type { CellResult } from '../record/run.ts';
import { simulatedGpu } from '../record/simulated-service.ts';
import type { SelectedMeasure } from '../scenario/objective.ts';
import { matches } from '../scenario/target.ts';
import { conditionsOf } from './comparison/side.ts';
import { unlikenessOf } from './comparison/unlike.ts';
import type { Change } from './gate/change.ts';
import { differences } from './gate/likeness.ts';
import { type GatedRun, meanReading } from './gate/subjects.ts';
import { betterOf, type Reading, read } from './measure.ts';
import { speaksOf } from './objectives.ts';
import { namedShifts, type RunShift } from './run-shift.ts';

/** A run, and what its directory is called. */
export interface HistoryRun {
  readonly name: string;
  readonly run: GatedRun;
}

/** What is told of the runs. */
export interface HistoryOptions {
  readonly measure: SelectedMeasure;
  /** Only endpoints whose names match this glob. */
  readonly target?: string | undefined;
}

/** The number of one condition in one run. */
export interface TrendPoint {
  readonly run: HistoryRun;
  readonly reading: Reading;
  /** Why it is shown and says nothing of the trend; undefined where it counts. */
  readonly leftOut: 'invalid' | 'interrupted' | 'bound' | 'missing' | undefined;
}

/** One condition over the runs that have it. */
export interface Trend {
  readonly target: string;
  readonly workload: string;
  /** `concurrency 8, all at once`. */
  readonly load: string;
  readonly points: readonly TrendPoint[];
  /** Of the points that count; null where there is none. */
  readonly first: number | null;
  readonly last: number | null;
  /** Where the number moved by more than the noise between runs. */
  readonly shift: RunShift | undefined;
}

/** Runs that were asked the same, on the same hardware: the only ones whose numbers are joined. */
export interface TrendGroup {
  readonly scenario: string;
  /** The modelled GPU, where they were runs of the embedded service. */
  readonly simulated: string | undefined;
  readonly runs: readonly HistoryRun[];
  /** What it was asked otherwise than the first group of the same scenario. */
  readonly otherwise: readonly string[];
  /** What its numbers are read with: what else is not the same in all of its runs. */
  readonly noted: readonly string[];
  readonly trends: readonly Trend[];
}

export interface History {
  readonly measure: SelectedMeasure;
  readonly better: 'lower' | 'higher';
  /** `points`: a share of requests; any other number changes by a factor. */
  readonly kind: Change['kind'];
  readonly groups: readonly TrendGroup[];
}

/** Whether a run searched for its loads: those are others each time, and no two of them are joined. */
export function isSearch({ run }: HistoryRun): boolean {
  return run.scenario.load?.search !== undefined;
}

/** How a number went in every condition that it is asked of. */
export function history(runs: readonly HistoryRun[], { measure, target }: HistoryOptions): History {
  const kind = measure.metric.endsWith('Ratio') ? 'points' : 'factor';
  const groups = grouped(runs);
  const drafts = groups.map(members => trendsOf(members, kind, { measure, target }));
  const all = drafts.flat();
  const shifts = namedShifts(all.map(countedOf), kind);
  return {
    measure,
    better: betterOf(measure),
    kind,
    groups: groups.map((members, i) => ({
      ...describe(members, groups),
      trends: (drafts[i] ?? []).map(draft => ({ ...draft, shift: shifts[all.indexOf(draft)] })),
    })),
  };
}

/** The points that count, with the runs they are of. */
function countedOf({ points }: Pick<Trend, 'points'>): { readonly name: string; readonly value: number }[] {
  return points.flatMap(({ run, reading, leftOut }) =>
    leftOut === undefined ? [{ name: run.name, value: reading.value as number }] : [],
  );
}

/** Runs of one scenario that were asked the same of the same hardware, together; in the order of their first runs. */
function grouped(runs: readonly HistoryRun[]): HistoryRun[][] {
  const groups: HistoryRun[][] = [];
  for (const run of runs) {
    const group = groups.find(([first]) => first !== undefined && isAlike(first.run, run.run));
    if (group === undefined) groups.push([run]);
    else group.push(run);
  }
  return groups;
}

function isAlike(a: GatedRun, b: GatedRun): boolean {
  return a.scenario.name === b.scenario.name && unlikeQuestions(a, b).length === 0;
}

/** What keeps the numbers of two runs apart: another question, or other hardware where both are known. */
function unlikeQuestions(a: GatedRun, b: GatedRun): string[] {
  const hardware = differences([a], [b]).filter(
    ({ part, baseline, candidate }) => part === 'gpu' && baseline !== '' && candidate !== '',
  );
  const { refused } = unlikenessOf({ name: '', runs: [a] }, { name: '', runs: [b] });
  const told = [...hardware, ...refused].map(
    ({ part, where, baseline, candidate }) => `${part}: ${where}: ${baseline} | ${candidate}`,
  );
  return [...new Set(told)];
}

function describe(members: readonly HistoryRun[], all: readonly (readonly HistoryRun[])[]): Omit<TrendGroup, 'trends'> {
  const [first, ...others] = members.map(({ run }) => run) as [GatedRun, ...GatedRun[]];
  const { name } = first.scenario;
  const before = all.find(([run]) => run?.run.scenario.name === name)?.[0]?.run as GatedRun;
  return {
    scenario: name,
    simulated: simulatedGpu(first),
    runs: members,
    otherwise: before === first ? [] : unlikeQuestions(before, first),
    noted: others.length === 0 ? [] : unlikenessOf({ name, runs: [first] }, { name, runs: others }).noted,
  };
}

type Draft = Omit<Trend, 'shift'>;

/** Load by load, each endpoint by name. */
function trendsOf(
  runs: readonly HistoryRun[],
  kind: Change['kind'],
  { measure, target: glob }: HistoryOptions,
): Draft[] {
  const found = new Map<string, { readonly first: CellResult; readonly load: string; readonly points: TrendPoint[] }>();
  for (const run of runs) {
    if (isSearch(run)) continue;
    for (const { label, runs: cellsOf } of conditionsOf({ name: run.name, runs: [run.run] })) {
      const cells = cellsOf.flat();
      const [first] = cells;
      if (first === undefined || !matches(first.target.name, glob) || !speaksOf(measure, first)) continue;
      const load = label.slice(`${first.target.name} ${first.workload}, `.length);
      const trend = found.get(label) ?? { first, load, points: [] };
      trend.points.push(pointOf(run, cells, kind, measure));
      found.set(label, trend);
    }
  }
  const loads = [...new Set([...found.values()].map(({ load }) => load))];
  return [...found.values()]
    .sort((a, b) => loads.indexOf(a.load) - loads.indexOf(b.load) || byName(a.first, b.first))
    .filter(({ points }) => points.some(({ reading }) => reading.value !== null))
    .map(({ first: { target, workload }, load, points }) => {
      const counted = countedOf({ points });
      return {
        target: target.name,
        workload,
        load,
        points,
        first: counted[0]?.value ?? null,
        last: counted.at(-1)?.value ?? null,
      };
    });
}

function byName(a: CellResult, b: CellResult): number {
  const nameOf = ({ target, workload }: CellResult) => `${target.name} ${workload}`;
  return nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true });
}

function pointOf(
  run: HistoryRun,
  cells: readonly CellResult[],
  kind: Change['kind'],
  measure: SelectedMeasure,
): TrendPoint {
  const reading = meanReading(
    cells.map(cell => read(cell, measure)),
    kind,
  );
  return { run, reading, leftOut: whyLeftOut(run.run, cells, reading) };
}

function whyLeftOut(run: GatedRun, cells: readonly CellResult[], reading: Reading): TrendPoint['leftOut'] {
  if (reading.value === null) return 'missing';
  if (run.validity.verdict === 'invalid') return 'invalid';
  if (cells.some(({ endedBy }) => endedBy === 'interrupted')) return 'interrupted';
  return reading.censored ? 'bound' : undefined;
}
