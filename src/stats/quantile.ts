/** The rank of quantile q among n values by the nearest-rank rule, ⌈q·n⌉, safe from binary fractions such as 0.95·20. */
export function rankOf(q: number, n: number): number {
  return Math.max(1, Math.ceil(q * n - 1e-9));
}

/**
 * The fewest values of which quantile q can be given: from this n on, the largest of n values is a one-sided 95 %
 * upper bound of it, 1 − q^n ≥ 0.95. 5 for the median, 29 for p90, 59 for p95, 299 for p99, 2995 for p99.9.
 */
export function smallestSample(q: number): number {
  const tail = Math.max(q, 1 - q);
  return Math.ceil(Math.log(0.05) / Math.log(tail));
}

/** The middle of some values, between the two middle ones where their number is even; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** undefined of none. */
export function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
