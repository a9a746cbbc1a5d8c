import type { Histogram } from '../stats/histogram.ts';
import { rankOf, smallestSample } from '../stats/quantile.ts';
import type { Metric } from './metrics.ts';
import { type MetricSummary, type QuantileKey, quantiles } from './summary.ts';

/** The values of one metric, and how many of its requests have one that never came. */
export interface Series {
  readonly metric: Metric;
  readonly histogram: Histogram;
  readonly requests: number;
  readonly unfinished: number;
  readonly boundMs: number;
}

/** The numbers of one metric. */
export function metricSummary(series: Series): MetricSummary {
  const { metric, histogram, requests, unfinished, boundMs } = series;
  const values = Object.entries(quantiles).map(([key, q]) => ({ key: key as QuantileKey, ...quantileOf(series, q) }));
  const byKey = Object.fromEntries(values.map(({ key, value }) => [key, value])) as Record<QuantileKey, number | null>;
  const censoredQuantiles = values.filter(({ censored }) => censored).map(({ key }) => key);
  // What lies beyond the worst that finished is not known: there is no mean then, and no worst value.
  const known = unfinished === 0;
  return {
    n: requests,
    unfinished,
    unfinishedFrom: unfinished === 0 ? null : boundMs,
    mean: known ? (histogram.mean ?? null) : null,
    min: known || metric.better === 'lower' ? (histogram.min ?? null) : null,
    max: known || metric.better === 'higher' ? (histogram.max ?? null) : null,
    ...byKey,
    censored: censoredQuantiles.length > 0,
    censoredQuantiles,
    hdr: histogram.count === 0 ? '' : histogram.encode(),
  };
}

/** A quantile; null where too few requests stand behind it, censored where it is one of a request that did not finish. */
export interface QuantileValue {
  readonly value: number | null;
  readonly censored: boolean;
}

/** One quantile of the finished values and, beyond their worse end, the unfinished ones. */
export function quantileOf({ metric, histogram, requests, unfinished, boundMs }: Series, q: number): QuantileValue {
  const total = histogram.count + unfinished;
  if (requests < smallestSample(q) || total === 0) return { value: null, censored: false };
  const rank = rankOf(q, total);
  if (metric.better === 'higher') {
    return rank <= unfinished
      ? { value: histogram.min ?? 0, censored: true }
      : { value: histogram.atRank(rank - unfinished) ?? null, censored: false };
  }
  if (rank > histogram.count) return { value: Math.max(boundMs, histogram.max ?? 0), censored: true };
  return { value: histogram.atRank(rank) ?? null, censored: false };
}
