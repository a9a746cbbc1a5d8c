/**
 * The Universal Scalability Law, X(N) = γN / (1 + α(N − 1) + βN(N − 1)) (N. J. Gunther, A Simple Capacity Model of
 * Massively Parallel Transaction Systems, CMG 1993): how throughput grows with requests in flight. It smooths and
 * extrapolates a little; where the measured curve says something, that is what counts.
 */
import { seededRandom } from '../../random.ts';
import { type CurveModel, leastSquares } from '../../stats/least-squares.ts';
import type { Interval } from '../../stats/proportion.ts';
import { tQuantile } from '../../stats/student-t.ts';
import type { Figure } from './figure.ts';

/** Three parameters of fewer loads say nothing. */
const fewestUslLoads = 6;
/** Beyond so many times the largest load measured nothing is said. */
const furthest = 2;
const resamplesByDefault = 200;
/** Of the intervals. */
const confidence = 0.9;

/** One step as it was driven once. */
export interface UslPoint {
  readonly inFlight: number;
  readonly perS: number;
}

export interface Usl {
  /** Throughput of one request in flight, per second. */
  readonly gamma: number;
  /** Contention: the share of the work that waits for its turn. */
  readonly alpha: number;
  /** Coherency: what each pair costs each other. */
  readonly beta: number;
  readonly intervals: { readonly gamma: Interval; readonly alpha: Interval; readonly beta: Interval };
  /** Where throughput is largest and how large; null where that lies beyond twice the largest load measured, or nowhere. */
  readonly peak: { readonly inFlight: Figure; readonly perS: Figure } | null;
  readonly points: readonly (UslPoint & { readonly fittedPerS: number; readonly residualRatio: number })[];
  /** Up to where it may be drawn. */
  readonly sayableTo: number;
}

export type UslResult =
  | { readonly kind: 'fitted'; readonly usl: Usl }
  | { readonly kind: 'none'; readonly why: string };

type Parameters = readonly [logGamma: number, alpha: number, beta: number];

/** Fits the law to steps in logs, so that errors count as shares; intervals by resampling residuals, from a seed. */
export function fitUsl(points: readonly UslPoint[], { seed = 1, resamples = resamplesByDefault } = {}): UslResult {
  const known = points.filter(({ inFlight, perS }) => inFlight > 0 && perS > 0);
  const loads = new Set(known.map(({ inFlight }) => inFlight)).size;
  if (loads < fewestUslLoads)
    return { kind: 'none', why: `three parameters take ${fewestUslLoads} loads at least, and there are ${loads}` };
  const x = known.map(({ inFlight }) => inFlight);
  const logs = known.map(({ perS }) => Math.log(perS));
  const best = leastSquares({ x, y: logs }, model, [Math.max(...known.map(ratio)), 0.01, 1e-4].map(asStart));
  if (!best.converged) return { kind: 'none', why: 'the fit did not come to rest' };
  const parameters = best.parameters as unknown as Parameters;
  const fitted = x.map(each => model.valueAt(parameters, each));
  const spread = spreadOf(known.length);
  const residuals = logs.map((log, i) => (log - (fitted[i] as number)) * spread);
  const random = seededRandom('usl', seed);
  const again = Array.from({ length: resamples }, () => {
    const y = fitted.map(each => each + (residuals[random.integer(0, residuals.length - 1)] as number));
    return leastSquares({ x, y }, model, parameters).parameters as unknown as Parameters;
  });
  const largest = Math.max(...x);
  return {
    kind: 'fitted',
    usl: {
      gamma: Math.exp(parameters[0]),
      alpha: parameters[1],
      beta: parameters[2],
      intervals: {
        gamma: intervalOf(again.map(([logGamma]) => Math.exp(logGamma))),
        alpha: intervalOf(again.map(([, alpha]) => alpha)),
        beta: intervalOf(again.map(([, , beta]) => beta)),
      },
      peak: peakOf(parameters, again, largest),
      points: known.map((point, i) => {
        const fittedPerS = Math.exp(fitted[i] as number);
        return { ...point, fittedPerS, residualRatio: point.perS / fittedPerS - 1 };
      }),
      sayableTo: furthest * largest,
    },
  };
}

/**
 * By how much residuals are widened before they stand for errors: n points left n − 3 of them free, and the quantiles of
 * so few are those of Student's t and no longer of the normal.
 */
function spreadOf(n: number): number {
  const free = n - 3;
  return Math.sqrt(n / free) * (tQuantile((1 + confidence) / 2, free) / tQuantile((1 + confidence) / 2, 1e6));
}

/** Throughput by the law at so many in flight; undefined beyond twice the largest load measured. */
export function uslPerS({ gamma, alpha, beta, sayableTo }: Usl, inFlight: number): number | undefined {
  if (inFlight > sayableTo) return undefined;
  return (gamma * inFlight) / denominator(alpha, beta, inFlight);
}

function denominator(alpha: number, beta: number, n: number): number {
  return 1 + alpha * (n - 1) + beta * n * (n - 1);
}

const model: CurveModel = {
  valueAt: ([logGamma, alpha, beta], n) =>
    (logGamma as number) + Math.log(n / denominator(alpha as number, beta as number, n)),
  slopesAt: ([, alpha, beta], n) => {
    const below = denominator(alpha as number, beta as number, n);
    return [1, -(n - 1) / below, (-n * (n - 1)) / below];
  },
  least: [-50, 0, 0],
  most: [50, 1, 1],
};

const ratio = ({ perS, inFlight }: UslPoint) => perS / inFlight;
const asStart = (value: number, i: number) => (i === 0 ? Math.log(value) : value);

function peakOf(parameters: Parameters, again: readonly Parameters[], largest: number): Usl['peak'] {
  const at = peakAt(parameters);
  if (at > furthest * largest) return null;
  const ats = again.map(peakAt);
  const provenance = at <= largest ? 'interpolated' : 'extrapolated';
  const tops = again.map((each, i) => valueAt(each, Math.min(ats[i] as number, furthest * largest)));
  return {
    inFlight: { value: at, ...bounded(intervalOf(ats), furthest * largest), provenance },
    perS: { value: valueAt(parameters, at), ...intervalOf(tops), provenance },
  };
}

/** N* = √((1 − α)/β). */
function peakAt([, alpha, beta]: Parameters): number {
  return beta <= 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.sqrt((1 - alpha) / beta));
}

function valueAt(parameters: Parameters, n: number): number {
  return Math.exp(model.valueAt(parameters, n));
}

function bounded({ low, high }: Interval, most: number) {
  return { low, high: high > most ? null : high };
}

/** The middle part of some values that a further one lies in with `confidence`. */
function intervalOf(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const place = Math.max(1, Math.floor(((1 - confidence) / 2) * (sorted.length + 1)));
  return { low: sorted[place - 1] as number, high: sorted[sorted.length - place] as number };
}
