import { incompleteBeta } from './incomplete-beta.ts';

/** Ranks among n values, 1 for the smallest; undefined where n values do not bound that side. */
export interface RankInterval {
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/**
 * Between the values of which ranks the true quantile q lies, each side wrong with probability alpha at most, whatever
 * the distribution: order statistics and the binomial (H. A. David and H. N. Nagaraja, Order Statistics, 3rd ed., §7.1).
 */
export function quantileRanks(q: number, n: number, alpha: number): RankInterval {
  // The value of rank r lies above the quantile where fewer than r values are at or below it.
  const low = lastWhere(n, rank => atMost(rank - 1, n, q) <= alpha);
  const high = n - lastWhere(n, rank => 1 - atMost(n - rank, n, q) <= alpha) + 1;
  return { low: low === 0 ? undefined : low, high: high > n ? undefined : high };
}

/** The probability of at most k successes of n, each with probability q. */
function atMost(k: number, n: number, q: number): number {
  return k >= n ? 1 : k < 0 ? 0 : incompleteBeta(1 - q, n - k, k + 1);
}

/** The last of 1 … n for which a condition holds that never holds again once it does not; 0 for none. */
function lastWhere(n: number, holds: (rank: number) => boolean): number {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
