import { bisect } from 'simple-statistics';
import { incompleteBeta } from './incomplete-beta.ts';

/** The probability that Student's t with `df` degrees of freedom (which need not be whole) is at most t. */
export function tProbability(t: number, df: number): number {
  const squared = t * t;
  const within = Number.isFinite(squared) ? incompleteBeta(squared / (df + squared), 0.5, df / 2) : 1;
  return 0.5 + (Math.sign(t) * within) / 2;
}

/** The value that Student's t with `df` degrees of freedom does not exceed with probability p in (0, 1). */
export function tQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -tQuantile(1 - p, df);
  let high = 2;
  while (tProbability(high, df) < p && high < 1e12) high *= 2;
  return bisect(t => tProbability(t, df) - p, 0, high, 200, 1e-12 * high);
}
