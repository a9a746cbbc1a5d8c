/**
 * Where a share that grows with a load crosses a given share, from counts at several loads: a logistic regression of
 * the share on the logarithm of the load. Successive requests share queues and batches and so tell less than
 * independent ones would: the deviance is divided by a dispersion that the counts themselves show (quasi-likelihood;
 * P. McCullagh and J. A. Nelder, Generalized Linear Models, 2nd ed., ch. 4 and 9), and the interval holds every crossing
 * that the F test on the profiled deviance does not reject.
 */
import { tQuantile } from './student-t.ts';

/** So many of so many at one load, piece by piece in order of time. */
export interface CountsAtLoad {
  readonly load: number;
  readonly batches: readonly (readonly [of: number, count: number])[];
}

export interface Crossing {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** By which power of the load the odds of the share grow there. */
  readonly steepness: number;
  /** How many requests tell as much as one independent one would. */
  readonly dispersion: number;
}

/**
 * What is known of the steepness before anything is counted: the odds grow with about the eighth power of the load, and
 * in two of three cases by a factor of 2.5 more or less than that. It keeps the line rising where few counts would not.
 */
const prior = { log: Math.log(8), deviation: Math.log(2.5) };

/** Counts at loads further from the crossing than this factor tell nothing of it; nearer ones the more the nearer they are. */
const reach = 1.6;

/** Beyond this share a service is full: by how much it is tells nothing of the crossing. */
const full = 0.5;

/** So often counts are weighted by how near they are to the crossing that the last weights gave. */
const rounds = 4;

interface Group {
  readonly x: number;
  readonly of: number;
  readonly count: number;
  readonly weight: number;
  readonly batches: CountsAtLoad['batches'];
}

/** What a crossing is fitted to: the counts, the log-odds of the share to be crossed, and the dispersion. */
interface Sample {
  readonly groups: readonly Group[];
  readonly level: number;
  readonly dispersion: number;
}

interface Fit {
  /** The logarithm of the load at the crossing. */
  readonly at: number;
  readonly steepness: number;
  /** The deviance over the dispersion, with what the prior adds. */
  readonly value: number;
}

/** The load at which the share is `share` (0–1), with an interval of the given confidence. Needs counts at one load at least. */
export function crossingOf(counts: readonly CountsAtLoad[], share: number, confidence: number): Crossing {
  const level = Math.log(share / (1 - share));
  let sample: Sample = { groups: counts.map(each => groupOf(each, 1)), level, dispersion: 1 };
  let best = fitted(sample);
  let pieces = 0;
  let df = 1;
  for (let round = 0; round < rounds; round++) {
    const near = counts.map(each => groupOf(each, weightAt(Math.log(each.load) - best.at)));
    if (near.every(({ weight }) => weight === 0)) break;
    sample = { ...sample, groups: near };
    best = fitted(sample);
    const found = dispersionOf(sample, best);
    sample = { ...sample, dispersion: found.dispersion };
    ({ pieces, df } = found);
  }
  best = fitted(sample);
  const t = tQuantile((1 + confidence) / 2, pieces === 0 ? 1 : df);
  const limit = best.value + t * t;
  return {
    estimate: Math.exp(best.at),
    low: Math.exp(edge(sample, best.at, -1, limit)),
    high: Math.exp(edge(sample, best.at, 1, limit)),
    steepness: best.steepness,
    dispersion: sample.dispersion,
  };
}

/** The tricube kernel of local regression. */
function weightAt(distance: number): number {
  const u = Math.abs(distance) / Math.log(reach);
  return u >= 1 ? 0 : (1 - u ** 3) ** 3;
}

function groupOf({ load, batches }: CountsAtLoad, weight: number): Group {
  const of = batches.reduce((sum, [n]) => sum + n, 0);
  const count = batches.reduce((sum, [, k]) => sum + k, 0);
  return { x: Math.log(load), of, count: Math.min(count, full * of), weight, batches };
}

/** The crossing that suits the counts best. */
function fitted(sample: Sample): Fit {
  const xs = sample.groups.filter(({ weight }) => weight > 0).map(({ x }) => x);
  const at = lowest(x => profile(sample, x).value, Math.min(...xs) - 1, Math.max(...xs) + 1);
  return profile(sample, at);
}

/** The deviance where the crossing lies at `at`, with the steepness that then suits the counts best. */
function profile({ groups, level, dispersion }: Sample, at: number): Fit {
  const valueAt = (log: number) => {
    const steepness = Math.exp(log);
    let value = ((log - prior.log) / prior.deviation) ** 2;
    for (const { x, of, count, weight } of groups) {
      if (weight === 0) continue;
      const odds = level + steepness * (x - at);
      value += (2 * weight * (of * softplus(odds) - count * odds)) / dispersion;
    }
    return value;
  };
  const log = lowest(valueAt, prior.log - 4, prior.log + 4);
  return { at, steepness: Math.exp(log), value: valueAt(log) };
}

/** Where on one side of the best crossing the deviance reaches a limit; far out where it never does. */
function edge(sample: Sample, at: number, side: 1 | -1, limit: number): number {
  let [inside, outside] = [at, at + side * 0.05];
  while (profile(sample, outside).value < limit && Math.abs(outside - at) < 3)
    [inside, outside] = [outside, outside + side * 0.1];
  for (let i = 0; i < 16; i++) {
    const middle = (inside + outside) / 2;
    if (profile(sample, middle).value < limit) inside = middle;
    else outside = middle;
  }
  return inside;
}

/**
 * How much more counts vary about the line than those of independent requests, neighbouring pieces together, but never
 * less; and how many degrees of freedom that figure has. What goes wrong comes in clusters as large as the dispersion:
 * of a compound Poisson variable the excess kurtosis is one over the number of clusters in a piece, and sums with a
 * neighbour vary about three times as much as those of independent pieces.
 */
function dispersionOf({ groups, level }: Sample, { at, steepness }: Fit) {
  let [varied, expected, pieces, wrong] = [0, 0, 0, 0];
  for (const { x, of, count, weight, batches } of groups) {
    if (weight === 0 || count >= full * of) continue;
    const share = 1 / (1 + Math.exp(-level - steepness * (x - at)));
    const residuals = batches.map(([n, k]) => k - n * share);
    residuals.forEach((residual, i) => {
      varied += weight * residual * (residual + 2 * (residuals[i - 1] ?? 0));
    });
    expected += weight * of * share * (1 - share);
    pieces += weight * batches.length;
    wrong += weight * of * share;
  }
  if (pieces === 0) return { dispersion: 1, pieces, df: 1 };
  const dispersion = Math.max(1, ((varied / expected) * pieces) / Math.max(1, pieces - 2));
  const kurtosis = (dispersion * pieces) / wrong;
  return { dispersion, pieces, df: Math.max(1, (2 * pieces) / (3 * (2 + kurtosis))) };
}

/** log(1 + e^x) without overflow. */
function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x));
}

const golden = (Math.sqrt(5) - 1) / 2;

/** Where a function with one valley is lowest, by golden section. */
function lowest(of: (x: number) => number, from: number, to: number): number {
  let [a, b] = [from, to];
  let [c, d] = [b - golden * (b - a), a + golden * (b - a)];
  let [fc, fd] = [of(c), of(d)];
  while (b - a > 1e-4) {
    if (fc < fd) {
      [b, d, fd] = [d, c, fc];
      c = b - golden * (b - a);
      fc = of(c);
    } else {
      [a, c, fc] = [c, d, fd];
      d = a + golden * (b - a);
      fd = of(d);
    }
  }
  return (a + b) / 2;
}
