/** A search for the highest load that holds an objective: what a scenario asks for, in its final form. */
import { type AskedLoad, askedOf } from './load.ts';
import type { Objective } from './objective.ts';
import type { ScenarioSearch, Warmup } from './scenario.ts';
import type { Target } from './target.ts';
import { traceReader } from './trace.ts';

export interface Search {
  readonly objective: Objective;
  readonly over: 'ratePerS' | 'concurrency';
  readonly from: number;
  readonly to: number;
  /** The lowest load that is tried where `from` fails. */
  readonly lowest: number;
  /** The load at `from`; every other is the same at another rate or with other slots. */
  readonly load: AskedLoad;
  /** How many requests each probe near the limit measures, and how many such probes there are. */
  readonly requests: number;
  readonly measures: number;
  readonly warmup?: Warmup;
}

/** A rate is lowered to this share of `from`, a concurrency to one. */
const lowestShare = 1 / 16;

/** So many requests on the wrong side are expected at the limit: fewer would not tell it from loads near by. */
const expectedWrong = 30;
const fewestRequests = 200;

/** What the search of a file stands for. Expects one without problems. */
export function searchOf(search: ScenarioSearch): Search {
  const { objective, over, from, to, requests, probes, warmup, ...pace } = search;
  const [asked] = askedOf({ ...pace, [over]: from, per: 'endpoint', driver: 'auto' }, traceReader(undefined));
  return {
    objective,
    over,
    from,
    to,
    lowest: over === 'concurrency' ? 1 : from * lowestShare,
    load: (asked as { load: AskedLoad }).load,
    requests: requests ?? Math.max(fewestRequests, Math.ceil(expectedWrong / (allowedShare(objective) ?? 1) - 1e-6)),
    measures: probes,
    ...(warmup === undefined ? {} : { warmup }),
  };
}

/** The share of requests (0–1) that may lie on the wrong side of an objective; undefined where it does not speak of a share. */
export function allowedShare({ metric, statistic, comparator, bound }: Objective): number | undefined {
  const isUpper = comparator.startsWith('<');
  if (typeof statistic === 'number') return isUpper ? 1 - statistic : statistic;
  if (statistic !== undefined || !metric.endsWith('Ratio')) return undefined;
  return isUpper ? bound : 1 - bound;
}

/** Whether an endpoint with a workload is one that names of an objective speak of; no names mean every one. */
export function isSpokenOf(
  { target, workload }: { readonly target: Pick<Target, 'name' | 'model'>; readonly workload: string },
  names: Objective['names'],
): boolean {
  return names.every(name => name === workload || name === target.name || name === target.model);
}
