/**
 * What runs of two sides say of one number: how far the candidate lies from the baseline, and how sure that is.
 * Invariant: a rise is for the worse, whichever way the number itself is better.
 */
import {
  chanceOfRise,
  detectableShift,
  lowerBound,
  pairedShift,
  type Shift,
  upperBound,
  welchShift,
} from '../../stats/mean-shift.ts';
import { fisherExact, type Proportion, shareDifference } from '../../stats/proportion.ts';
import type { Reading } from '../measure.ts';

/** The values of one number on both sides, one a run; as pairs they are in the order of the pairs. */
export interface Sides {
  readonly baseline: readonly Reading[];
  readonly candidate: readonly Reading[];
}

/**
 * `factor`: the log of candidate over baseline, or of baseline over candidate where higher is better. Where requests
 * that never ended reach a value it is known only on one side: then the least or the most it can be has no bound.
 * `points`: a ratio of requests as so many of so many.
 */
export type Change =
  | { readonly kind: 'factor'; readonly least: Shift | undefined; readonly most: Shift | undefined }
  | { readonly kind: 'points'; readonly baseline: Proportion; readonly candidate: Proportion };

/** The fewest runs a side from which a change can be judged. */
export const fewestRuns = 3;

/** How a number changed over pairs, each of one run a side. Values of null must have been turned away before. */
export function pairedChange(sides: Sides, better: 'lower' | 'higher'): Change {
  const { least, most } = changeOver(differencesOf(sides, better));
  return {
    kind: 'factor',
    least: sides.baseline.some(({ censored }) => censored) ? undefined : least,
    most: sides.candidate.some(({ censored }) => censored) ? undefined : most,
  };
}

/** How much worse the candidate is in each pair, as the log of a factor. */
export function differencesOf({ baseline, candidate }: Sides, better: 'lower' | 'higher'): number[] {
  return candidate.map((reading, i) => worse(reading, better) - worse(baseline[i] as Reading, better));
}

/** The change over pairs that differ by so much, all of them known exactly. */
export function changeOver(differences: readonly number[]): Change & { readonly kind: 'factor' } {
  const shift = pairedShift(differences);
  return { kind: 'factor', least: shift, most: shift };
}

/** How a number changed between runs that were not made in pairs. */
export function unpairedChange({ baseline, candidate }: Sides, better: 'lower' | 'higher'): Change {
  const shift = welchShift(
    baseline.map(each => worse(each, better)),
    candidate.map(each => worse(each, better)),
  );
  return {
    kind: 'factor',
    least: baseline.some(({ censored }) => censored) ? undefined : shift,
    most: candidate.some(({ censored }) => censored) ? undefined : shift,
  };
}

/** The log of a value, turned so that more is worse. */
function worse({ value }: Reading, better: 'lower' | 'higher'): number {
  const log = Math.log(value as number);
  return better === 'lower' ? log : -log;
}

/** How much worse by the best guess: the log of a factor, or a difference of shares; −∞ where nothing is known. */
export function estimateOf(change: Change): number {
  if (change.kind === 'points') return shareOf(change.candidate) - shareOf(change.baseline);
  return change.least?.estimate ?? Number.NEGATIVE_INFINITY;
}

/** How likely a rise at least like this is where there is none. */
export function chanceOf(change: Change): number {
  if (change.kind === 'points') return fisherExact(change.baseline, change.candidate);
  return change.least === undefined ? 1 : chanceOfRise(change.least);
}

/** How likely a difference at least like this is, whichever way, where there is none. */
export function chanceOfAny(change: Change): number {
  if (change.kind === 'points') {
    const { baseline, candidate } = change;
    return Math.min(1, 2 * Math.min(fisherExact(baseline, candidate), fisherExact(candidate, baseline)));
  }
  const { most } = change;
  const ofFall = most === undefined ? 1 : chanceOfRise({ ...most, estimate: -most.estimate });
  return Math.min(1, 2 * Math.min(chanceOf(change), ofFall));
}

/** One-sided bounds on the true rise, each right with probability 1 − alpha. */
export function boundsOf(change: Change, alpha: number): { readonly low: number; readonly high: number } {
  if (change.kind === 'points') return shareDifference(change.baseline, change.candidate, alpha);
  const { least, most } = change;
  return {
    low: least === undefined ? Number.NEGATIVE_INFINITY : lowerBound(least, alpha),
    high: most === undefined ? Number.POSITIVE_INFINITY : upperBound(most, alpha),
  };
}

/** The smallest rise that is found four times in five at `alpha`; undefined where that cannot be said. */
export function detectable(change: Change, alpha: number): number | undefined {
  return change.kind === 'points' || change.least === undefined
    ? undefined
    : detectableShift(change.least, alpha, power);
}

/** How often the smallest detectable change is to be found. */
export const power = 0.8;

function shareOf({ count, of }: Proportion): number {
  return count / of;
}
