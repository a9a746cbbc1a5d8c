/** A workload served by a fleet at a rate in virtual time, and whether objectives hold there. */

import { arrivals, type Arrival as Due } from '../../arrival/arrivals.ts';
import { serveByFleet } from '../../engine/fleet.ts';
import type { Routing } from '../../engine/router.ts';
import type { Arrival, SimulationOptions } from '../../engine/station.ts';
import { seededRandom } from '../../random.ts';
import type { Law } from '../../scenario/load.ts';
import { holds, type Objective } from '../../scenario/objective.ts';
import { nameOf, plainText } from './criterion.ts';
import { type EngineKnobs, quantileOf, tuned } from './engine-replay.ts';

/** How long requests are: one is drawn for each arrival. */
export type RequestLengths = Pick<Arrival, 'inputTokens' | 'images' | 'maxNewTokens' | 'outputTokens'>;

/** What is asked, at whatever rate. */
export interface TrialWorkload {
  readonly lengths: readonly RequestLengths[];
  /** How arrivals are spread; its rate is that of the trial. */
  readonly law: Law;
}

/** Who answers. */
export interface TrialFleet {
  readonly engine: SimulationOptions;
  readonly knobs: EngineKnobs;
  readonly gpus: number;
  readonly routing: Routing;
  /** In flight over all engines, as the gateway has it. */
  readonly maxInFlight?: number;
}

export interface Trial {
  readonly ratePerS: number;
  /** In rising order. */
  readonly ttftMs: readonly number[];
  readonly tpotMs: readonly number[];
  readonly responseMs: readonly number[];
  readonly counts: { readonly ok: number; readonly overloaded: number; readonly rejected: number };
  readonly outputTokens: number;
  /** From the first arrival counted to the last. */
  readonly windowMs: number;
}

/** The first arrivals meet an empty fleet, and are not counted. */
const warmupRatio = 0.15;

/** Serves so many requests at a rate: the same requests in the same order at every rate, only closer together. */
export function tryRate(
  ratePerS: number,
  { lengths, law }: TrialWorkload,
  { engine, knobs, gpus, routing, maxInFlight }: TrialFleet,
  { seed, requests }: { readonly seed: number; readonly requests: number },
): Trial {
  const warmup = Math.round(warmupRatio * requests);
  const [ttftMs, tpotMs, responseMs]: [number[], number[], number[]] = [[], [], []];
  const counts = { ok: 0, overloaded: 0, rejected: 0 };
  let [outputTokens, fromMs, untilMs] = [0, 0, 0];
  const random = seededRandom(seed, 'what-if lengths');
  function* due(): Generator<Arrival> {
    const times: Generator<Due> = arrivals({ ...law, ratePerS }, seed, 'what-if');
    for (let id = 0; id < requests; id++) {
      const atMs = times.next().value.dueMs;
      if (id === warmup) fromMs = atMs;
      untilMs = atMs;
      yield { ...(lengths[random.integer(0, lengths.length - 1)] as RequestLengths), id, atMs };
    }
  }
  serveByFleet(due(), {
    engines: Array.from({ length: gpus }, () => tuned(engine, knobs)),
    routing,
    seed,
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
    onServed(served) {
      const { arrival, outcome } = served;
      if (arrival.id < warmup || outcome === 'rate_limited') return;
      counts[outcome]++;
      if (outcome !== 'ok') return;
      ttftMs.push(served.firstTokenMs - arrival.atMs + knobs.networkMs);
      if (arrival.outputTokens > 1) tpotMs.push((served.endMs - served.firstTokenMs) / (arrival.outputTokens - 1));
      responseMs.push(served.endMs - arrival.atMs + knobs.networkMs);
      outputTokens += arrival.outputTokens;
    },
  });
  const rising = (values: readonly number[]) => [...Float64Array.from(values).sort()];
  const times = { ttftMs: rising(ttftMs), tpotMs: rising(tpotMs), responseMs: rising(responseMs) };
  return { ratePerS, ...times, counts, outputTokens, windowMs: untilMs - fromMs };
}

/** One thing that a trial has to meet. */
export interface TrialCriterion {
  readonly name: string;
  readonly text: string;
  /** Which of the fit's errors its figure has. */
  readonly error: 'ttft' | 'tpot' | 'either' | 'none';
  /** Its bound is moved by a factor, to see what an error of that size would make of it. */
  readonly held: (trial: Trial, factor: number) => boolean;
}

const lists: Readonly<
  Record<string, { readonly of: (trial: Trial) => readonly number[]; readonly error: TrialCriterion['error'] }>
> = {
  ttftMs: { of: ({ ttftMs }) => ttftMs, error: 'ttft' },
  serviceTtftMs: { of: ({ ttftMs }) => ttftMs, error: 'ttft' },
  tpotMs: { of: ({ tpotMs }) => tpotMs, error: 'tpot' },
  responseTimeMs: { of: ({ responseMs }) => responseMs, error: 'either' },
  serviceTimeMs: { of: ({ responseMs }) => responseMs, error: 'either' },
};

/** What of the objectives can be judged of times of first and last tokens, and what cannot. */
export function trialCriteria(objectives: readonly Objective[]): {
  readonly criteria: readonly TrialCriterion[];
  readonly unjudged: readonly string[];
} {
  const judged = objectives.map(objective => ({ objective, criterion: criterionOf(objective) }));
  return {
    criteria: [...judged.flatMap(({ criterion }) => criterion ?? []), answered],
    unjudged: judged.flatMap(({ objective, criterion }) => (criterion === undefined ? [plainText(objective)] : [])),
  };
}

function criterionOf(objective: Objective): TrialCriterion | undefined {
  const { metric, statistic, comparator, bound } = objective;
  const list = Object.hasOwn(lists, metric) ? lists[metric] : undefined;
  // Whatever is refused in virtual time is refused by its limits, of which `answered` speaks.
  if (metric.endsWith('Ratio') && metric !== 'goodputRatio' && comparator.startsWith('<')) return answered;
  if (list === undefined || statistic === undefined) return undefined;
  const figure = (rising: readonly number[]) => {
    if (statistic === 'max') return rising.at(-1) ?? Number.NaN;
    if (statistic === 'mean') return rising.reduce((sum, value) => sum + value, 0) / rising.length;
    return quantileOf(rising, statistic);
  };
  return {
    name: nameOf(metric),
    text: plainText(objective),
    error: list.error,
    held: (trial, factor) => {
      const values = list.of(trial);
      return values.length === 0 || holds(figure(values), comparator, bound * factor);
    },
  };
}

const refusedRatio = 0.01;

/** Refusals stand outside the quantiles, and a fleet that turns its users away would hold any objective. */
const answered: TrialCriterion = {
  name: 'the limit of requests in flight',
  text: `refused <= ${refusedRatio}`,
  error: 'none',
  held: ({ counts: { ok, overloaded, rejected } }) =>
    overloaded + rejected <= refusedRatio * (ok + overloaded + rejected),
};
