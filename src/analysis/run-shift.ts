/**
 * Whether a number moved from one run on, by more than runs differ from each other anyway: of all places at which the
 * runs can be parted, the one at which the two sides lie furthest apart (Student's t, for runs of one thing vary
 * alike). Its chance is taken for the likeliest of so many places (Bonferroni), and those of all conditions together
 * keep the share of false ones at 5 % (Benjamini and Hochberg). One shift a condition: after a second one, fewer runs
 * than it takes are usually left.
 */
import { benjaminiHochberg } from '../stats/benjamini-hochberg.ts';
import { chanceOfRise, pooledShift, type Shift } from '../stats/mean-shift.ts';
import { leastChange } from './comparison/comparison.ts';
import { type Change, fewestRuns } from './gate/change.ts';

/** A number that lies elsewhere from a run on. */
export interface RunShift {
  /** The last run before it and the first after it. */
  readonly before: string;
  readonly after: string;
  /** The log of after over before, or the difference of two shares. */
  readonly rise: number;
  /** How likely a shift as clear is where there is none, over all places and conditions. */
  readonly chance: number;
}

/** A value of a condition, and the run it is from. */
export interface RunValue {
  readonly name: string;
  readonly value: number;
}

const alpha = 0.05;

/** The shift of each condition, whose values stand in the order of the runs; undefined where noise may be all there is. */
export function namedShifts(series: readonly (readonly RunValue[])[], kind: Change['kind']): (RunShift | undefined)[] {
  const found = series.map(values => largestShift(values, kind));
  const tested = found.filter(shift => shift !== undefined);
  const adjusted = benjaminiHochberg(tested.map(({ chance }) => chance));
  return found.map(shift => {
    if (shift === undefined) return undefined;
    const chance = adjusted[tested.indexOf(shift)] ?? 1;
    return chance <= alpha && Math.abs(shift.rise) >= leastChange[kind] ? { ...shift, chance } : undefined;
  });
}

/** The likeliest place of a shift; undefined where the runs are too few to be parted, or a value has no logarithm. */
function largestShift(values: readonly RunValue[], kind: Change['kind']): RunShift | undefined {
  if (kind === 'factor' && values.some(({ value }) => value <= 0)) return undefined;
  const heights = values.map(({ value }) => (kind === 'factor' ? Math.log(value) : value));
  const places = heights.length - 2 * fewestRuns + 1;
  let best: RunShift | undefined;
  for (let place = fewestRuns; place <= heights.length - fewestRuns; place++) {
    const shift = pooledShift(heights.slice(0, place), heights.slice(place)) as Shift;
    const twoSided = 2 * chanceOfRise({ ...shift, estimate: Math.abs(shift.estimate) });
    const chance = Math.min(1, twoSided * places);
    if (best !== undefined && chance >= best.chance) continue;
    const [before, after] = [values[place - 1] as RunValue, values[place] as RunValue];
    best = { before: before.name, after: after.name, rise: shift.estimate, chance };
  }
  return best;
}
