import { type Arrival, arrivals, replay, warmupLaw } from '../arrival/arrivals.ts';
import type { Part, Phase } from '../driver/driver.ts';
import type { Cell, OpenLoad } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Trace } from '../scenario/trace.ts';
import type { PreparedWorkload } from '../workload/prepare.ts';
import { mixedSource, type RequestSource, requestSource } from '../workload/workload.ts';
import { factsOf, type Models, type PreparedWorkloads } from './workloads.ts';

/** What the requests of a run are made from: the same wherever they are made. */
export interface Material {
  readonly scenario: Scenario;
  /** The requests of the traces that the scenario names. */
  readonly traces: ReadonlyMap<string, Trace>;
  /** The workloads that are used, ready, and what the service has said of its models. */
  readonly workloads: PreparedWorkloads;
  readonly models: Models;
}

/** The requests of a cell and when they are due: from its names and the seed alone, whoever asks for them. */
export function phaseOf(cell: Cell, material: Material): Pick<Phase, 'cell' | 'arrivals' | 'requestOf' | 'drainMs'> {
  const { scenario, traces } = material;
  const source = sourceOf(cell, material);
  return {
    cell,
    arrivals: (load, part) => arrivalsOf(load, part, traces, scheduleNames(scenario, cell, part)),
    requestOf: (part, index, lengths) => source([cell.step, cell.repetition, part, index], lengths),
    drainMs: scenario.load.drainMs,
  };
}

function sourceOf({ target, workload }: Cell, { scenario, workloads, models }: Material): RequestSource {
  const facts = factsOf(scenario, models, target.model);
  const sourceOfOne = (name: string) => requestSource(workloads.get(name) as PreparedWorkload, scenario.seed, facts);
  const { mix } = target;
  if (mix === undefined) return sourceOfOne(workload);
  const sources = target.workloads.map((name, i) => ({ name, weight: mix[i] ?? 0, source: sourceOfOne(name) }));
  return mixedSource(sources, scenario.seed);
}

/**
 * What names a schedule. Endpoints that are driven in turn get the same one, so that they can be compared; driven at
 * once each has its own, or all of them would send in step.
 */
function scheduleNames({ seed }: Scenario, { order, target, step, repetition }: Cell, part: string) {
  return [seed, part, step, repetition, ...(order === 'parallel' ? [target.name] : [])];
}

/** What a part of an open loop is due by: what counts by the schedule itself, what is sent before and after by a law. */
function arrivalsOf(
  load: OpenLoad,
  part: Part,
  traces: Material['traces'],
  seed: readonly (string | number)[],
): Iterable<Arrival> {
  if (part !== 'measured') return arrivals(warmupLaw(load), ...seed);
  return load.arrivals === 'trace'
    ? replay(traces.get(load.trace.file) as Trace, load.timeScale)
    : arrivals(load, ...seed);
}

/** More than so many requests of a schedule are not counted again: it would keep a run from going on. */
const mostCounted = 1_000_000;

/** How many requests the schedule of a cell has in its measured part, made anew; undefined for a closed loop, and for very many. */
export function scheduledIn({ load, end }: Cell, arrivals: Phase['arrivals']): number | undefined {
  const { requests: most = Number.POSITIVE_INFINITY, durationMs = Number.POSITIVE_INFINITY } = end;
  if (load.kind === 'closed' || Math.min(most, (load.ratePerS * durationMs) / 1000) > mostCounted) return undefined;
  let count = 0;
  for (const { dueMs } of arrivals(load, 'measured')) {
    if (dueMs >= durationMs || count >= most) break;
    count++;
  }
  return count;
}
