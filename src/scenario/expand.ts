import { exitCodes, HarnessError } from '../errors.ts';
import { seededRandom, shuffled } from '../random.ts';
import { type DriverName, driverOf } from './driver-limits.ts';
import type { ConcurrencyRamp, End, Law, Replay } from './load.ts';
import type { Scenario, Step } from './resolve.ts';
import type { Order, Warmup } from './scenario.ts';
import { mixed, type Target } from './target.ts';

/** Closed loop: a slot sends its next request when its previous one was answered. */
export interface ClosedLoad {
  readonly kind: 'closed';
  /** Slots the scenario asks for, and slots there are within the model's limit; of a ramp, at its most. */
  readonly concurrency: number;
  readonly effectiveConcurrency: number;
  readonly ramp?: ConcurrencyRamp;
  readonly thinkTimeMs: number;
}

/** Open loop: requests are due by a schedule, whatever the answers do. */
export type OpenLoad = (Law | Replay) & {
  readonly kind: 'open';
  /** How many may be in flight, as asked and within the model's limit; undefined: no bound. */
  readonly maxInFlight?: number;
  readonly effectiveMaxInFlight?: number;
  readonly whenFull: 'drop' | 'queue';
};

export type Load = ClosedLoad | OpenLoad;

/** One measured condition: target × workload × load step × repetition. */
export interface Cell {
  readonly index: number;
  /** Cells of the same stage are driven at the same time. */
  readonly stage: number;
  readonly target: Target;
  readonly workload: string;
  readonly load: Load;
  readonly end: End;
  readonly warmup: Warmup;
  readonly order: Order;
  readonly driver: DriverName;
  /** The step of the scenario it came from (from 0) and which repetition of it this is (from 1). */
  readonly step: number;
  readonly repetition: number;
}

/** One target with one of its workloads. */
export interface Pairing {
  readonly target: Target;
  readonly workload: string;
}

/** The cells of a scenario in the order in which they run. Throws a HarnessError where a limit leaves an endpoint nothing. */
export function expand(scenario: Scenario): Cell[] {
  const cells: Cell[] = [];
  for (let repetition = 1; repetition <= scenario.load.repetitions; repetition++) {
    for (const stage of stages(scenario, repetition)) {
      const number = (cells.at(-1)?.stage ?? -1) + 1;
      const together = stage.map(({ pairing }) => pairing);
      for (const { pairing, step } of stage)
        cells.push(cellOf(scenario, step, pairing, { index: cells.length, stage: number, repetition }, together));
    }
  }
  return cells;
}

/** The cell of a step at an endpoint, driven together with others or alone. Throws a HarnessError where a limit leaves it nothing. */
export function cellOf(
  scenario: Scenario,
  step: Step,
  pairing: Pairing,
  place: Pick<Cell, 'index' | 'stage' | 'repetition'>,
  together: readonly Pairing[] = [pairing],
): Cell {
  const { target, workload } = pairing;
  return {
    ...place,
    target,
    workload,
    load: loadOf(step, pairing, together, scenario),
    end: step.end,
    warmup: step.warmup,
    order: step.order,
    driver: driverOf(step.driver, schemeOf(target, scenario)),
    step: step.index,
  };
}

/** Every target with each of its workloads, or with all of them where it mixes them. */
export function pairingsOf({ targets }: Pick<Scenario, 'targets'>): Pairing[] {
  return targets.flatMap(target =>
    (target.mix === undefined ? target.workloads : [mixed]).map(workload => ({ target, workload })),
  );
}

type Stage = readonly { readonly pairing: Pairing; readonly step: Step }[];

/** What runs when: each stage is one pairing alone or, in parallel, all of them. */
function* stages(scenario: Scenario, repetition: number): Generator<Stage> {
  const pairings = pairingsOf(scenario);
  for (const run of runsOfOneOrder(scenario.load.steps)) {
    switch (run[0]?.order) {
      case 'sequential':
        for (const pairing of pairings) for (const step of run) yield [{ pairing, step }];
        break;
      case 'parallel':
        for (const step of run) yield pairings.map(pairing => ({ pairing, step }));
        break;
      default:
        for (const step of run) {
          // In a seeded order, so that no endpoint always comes first.
          const random = seededRandom(scenario.seed, 'order', step.index, repetition);
          for (const pairing of shuffled(pairings, random)) yield [{ pairing, step }];
        }
    }
  }
}

function runsOfOneOrder(steps: readonly Step[]): Step[][] {
  const runs: Step[][] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    if (last?.[0]?.order === step.order) last.push(step);
    else runs.push([step]);
  }
  return runs;
}

function loadOf(step: Step, pairing: Pairing, stage: readonly Pairing[], scenario: Scenario): Load {
  const together = stage.filter(other => other.target.model === pairing.target.model);
  const place = together.indexOf(pairing);
  const cap = scenario.limits.concurrentPerModel;
  const share = cap === undefined ? Number.POSITIVE_INFINITY : evenShare(cap, together.length, place);
  if (share < 1) {
    throw new HarnessError(
      `load.steps[${step.index}]: expected at most ${cap} endpoints of ${pairing.target.model} at once, got ${together.length}`,
      {
        hint: 'set order: sequential, or raise limits.concurrentPerModel with exceed: true',
        exitCode: exitCodes.usage,
      },
    );
  }
  if (step.load.kind === 'closed') {
    const { concurrency, ramp, thinkTimeMs, per } = step.load;
    const part = (slots: number) => (per === 'model' ? Math.max(1, evenShare(slots, together.length, place)) : slots);
    const asked = part(concurrency);
    return {
      kind: 'closed',
      concurrency: asked,
      effectiveConcurrency: Math.min(asked, share),
      ...(ramp === undefined ? {} : { ramp: { ...ramp, from: part(ramp.from), to: part(ramp.to) } }),
      thinkTimeMs,
    };
  }
  const effective = Math.min(step.load.maxInFlight ?? Number.POSITIVE_INFINITY, share);
  return { ...step.load, ...(Number.isFinite(effective) ? { effectiveMaxInFlight: effective } : {}) };
}

/** The share of the place-th of n (from 0) when `total` is dealt out one by one. */
function evenShare(total: number, n: number, place: number): number {
  return Math.floor(total / n) + (place < total % n ? 1 : 0);
}

/** The embedded service speaks plain http. */
function schemeOf({ url }: Target, { service }: Scenario): string {
  const address = url ?? service.url;
  return URL.canParse(address) ? new URL(address).protocol : 'http:';
}

/** How a load is called in tables: `concurrency 8`, `5/s poisson`, with what was asked for where a limit bounds it. */
export function loadLabel(load: Load): string {
  if (load.kind === 'open' || load.effectiveConcurrency === load.concurrency) return askedLabel(load);
  return load.ramp === undefined
    ? `concurrency ${load.effectiveConcurrency} (of ${load.concurrency} asked)`
    : `${askedLabel(load)} (at most ${load.effectiveConcurrency})`;
}

/** How a load is called by what the scenario asks for, which is the same for all endpoints of a step. */
export function askedLabel(load: Load): string {
  if (load.kind === 'closed') {
    const { concurrency, ramp } = load;
    return ramp === undefined ? `concurrency ${concurrency}` : `concurrency ${ramp.from} to ${ramp.to}${inSteps(ramp)}`;
  }
  if (load.arrivals === 'trace') {
    const pace = load.timeScale === 1 ? '' : ` × ${load.timeScale}`;
    return `trace ${load.trace.file}${pace}`;
  }
  const { ramp } = load;
  const rate = ramp === undefined ? load.ratePerS : `${ramp.fromPerS} to ${ramp.toPerS}`;
  return `${rate}/s ${lawLabel(load)}${ramp === undefined ? '' : inSteps(ramp)}`;
}

function lawLabel(law: Law): string {
  switch (law.arrivals) {
    case 'gamma':
      return `gamma cv ${law.cv}`;
    case 'burst':
      return `in bursts of ${law.burstSize}`;
    default:
      return law.arrivals;
  }
}

function inSteps({ steps }: { readonly steps?: number }): string {
  return steps === undefined ? '' : ` in ${steps} steps`;
}
