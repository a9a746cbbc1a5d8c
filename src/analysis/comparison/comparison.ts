/**
 * Runs laid side by side, condition by condition: how far each number lies from the base, how sure that is, and what it
 * comes to. It tells; a gate judges. A pure function of the runs.
 */

import type { MetricName } from '../../record/metrics.ts';
import type { CellResult } from '../../record/run.ts';
import { simulatedGpu } from '../../record/simulated-service.ts';
import { benjaminiHochberg } from '../../stats/benjamini-hochberg.ts';
import { type Interval, type Proportion, shareDifference } from '../../stats/proportion.ts';
import { type Distribution, distributionOf } from '../distribution.ts';
import { boundsOf, type Change, chanceOfAny, fewestRuns, pairedChange, unpairedChange } from '../gate/change.ts';
import type { Difference } from '../gate/likeness.ts';
import { meanReading } from '../gate/subjects.ts';
import { proportionOf, type Reading, read } from '../measure.ts';
import { type Lengths, lengthsOf } from './lengths.ts';
import { type Compared, compared, longerShare, quantileBounds } from './numbers.ts';
import { type Condition, conditionsOf, type Side } from './side.ts';
import { environmentDifferences, revisionOf, unlikenessOf } from './unlike.ts';

/** Intervals hold with 95 %, and of all changes that are called one, 5 % are expected to be none. */
const alpha = 0.05;
/** Smaller changes are none, however sure; where the interval lies within the second the two are the same. */
export const leastChange = { factor: Math.log1p(0.01), points: 0.005 } as const;
export const sameWithin = { factor: Math.log1p(0.05), points: 0.01 } as const;

export type ComparedVerdict = 'improved' | 'regressed' | 'same' | 'unknown';

/** One number on both sides. */
export interface ComparedNumber extends Compared {
  readonly base: Reading;
  readonly candidate: Reading;
  /** The log of candidate over base, or the difference of two shares; null where a side has no value or both are only bounded. */
  readonly rise: number | null;
  /** 95 % interval of the rise, its ends infinite where there is no bound; null where nothing says. */
  readonly interval: Interval | null;
  /** How often a request of the candidate takes longer than one of the base, ½ where neither is slower; null where it is no time. */
  readonly longerRatio: number | null;
  readonly verdict: ComparedVerdict;
}

export type Repetitions = readonly (readonly CellResult[])[];

/** One condition of both sides. */
export interface ComparedCell {
  readonly label: string;
  /** Its repetitions: what varies together is one, a run where both sides have enough of them, else a cell. */
  readonly base: Repetitions;
  readonly candidate: Repetitions;
  /** How many repetitions a side a verdict rests on; 0 where there is none. */
  readonly repetitions: number;
  /** Why there is no verdict; undefined where there is one. */
  readonly unjudged?: string;
  readonly lengths: Lengths;
  readonly numbers: readonly ComparedNumber[];
}

/** The base with one candidate. */
export interface Comparison {
  readonly base: Side;
  readonly candidate: Side;
  readonly cells: readonly ComparedCell[];
  /** Conditions that are not compared, with why. */
  readonly left: readonly { readonly label: string; readonly why: string }[];
  /** What differs and makes numbers say nothing; only what was let through is ever compared. */
  readonly refused: readonly Difference[];
  readonly noted: readonly string[];
  readonly environment: readonly Omit<Difference, 'part'>[];
}

/** Compares one candidate with the base. What is `refused` in it must not be shown unless it was asked for all the same. */
export function compare(base: Side, candidate: Side): Comparison {
  const isOneRun = base.target !== undefined;
  const { refused, noted } = isOneRun ? { refused: [], noted: [] } : unlikenessOf(base, candidate);
  const [ours, theirs] = [conditionsOf(base), conditionsOf(candidate)];
  const left: { label: string; why: string }[] = [];
  const drafts = ours.flatMap((condition): DraftCell[] => {
    const { label } = condition;
    const match = theirs.find(each => each.label === label);
    if (match === undefined) {
      left.push({ label, why: `only in ${base.name}` });
      return [];
    }
    const draft = draftOf(condition, match, { base, candidate, refused, noted });
    const why = otherHardware(draft, base, candidate);
    if (why === undefined) return [draft];
    left.push({ label, why });
    return [];
  });
  for (const { label } of theirs)
    if (!ours.some(each => each.label === label)) left.push({ label, why: `only in ${candidate.name}` });
  return {
    base,
    candidate,
    cells: judged(drafts),
    left,
    refused,
    noted,
    environment: isOneRun ? [] : environmentDifferences(base, candidate),
  };
}

interface DraftNumber extends Omit<ComparedNumber, 'verdict'> {
  /** The two-sided p-value; undefined where no verdict is given. */
  readonly chance: number | undefined;
}

interface DraftCell extends Omit<ComparedCell, 'numbers'> {
  readonly numbers: readonly DraftNumber[];
}

/** Gives every number its verdict, as one family. */
function judged(cells: readonly DraftCell[]): ComparedCell[] {
  const tested = cells.flatMap(({ numbers }) => numbers).filter(({ chance }) => chance !== undefined);
  const adjusted = benjaminiHochberg(tested.map(({ chance }) => chance as number));
  const chances = new Map(tested.map((number, i) => [number, adjusted[i]]));
  return cells.map(({ numbers, ...cell }) => ({
    ...cell,
    numbers: numbers.map(number => {
      const { chance: _, ...rest } = number;
      return { ...rest, verdict: verdictOf(number, chances.get(number)) };
    }),
  }));
}

function verdictOf({ rise, interval, kind, better }: DraftNumber, chance: number | undefined): ComparedVerdict {
  if (chance === undefined || rise === null || interval === null) return 'unknown';
  if (chance <= alpha && Math.abs(rise) >= leastChange[kind])
    return rise > 0 === (better === 'lower') ? 'regressed' : 'improved';
  return interval.low > -sameWithin[kind] && interval.high < sameWithin[kind] ? 'same' : 'unknown';
}

type Context = Pick<Comparison, 'base' | 'candidate' | 'refused' | 'noted'>;

function draftOf(ours: Condition, theirs: Condition, context: Context): DraftCell {
  const [base, candidate] = [ours.runs.flat(), theirs.runs.flat()];
  const units = unitsOf(ours, theirs);
  const repetitions = Math.min(units.base.length, units.candidate.length);
  const unjudged = whyUnjudged([...base, ...candidate], repetitions, context);
  const isPaired = context.base.target !== undefined && units.base.length === units.candidate.length;
  const spread = spreads(base, candidate);
  const isGoodputAlike = !context.noted.some(note => note.startsWith('scenario: goodput'));
  return {
    label: ours.label,
    ...units,
    repetitions: unjudged === undefined ? repetitions : 0,
    ...(unjudged === undefined ? {} : { unjudged }),
    lengths: lengthsOf(base, candidate),
    numbers: compared
      .filter(({ metric }) => metric !== 'goodputRatio' || isGoodputAlike)
      .map(number =>
        draftNumber(number, units, {
          isJudged: unjudged === undefined,
          isRepeated: repetitions >= fewestRuns,
          isPaired,
          spread,
        }),
      )
      .filter(isTold),
  };
}

/** A number that neither side has, or a share of nothing on both, says nothing. */
function isTold({ base, candidate, kind }: DraftNumber): boolean {
  if (base.value === null && candidate.value === null) return false;
  return kind === 'factor' || base.value !== 0 || candidate.value !== 0;
}

type Units = Pick<ComparedCell, 'base' | 'candidate'>;

function unitsOf(ours: Condition, theirs: Condition): Units {
  if (Math.min(ours.runs.length, theirs.runs.length) >= fewestRuns) return { base: ours.runs, candidate: theirs.runs };
  const single = ({ runs }: Condition) => runs.flat().map(cell => [cell]);
  return { base: single(ours), candidate: single(theirs) };
}

function whyUnjudged(cells: readonly CellResult[], repetitions: number, { base, candidate, refused }: Context) {
  const runs = [...base.runs, ...candidate.runs];
  if (runs.some(({ validity }) => validity.verdict === 'invalid')) return 'a run is invalid';
  if (refused.length > 0) return 'what was asked is not the same';
  if (cells.some(({ endedBy }) => endedBy === 'interrupted')) return 'it was interrupted';
  if (repetitions >= fewestRuns) return undefined;
  return `fewer than ${fewestRuns} repetitions a side: what differs from one to the next is not seen`;
}

interface HowCompared {
  readonly isJudged: boolean;
  /** Whether there are enough repetitions to tell how much they vary. */
  readonly isRepeated: boolean;
  readonly isPaired: boolean;
  readonly spread: (metric: string) => readonly [Distribution, Distribution] | undefined;
}

function draftNumber(number: Compared, units: Units, how: HowCompared): DraftNumber {
  const [ours, theirs] = [units.base, units.candidate].map(side =>
    side.map(cells =>
      meanReading(
        cells.map(cell => read(cell, number)),
        number.kind,
      ),
    ),
  ) as [Reading[], Reading[]];
  const [base, candidate] = [meanReading(ours, number.kind), meanReading(theirs, number.kind)];
  const spread = number.statistic === undefined ? undefined : how.spread(number.metric);
  const known = {
    ...number,
    base,
    candidate,
    longerRatio: spread === undefined ? null : (longerShare(...spread) ?? null),
  };
  const nothing = { ...known, rise: null, interval: null, chance: undefined };
  if (base.value === null || candidate.value === null || (base.censored && candidate.censored)) return nothing;
  if (number.kind === 'points') return { ...known, ...pointsRise(number, units, how.isJudged) };
  const rise = Math.log(candidate.value / base.value);
  if (!how.isRepeated) return { ...known, rise, interval: withinRuns(number, rise, known, spread), chance: undefined };
  // As if lower were better, for a rise is a rise here: what it is good for is asked at the end.
  const change = (how.isPaired ? pairedChange : unpairedChange)({ baseline: ours, candidate: theirs }, 'lower');
  return {
    ...known,
    rise,
    interval: boundsOf(change, alpha / 2),
    chance: how.isJudged ? chanceOfAny(change) : undefined,
  };
}

function pointsRise({ metric }: Compared, { base, candidate }: Units, isJudged: boolean) {
  const [ours, theirs] = [base, candidate].map(units => {
    const parts = units.flat().flatMap(cell => proportionOf(cell, metric) ?? []);
    const add = (of: (part: Proportion) => number) => parts.reduce((sum, part) => sum + of(part), 0);
    return { count: add(part => part.count), of: add(part => part.of) };
  }) as [Proportion, Proportion];
  if (ours.of === 0 || theirs.of === 0) return { rise: null, interval: null, chance: undefined };
  const change: Change = { kind: 'points', baseline: ours, candidate: theirs };
  return {
    rise: theirs.count / theirs.of - ours.count / ours.of,
    interval: shareDifference(ours, theirs, alpha / 2),
    chance: isJudged ? chanceOfAny(change) : undefined,
  };
}

/**
 * What the requests alone say of how far two quantiles lie apart, as logs: the bounds of both sides joined as those of
 * a difference (A. Donner and G. Y. Zou, Biometrics 58, 2002). null for what is no quantile.
 */
function withinRuns(
  { statistic }: Compared,
  rise: number,
  { base, candidate }: { readonly base: Reading; readonly candidate: Reading },
  spread: readonly [Distribution, Distribution] | undefined,
): Interval | null {
  if (spread === undefined || typeof statistic !== 'number') return null;
  const [a, b] = spread.map(side => quantileBounds(side, statistic, alpha / 2)) as [Interval, Interval];
  const apart = (low: number, high: number) => Math.max(0, Math.log(high / low));
  const [ours, theirs] = [base.value as number, candidate.value as number];
  const low = rise - Math.hypot(apart(b.low, theirs), apart(ours, a.high));
  const high = rise + Math.hypot(apart(theirs, b.high), apart(a.low, ours));
  return {
    low: base.censored ? Number.NEGATIVE_INFINITY : low,
    high: candidate.censored ? Number.POSITIVE_INFINITY : high,
  };
}

/** The distributions of both sides by metric, each put together once. */
function spreads(base: readonly CellResult[], candidate: readonly CellResult[]): HowCompared['spread'] {
  const known = new Map<string, readonly [Distribution, Distribution]>();
  return metric => {
    const name = metric as MetricName;
    const found = known.get(metric) ?? [distributionOf(base, name), distributionOf(candidate, name)];
    known.set(metric, found);
    return found;
  };
}

/** Other hardware is compared only by what is otherwise the same; gives what is not. */
function otherHardware({ base, candidate, lengths }: DraftCell, ours: Side, theirs: Side): string | undefined {
  const [a, b] = [hardwareOf(base.flat(), ours), hardwareOf(candidate.flat(), theirs)];
  if (a === '' || b === '' || a === b) return undefined;
  const unlike = [
    ...(base[0]?.[0]?.target.model === candidate[0]?.[0]?.target.model ? [] : ['the model']),
    ...(revisionOf(ours) !== undefined && revisionOf(ours) === revisionOf(theirs) ? [] : ['the revision of the model']),
    ...(lengths.isAlike ? [] : ['the length of the answers']),
  ];
  return unlike.length === 0
    ? undefined
    : `other hardware (${a} | ${b}), which is compared only where model, revision and lengths match: ${unlike.join(', ')} does not, or is not known`;
}

/** The GPUs that were seen, or modelled; empty where none was. */
function hardwareOf(cells: readonly CellResult[], { runs }: Side): string {
  const names = cells.flatMap(({ gpu }) => gpu?.devices.flatMap(({ name }) => name ?? []) ?? []);
  const simulated = runs.flatMap(run => simulatedGpu(run) ?? []);
  return [...new Set([...names, ...simulated])].sort().join(', ');
}
