/**
 * From run directories to what they hold of an answer: each endpoint's curve, what it can take at its objectives, and
 * what a demand comes to. A pure function of the runs; what it cannot say it says.
 */
import { unlikenessOf } from '../comparison/unlike.ts';
import { type Capacity, capacityOf } from './capacity.ts';
import { keepsUp } from './criterion.ts';
import { type Curve, curvesOf, type PlannedRun } from './curve.ts';
import { kneeOf } from './knee.ts';
import { type ChosenObjectives, type ObjectiveSet, objectivesFor } from './objective-sets.ts';
import { fitUsl, type UslResult } from './usl.ts';

/** One endpoint with one workload. */
export interface EndpointAssessment {
  readonly curve: Curve;
  readonly objectives: ObjectiveSet;
  readonly capacity: Capacity;
  readonly usl: UslResult;
  /** The load at which throughput bends the most; undefined where it does not, or too few loads say. */
  readonly knee?: number;
}

export interface Assessment {
  readonly runs: readonly PlannedRun[];
  /** Runs of which nothing is used, for their generator could not keep up. */
  readonly invalid: readonly PlannedRun[];
  readonly endpoints: readonly EndpointAssessment[];
  /** What differs between the runs and is read together all the same. */
  readonly noted: readonly string[];
}

/** What runs that were made alike hold of the capacity of their endpoints. */
export function assess(all: readonly PlannedRun[], chosen: ChosenObjectives): Assessment {
  // A search has left out what it could not use of its probes, and so does its curve.
  const invalid = all.filter(({ validity, searches = [] }) => validity.verdict === 'invalid' && searches.length === 0);
  const runs = all.filter(run => !invalid.includes(run));
  const endpoints = curvesOf(runs).map(curve => {
    const run = runs.find(({ id }) => curve.runs.includes(id)) as PlannedRun;
    const objectives = objectivesFor(curve, run, chosen);
    const knee = kneeOf(curve.points.flatMap(({ load, perS }) => (perS === null ? [] : [[load, perS] as const])));
    return {
      curve,
      objectives,
      capacity: capacityOf(curve, objectives.objectives),
      usl: fitUsl(uslPoints(curve)),
      ...(knee === undefined ? {} : { knee }),
    };
  });
  return {
    runs,
    invalid,
    endpoints,
    noted: againstFirst(runs).flatMap(({ noted }) => noted),
  };
}

/** What makes runs hold different things under one name, which is no curve together: a sentence each. */
export function unlikeRuns(runs: readonly PlannedRun[]): string[] {
  return againstFirst(runs).flatMap(({ refused }, i) =>
    refused
      .filter(({ part }) => part === 'scenario')
      .map(
        ({ where, baseline, candidate }) =>
          `${runs[i + 1]?.id}: ${where.replace(/^asked\./, '')}: expected ${baseline} as in ${runs[0]?.id}, got ${candidate}`,
      ),
  );
}

function againstFirst([first, ...others]: readonly PlannedRun[]) {
  if (first === undefined) return [];
  return others.map(other => unlikenessOf({ name: first.id, runs: [first] }, { name: other.id, runs: [other] }));
}

/** Each repetition is a point of its own: how far they lie apart is what intervals are made of. */
function uslPoints({ points, kind }: Curve) {
  const steady = kind === 'closed' ? points : points.filter(keepsUp);
  return steady.flatMap(({ cells, inFlight }) =>
    cells.flatMap(({ rates: { achievedPerS } }) =>
      inFlight === null || achievedPerS === null ? [] : [{ inFlight, perS: achievedPerS }],
    ),
  );
}
