/** Shares of a whole: bounds on one, and the difference between two. */
import { gammaln } from 'simple-statistics';
import { inverseIncompleteBeta } from './incomplete-beta.ts';
import { tQuantile } from './student-t.ts';

/** So many of so many. */
export interface Proportion {
  readonly count: number;
  readonly of: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * One-sided exact bounds on the true share, each with probability 1 − alpha (C. J. Clopper and E. S. Pearson,
 * Biometrika 26, 1934). The upper one is what MLPerf's early stopping asks for.
 */
export function clopperPearson({ count, of }: Proportion, alpha: number): Interval {
  return {
    low: count === 0 ? 0 : inverseIncompleteBeta(alpha, count, of - count + 1),
    high: count === of ? 1 : inverseIncompleteBeta(1 - alpha, count + 1, of - count),
  };
}

/** One-sided bounds on the true share by the score test, each with probability 1 − alpha (E. B. Wilson, JASA 22, 1927). */
export function wilson({ count, of }: Proportion, alpha: number): Interval {
  const z = normalQuantile(1 - alpha);
  const share = count / of;
  const centre = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { low: count === 0 ? 0 : centre - half, high: count === of ? 1 : centre + half };
}

/**
 * One-sided bounds on share(b) − share(a), each with probability 1 − alpha, from the Wilson bounds of both
 * (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10).
 */
export function shareDifference(a: Proportion, b: Proportion, alpha: number): Interval {
  const [pa, pb] = [a.count / a.of, b.count / b.of];
  const [wa, wb] = [wilson(a, alpha), wilson(b, alpha)];
  return {
    low: pb - pa - Math.hypot(pb - wb.low, wa.high - pa),
    high: pb - pa + Math.hypot(wb.high - pb, pa - wa.low),
  };
}

/** How likely at least so many in b are where both sides share one rate, given the total: Fisher's exact test, one-sided. */
export function fisherExact(a: Proportion, b: Proportion): number {
  const total = a.count + b.count;
  const logAll = logChoose(a.of + b.of, total);
  let probability = 0;
  for (let count = b.count; count <= Math.min(total, b.of); count++) {
    if (total - count <= a.of)
      probability += Math.exp(logChoose(b.of, count) + logChoose(a.of, total - count) - logAll);
  }
  return Math.min(1, probability);
}

function logChoose(n: number, k: number): number {
  return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1);
}

/** The quantile of the standard normal, to six digits: Student's t with a million degrees of freedom. */
function normalQuantile(p: number): number {
  return tQuantile(p, 1e6);
}
