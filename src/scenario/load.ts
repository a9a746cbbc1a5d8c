/** How hard a step asks: what one step of a scenario file stands for, in its final form. */
import type { ScenarioStep } from './scenario.ts';
import { longestPrompt, replayed, type TraceReader } from './trace.ts';

/** A rate that grows or falls in a straight line over the step, or in equally long steps from one to the other. */
export interface RateRamp {
  readonly fromPerS: number;
  readonly toPerS: number;
  readonly durationMs: number;
  readonly steps?: number;
}

/** A number of slots that grows or falls over the step, by one at a time or in so many equally long steps. */
export interface ConcurrencyRamp {
  readonly from: number;
  readonly to: number;
  readonly durationMs: number;
  readonly steps?: number;
}

/** How the requests of an open loop are spread in time, at a mean rate. */
export type Law = (
  | { readonly arrivals: 'constant' | 'poisson' }
  | { readonly arrivals: 'gamma'; readonly cv: number }
  | { readonly arrivals: 'burst'; readonly burstSize: number }
) & { readonly ratePerS: number; readonly ramp?: RateRamp };

/** The arrivals of a trace; its text stays outside the scenario, its digest tells it from any other. */
export interface Replay {
  readonly arrivals: 'trace';
  /** The mean rate of what is replayed. */
  readonly ratePerS: number;
  readonly trace: {
    readonly file: string;
    readonly sha256: string;
    /** Of what is replayed; only where it says how long prompts are. */
    readonly longestPrompt?: { readonly tokens: number; readonly line: number };
  };
  readonly timeScale: number;
}

interface AskedClosed {
  readonly kind: 'closed';
  /** Slots; of a ramp, at its most. */
  readonly concurrency: number;
  readonly ramp?: ConcurrencyRamp;
  readonly thinkTimeMs: number;
  readonly per: 'endpoint' | 'model';
}

interface AskedOpen {
  readonly kind: 'open';
  /** How many may be in flight; undefined: no bound. */
  readonly maxInFlight?: number;
  readonly whenFull: 'drop' | 'queue';
}

/** What a step asks for, before the limits of a model bound it. */
export type AskedLoad = AskedClosed | (AskedOpen & (Law | Replay));

/** What ends the measured part of a cell: a number of requests due, a time, or whichever comes first. */
export interface End {
  readonly requests?: number;
  readonly durationMs?: number;
}

type Asked = { readonly load: AskedLoad; readonly end: End };

/** What a step of the file stands for: one load for each value of its list. Expects a step without problems. */
export function askedOf(step: ScenarioStep, traceOf: TraceReader): Asked[] {
  const end = endOf(step);
  const { concurrency, ratePerS, trace } = step;
  if (concurrency !== undefined)
    return eachOf(concurrency).map(value => ({ load: { ...closed(step), ...concurrencyOf(value, step) }, end }));
  const open: AskedOpen = {
    kind: 'open',
    ...(step.maxInFlight === undefined ? {} : { maxInFlight: step.maxInFlight }),
    whenFull: step.whenFull ?? 'drop',
  };
  if (trace === undefined)
    return eachOf(ratePerS ?? []).map(value => ({ load: { ...open, ...lawOf(step), ...rateOf(value, step) }, end }));
  const read = traceOf(trace);
  const timeScale = step.timeScale ?? 1;
  const { requests, ratePerS: meanPerS } = replayed(read.trace, cutOf(step));
  const longest = longestPrompt(read, requests);
  const named = { file: trace, sha256: read.sha256, ...(longest === undefined ? {} : { longestPrompt: longest }) };
  const replay: Replay = { arrivals: 'trace', ratePerS: meanPerS, trace: named, timeScale };
  return [{ load: { ...open, ...replay }, end: { ...end, requests } }];
}

/** What a step replays of its trace. */
export function cutOf({ timeScale, requests, duration }: ScenarioStep) {
  return { timeScale: timeScale ?? 1, requests, durationMs: duration };
}

function eachOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

type Value<T> = Exclude<NonNullable<T>, readonly unknown[]>;

function closed({ thinkTime, per }: ScenarioStep) {
  return { kind: 'closed', thinkTimeMs: thinkTime ?? 0, per } as const;
}

function concurrencyOf(value: Value<ScenarioStep['concurrency']>, { duration = 0 }: ScenarioStep) {
  if (typeof value === 'number') return { concurrency: value };
  const { from, to, steps } = value;
  return {
    concurrency: Math.max(from, to),
    ramp: { from, to, durationMs: duration, ...(steps === undefined ? {} : { steps }) },
  };
}

/** The mean of a ramp is halfway, in a straight line as in equally long and equally high steps. */
function rateOf(value: Value<ScenarioStep['ratePerS']>, { duration = 0 }: ScenarioStep) {
  if (typeof value === 'number') return { ratePerS: value };
  const { from: fromPerS, to: toPerS, steps } = value;
  const ramp = { fromPerS, toPerS, durationMs: duration, ...(steps === undefined ? {} : { steps }) };
  return { ratePerS: (fromPerS + toPerS) / 2, ramp };
}

function lawOf({ arrivals = 'poisson', cv = 1, burstSize = 1 }: ScenarioStep) {
  switch (arrivals) {
    case 'gamma':
      return { arrivals, cv };
    case 'burst':
      return { arrivals, burstSize };
    default:
      return { arrivals };
  }
}

function endOf(step: ScenarioStep): End {
  const durationMs = step.duration ?? step.atMost;
  return {
    ...(step.requests === undefined ? {} : { requests: step.requests }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}
