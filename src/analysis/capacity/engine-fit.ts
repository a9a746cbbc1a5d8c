/**
 * The engine made to behave as an endpoint was measured to: four physical knobs, turned until the engine, put through
 * the same requests, shows the same times. How far it is to be believed is found by leaving each load out in turn and
 * foretelling it from the others.
 *
 * Invariant: no figure of the fit's goodness is of a load that it was fitted to, unless it says so.
 */

import type { SimulationOptions } from '../../engine/station.ts';
import { leastSquares } from '../../stats/least-squares.ts';
import { median, smallestSample } from '../../stats/quantile.ts';
import { tQuantile } from '../../stats/student-t.ts';
import { type EngineKnobs, presetKnobs, quantileOf, replayed, type Seen, seen } from './engine-replay.ts';
import type { ObservedLoad } from './observed-load.ts';

/** Of the intervals. */
const confidence = 0.9;
/** One load left out must leave two, or the knobs are told apart by nothing. */
const fewestLoads = 3;

export interface EngineFit {
  readonly engine: SimulationOptions;
  readonly knobs: EngineKnobs;
  /** What the knobs came to without one of the loads: from the least to the most. */
  readonly ranges: Readonly<Record<keyof EngineKnobs, readonly [least: number, most: number]>>;
  readonly residuals: readonly Residual[];
  readonly errors: FitErrors;
}

/** One number of one load: as measured, as the engine shows it, and as foretold from the other loads. */
export interface Residual {
  readonly load: string;
  readonly measure: MeasureName;
  readonly measured: number;
  readonly fitted: number;
  readonly foretold: number;
}

export type MeasureName = 'TTFT p50' | 'TTFT p95' | 'TPOT p50' | 'TPOT p95' | 'tokens/s';

/** Half-widths of 90 % intervals for what the engine foretells, in logarithms, by how it foretold loads it was not fitted to. */
export interface FitErrors {
  /** Of the time that everything takes: by how much faster or slower the engine had to be to show a load as it was. */
  readonly speed: number;
  readonly ttft: number;
  readonly tpot: number;
  readonly tokensPerS: number;
}

export type FitResult =
  | { readonly kind: 'fitted'; readonly fit: EngineFit }
  | { readonly kind: 'impossible'; readonly why: string };

/** Fits the engine to measured loads. Throws what `createEngine` throws. */
export function fitEngine(loads: readonly ObservedLoad[], engine: SimulationOptions): FitResult {
  const labels = [...new Set(loads.map(({ label }) => label))];
  if (labels.length < fewestLoads)
    return {
      kind: 'impossible',
      why: `an engine is fitted to ${fewestLoads} different loads at least, and ${labels.length} can be used`,
    };
  const subjects = loads.map(load => ({ load, seen: seen(load) }));
  const knobs = turned(subjects, engine, startOf(subjects, engine), [4, 1]);
  if (knobs === undefined)
    return { kind: 'impossible', why: 'no setting of the engine comes near what was measured: its shape is another' };
  const without = labels.map(label => {
    const others = subjects.filter(({ load }) => load.label !== label);
    return { label, knobs: turned(others, engine, knobs, [1]) ?? knobs };
  });
  const foretold = subjects.map(subject => {
    const own = without.find(({ label }) => label === subject.load.label)?.knobs ?? knobs;
    return { subject, knobs: own, seen: replayed(subject.load, engine, own) };
  });
  const residuals = foretold.flatMap(({ subject, seen: before }) =>
    residualsOf(subject, replayed(subject.load, engine, knobs), before),
  );
  const speeds = foretold.map(({ subject, knobs: own }) => speedError(subject, engine, own));
  const ranges = Object.fromEntries(
    (Object.keys(knobs) as (keyof EngineKnobs)[]).map(name => {
      const values = [knobs, ...without.map(each => each.knobs)].map(each => each[name]);
      return [name, [Math.min(...values), Math.max(...values)]];
    }),
  ) as unknown as EngineFit['ranges'];
  return {
    kind: 'fitted',
    fit: { engine, knobs, ranges, residuals, errors: errorsOf(residuals, speeds, labels.length) },
  };
}

/** The same engine, everything in it so many times as fast; the way to it stays as it is. */
export function atSpeed({ floor, slope, sequenceMs, networkMs }: EngineKnobs, speed: number): EngineKnobs {
  return { floor: floor / speed, slope: slope / speed, sequenceMs: sequenceMs / speed, networkMs };
}

/** The mean of the sizes of the errors, as shares: of what was foretold of loads left out, or of the fit itself. */
export function meanError(residuals: readonly Residual[], of: 'fitted' | 'foretold'): number {
  const errors = residuals.map(each => Math.abs(each[of] / each.measured - 1));
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

interface Subject {
  readonly load: ObservedLoad;
  readonly seen: Seen;
}

/**
 * What the knobs are turned by: the shape of both distributions, and how fast it went. Means of quarters and not
 * quantiles: a request that joins another batch moves a quantile by leaps.
 */
function logsOf({ ttftMs, tpotMs, outputTokensPerS }: Seen): number[] {
  return [...[ttftMs, tpotMs].flatMap(quarterMeans), outputTokensPerS].map(Math.log);
}

function quarterMeans(rising: readonly number[]): number[] {
  if (rising.length < 4) return [];
  return [0, 1, 2, 3].map(quarter => {
    const part = rising.slice(
      Math.floor((quarter * rising.length) / 4),
      Math.floor(((quarter + 1) * rising.length) / 4),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

function misses({ load, seen: measured }: Subject, engine: SimulationOptions, knobs: EngineKnobs): number[] {
  const shown = logsOf(replayed(load, engine, knobs));
  return logsOf(measured).map((log, i) => (shown[i] as number) - log);
}

// The knobs as the fit turns them, all about as sensitive.
const parametersOf = ({ floor, slope, sequenceMs, networkMs }: EngineKnobs) => [
  Math.log(floor),
  Math.log(slope),
  10 * sequenceMs,
  networkMs / 10,
];
const knobsOf = ([floor = 0, slope = 0, sequence = 0, network = 0]: readonly number[]): EngineKnobs => ({
  floor: Math.exp(floor),
  slope: Math.exp(slope),
  sequenceMs: sequence / 10,
  networkMs: 10 * network,
});
const least = [-4, -4, 0, 0];
const most = [4, 4, 100, 50];
/** Wide enough that a prefill which moves from one batch to another does not pass for a slope. */
const stepsToSlopes = [0.05, 0.05, 0.2, 0.1];

/** The knobs with which the engine shows loads best; undefined where it shows them badly with any. */
function turned(
  subjects: readonly Subject[],
  engine: SimulationOptions,
  start: EngineKnobs,
  widths: readonly number[],
): EngineKnobs | undefined {
  const missesAt = remembered((parameters: readonly number[]) =>
    subjects.flatMap(subject => misses(subject, engine, knobsOf(parameters))),
  );
  let parameters: readonly number[] = parametersOf(start).map((value, i) =>
    Math.min(most[i] as number, Math.max(least[i] as number, value)),
  );
  const x = missesAt(parameters).map((_, i) => i);
  let sum = Number.POSITIVE_INFINITY;
  for (const width of widths) {
    const fit = leastSquares(
      { x, y: x.map(() => 0) },
      {
        valueAt: (at, i) => missesAt(at)[i] as number,
        slopesAt: (at, i) =>
          stepsToSlopes.map((step, k) => {
            const beside = missesAt(at.map((value, j) => (j === k ? value + width * step : value)));
            return ((beside[i] as number) - (missesAt(at)[i] as number)) / (width * step);
          }),
        least,
        most,
      },
      parameters,
    );
    if (fit.sum < sum) ({ parameters, sum } = fit);
  }
  const rms = Math.sqrt(sum / x.length);
  return rms < mostMissed ? knobsOf(parameters) : undefined;
}

/** Half as much again or two thirds, in the mean: that is no likeness. */
const mostMissed = Math.log(1.5);

/** The last few results of a function of numbers: a fit asks for each again and again. */
function remembered(of: (parameters: readonly number[]) => number[]): (parameters: readonly number[]) => number[] {
  const known = new Map<string, number[]>();
  return parameters => {
    const key = parameters.join(' ');
    const found = known.get(key) ?? of(parameters);
    known.delete(key);
    known.set(key, found);
    if (known.size > 16) known.delete(known.keys().next().value as string);
    return found;
  };
}

/** A preset that is many times too fast or too slow is brought near by the lightest load, where nobody waits for anybody. */
function startOf(subjects: readonly Subject[], engine: SimulationOptions): EngineKnobs {
  const [lightest] = [...subjects].sort((a, b) => middle(a.seen.tpotMs) - middle(b.seen.tpotMs));
  const { load, seen: measured } = lightest as Subject;
  const shown = replayed(load, engine, presetKnobs);
  const ratio = (of: (seen: Seen) => readonly number[]) => middle(of(measured)) / middle(of(shown));
  const [floor, slope] = [ratio(({ tpotMs }) => tpotMs), ratio(({ ttftMs }) => ttftMs)];
  return {
    ...presetKnobs,
    floor: Number.isFinite(floor) ? floor : 1,
    slope: Number.isFinite(slope) ? slope : 1,
    networkMs: 1,
  };
}

function middle(values: readonly number[]): number {
  return median(values) ?? Number.NaN;
}

/** By how much, in logarithms, the engine had to be faster to show a load best that it was not fitted to. */
function speedError(subject: Subject, engine: SimulationOptions, knobs: EngineKnobs): number {
  const missed = (log: number) =>
    misses(subject, engine, atSpeed(knobs, Math.exp(log))).reduce((sum, miss) => sum + miss * miss, 0);
  let [from, to] = [-0.4, 0.4];
  // Thirds, and not a slope: the sum is rough in the small.
  for (let i = 0; i < 14; i++) {
    const [low, high] = [from + (to - from) / 3, to - (to - from) / 3];
    if (missed(low) < missed(high)) to = high;
    else from = low;
  }
  return (from + to) / 2;
}

function residualsOf({ load, seen: measured }: Subject, fitted: Seen, foretold: Seen): Residual[] {
  const times = (['TTFT', 'TPOT'] as const).flatMap(name => {
    const list = (of: Seen) => (name === 'TTFT' ? of.ttftMs : of.tpotMs);
    return ([0.5, 0.95] as const)
      .filter(level => list(measured).length >= smallestSample(level))
      .map(level => ({
        measure: `${name} ${level === 0.5 ? 'p50' : 'p95'}` as const,
        of: (each: Seen) => quantileOf(list(each), level),
      }));
  });
  const all = [...times, { measure: 'tokens/s' as const, of: ({ outputTokensPerS }: Seen) => outputTokensPerS }];
  return all.map(({ measure, of }) => ({
    load: load.label,
    measure,
    measured: of(measured),
    fitted: of(fitted),
    foretold: of(foretold),
  }));
}

/**
 * Errors about zero of so many loads: a further one lies within t × their root mean square where they are normal and
 * alike, and within the worst of n with probability n/(n + 1) whatever they are. The wider of the two.
 */
function errorsOf(residuals: readonly Residual[], speeds: readonly number[], loads: number): FitErrors {
  const width = (errors: readonly number[]) => {
    const rms = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    return Math.max(tQuantile((1 + confidence) / 2, loads) * rms, ...errors.map(Math.abs));
  };
  const of = (prefix: string) =>
    width(
      residuals
        .filter(({ measure }) => measure.startsWith(prefix))
        .map(({ foretold, measured }) => Math.log(foretold / measured)),
    );
  return { speed: width(speeds), ttft: of('TTFT'), tpot: of('TPOT'), tokensPerS: of('tokens') };
}
