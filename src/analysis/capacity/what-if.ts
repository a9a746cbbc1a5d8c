/**
 * What an endpoint would take if it were otherwise: its workload put through the engine in virtual time, at rate after
 * rate, until an objective is missed. The same requests come at every rate and in every variant, so that variants
 * differ by what was changed and not by chance.
 *
 * Invariant: every figure is simulated and says so; its interval is that of the fit, wider where a preset had to be
 * trusted as well.
 */

import { gpuPresets } from '../../engine/gpu.ts';
import { modelPresets } from '../../engine/model.ts';
import { atSpeed, type FitErrors } from './engine-fit.ts';
import type { EngineKnobs } from './engine-replay.ts';
import type { Figure } from './figure.ts';
import { type Trial, type TrialCriterion, type TrialFleet, type TrialWorkload, tryRate } from './virtual-trial.ts';

/** An engine with what is known of how well it stands for the real one. */
export interface TrialEngine {
  readonly knobs: EngineKnobs;
  /** Half-widths in logarithms; undefined where it was fitted to nothing. */
  readonly errors?: FitErrors;
  /** Whether it was fitted to a GPU, and not to the embedded service. */
  readonly isReal: boolean;
}

/** One thing that is otherwise. */
export interface Variant {
  /** `as it was measured`, `on an L4`, `prompts twice as long`. */
  readonly what: string;
  readonly workload: TrialWorkload;
  readonly fleet: Omit<TrialFleet, 'knobs'>;
  /** The preset of the GPU that the engine was fitted on. */
  readonly fittedGpu: string;
  readonly restsOn: string;
}

export interface WhatIf {
  readonly what: string;
  readonly gpus: number;
  /** Requests per second of the whole fleet; null: none is known, and `why` says why. */
  readonly perS: Figure | null;
  readonly why?: string;
  /** What binds there. */
  readonly binding: string | null;
  /** At that rate: means, and in flight over the whole fleet. */
  readonly inFlight: number | null;
  readonly responseTimeMs: number | null;
  readonly outputTokensPerS: number | null;
  readonly restsOn: string;
}

/**
 * How far published tables of other GPUs lie from what the presets say of them: within about 20 % for those with
 * measured layer times; 35 % was the miss of an approximate one (`npm run bench:engine`).
 */
const presetErrors = { fitted: Math.log(1.2), approximate: Math.log(1.35) };

/** How near two rates are taken for one. */
const precision = 1.01;

/** How much is tried: the more, the less chance has to do with the figures. */
export interface Effort {
  readonly seeds: readonly number[];
  /** Of each trial. */
  readonly requests: number;
}

const usual: Effort = { seeds: [1, 2, 3], requests: 3000 };
/** Each engine of a fleet has to get as many to have filled up. */
const requestsPerGpu = 400;
const firstStride = 1.06;
const longestStride = 2;
const highestPerS = 1e5;
const lowestPerS = 1e-3;

/** How much a variant takes at its criteria, looked for from a rate on. Throws what `createEngine` throws. */
export function whatIf(
  variant: Variant,
  criteria: readonly TrialCriterion[],
  engine: TrialEngine,
  { nearPerS, effort = usual }: { readonly nearPerS?: number | undefined; readonly effort?: Effort } = {},
): WhatIf {
  const { what, fleet, restsOn } = variant;
  const requests = Math.max(effort.requests, requestsPerGpu * (fleet.gpus - 1));
  const search = searcher(variant, criteria, requests);
  const at = { knobs: engine.knobs, factor: 1 };
  // A fleet is as large a sample as several of its engines.
  const tries = fleet.gpus === 1 ? effort.seeds : effort.seeds.slice(0, 1);
  let near = nearPerS;
  const found = tries
    .map(seed => {
      const rate = search(at, seed, near);
      near = rate ?? near;
      return { seed, rate };
    })
    .sort((a, b) => (a.rate ?? 0) - (b.rate ?? 0));
  const middle = found[Math.floor(found.length / 2)] as (typeof found)[number];
  const nothing = { what, gpus: fleet.gpus, restsOn, inFlight: null, responseTimeMs: null, outputTokensPerS: null };
  if (middle.rate === undefined) {
    const missed = missedAt(lowestPerS, variant, criteria, { knobs: engine.knobs, seed: middle.seed, requests });
    return { ...nothing, perS: null, why: whyNone(missed.trial, missed.names), binding: missed.names.join(', ') };
  }
  const rate = middle.rate;
  const { names } = missedAt(rate * precision ** 3, variant, criteria, {
    knobs: engine.knobs,
    seed: middle.seed,
    requests,
  });
  const trial = tryRate(rate, variant.workload, { ...fleet, knobs: engine.knobs }, { seed: middle.seed, requests });
  const errors = errorsOf(
    variant,
    engine,
    criteria.filter(({ name }) => names.includes(name)),
  );
  const ends = ([-1, 1] as const).flatMap(side => [
    search({ knobs: atSpeed(engine.knobs, Math.exp(side * errors.speed)), factor: 1 }, middle.seed, rate) ?? 0,
    ...(errors.bound === 0
      ? []
      : [search({ knobs: engine.knobs, factor: Math.exp(side * errors.bound) }, middle.seed, rate) ?? 0]),
  ]);
  const all = [...ends, ...found.flatMap(each => each.rate ?? 0)];
  return {
    what,
    gpus: fleet.gpus,
    perS: { value: rate, low: Math.min(...all), high: Math.max(...all), ...originOf(engine) },
    binding: names.join(', ') || null,
    ...operating(trial, rate),
    restsOn,
  };
}

/** Where figures of an engine come from: money is made of one that was fitted to a GPU, and of no other. */
function originOf({ errors, isReal }: TrialEngine): Pick<Figure, 'provenance' | 'simulation'> {
  return { provenance: 'simulated', simulation: errors !== undefined && isReal ? 'calibrated' : 'uncalibrated' };
}

/** Half-widths in logarithms: of how fast everything is, and of the figures that bind. */
function errorsOf({ fleet, fittedGpu }: Variant, { errors }: TrialEngine, binding: readonly TrialCriterion[]) {
  const presetError = (gpu: string) => {
    const isApproximate =
      gpuPresets[gpu]?.approximate === true || modelPresets[fleet.engine.model]?.approximate === true;
    return presetErrors[isApproximate ? 'approximate' : 'fitted'];
  };
  const { gpu } = fleet.engine;
  // Carried over from one preset to another, a fit has the errors of both: what it made up for in the one is no part of the other.
  const preset =
    errors === undefined
      ? presetError(gpu)
      : gpu === fittedGpu
        ? 0
        : Math.hypot(presetError(gpu), presetError(fittedGpu));
  const bounds = binding.map(({ error }) => {
    if (errors === undefined || error === 'none') return 0;
    return error === 'either' ? Math.max(errors.ttft, errors.tpot) : errors[error];
  });
  return { speed: Math.hypot(errors?.speed ?? 0, preset), bound: Math.max(0, ...bounds) };
}

interface Setting {
  readonly knobs: EngineKnobs;
  /** On the bounds of the objectives. */
  readonly factor: number;
}

/** Gives the highest rate at which all criteria hold, looked for from a start; undefined where none does. */
function searcher({ workload, fleet }: Variant, criteria: readonly TrialCriterion[], requests: number) {
  return ({ knobs, factor }: Setting, seed: number, nearPerS?: number): number | undefined => {
    const holdsAt = (ratePerS: number) => {
      const trial = tryRate(ratePerS, workload, { ...fleet, knobs }, { seed, requests });
      return criteria.every(({ held }) => held(trial, factor));
    };
    return highest(holdsAt, nearPerS ?? fleet.gpus);
  };
}

/** The highest rate that holds, where every lower one does; looked for in strides, each longer than the last, and then by halves. */
function highest(holdsAt: (ratePerS: number) => boolean, start: number): number | undefined {
  let [low, high, stride] = [start, start, firstStride];
  const lengthen = () => {
    stride = Math.min(longestStride, stride * stride);
  };
  if (holdsAt(start)) {
    do {
      low = high;
      high *= stride;
      lengthen();
    } while (high < highestPerS && holdsAt(high));
  } else {
    do {
      high = low;
      low /= stride;
      if (low < lowestPerS) return undefined;
      lengthen();
    } while (!holdsAt(low));
  }
  while (high / low > precision) {
    const between = Math.sqrt(low * high);
    if (holdsAt(between)) low = between;
    else high = between;
  }
  return low;
}

function missedAt(
  ratePerS: number,
  { workload, fleet }: Variant,
  criteria: readonly TrialCriterion[],
  { knobs, ...how }: { readonly knobs: EngineKnobs; readonly seed: number; readonly requests: number },
): { readonly trial: Trial; readonly names: readonly string[] } {
  const trial = tryRate(ratePerS, workload, { ...fleet, knobs }, how);
  const missed = criteria.filter(({ held }) => !held(trial, 1));
  return { trial, names: [...new Set(missed.map(({ name }) => name))] };
}

function whyNone({ counts: { ok, overloaded, rejected } }: Trial, missed: readonly string[]): string {
  if (rejected > 0.01 * (ok + overloaded + rejected))
    return 'requests would be longer than the model takes: set maxInputTokens and maxTotalTokens as well';
  return `no rate meets the objectives: even of requests that come alone ${missed.join(', ')} is missed`;
}

function operating({ responseMs, outputTokens, windowMs }: Trial, ratePerS: number) {
  const responseTimeMs = responseMs.reduce((sum, value) => sum + value, 0) / responseMs.length;
  return {
    responseTimeMs,
    inFlight: (ratePerS * responseTimeMs) / 1000,
    outputTokensPerS: (1000 * outputTokens) / windowMs,
  };
}
