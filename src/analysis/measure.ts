/** One number of a cell, found by its name: a quantile or mean of a metric, or a rate or ratio of the cell. */
import { metrics } from '../record/metrics.ts';
import { type Counts, type MetricSummary, type QuantileKey, quantiles, type Summary } from '../record/summary.ts';
import type { Objective } from '../scenario/objective.ts';
import type { Proportion } from '../stats/proportion.ts';

/** Which number of a cell: `statistic` is undefined where `metric` is a rate or ratio of the cell. */
export type Measure = Pick<Objective, 'metric' | 'statistic'>;

/** The part of a cell's numbers that is measured. */
export type Measured = Pick<Summary, 'rates' | 'metrics' | 'counts' | 'retries'>;

export interface Reading {
  /** null: there is no such number, or too little behind it. */
  readonly value: number | null;
  /** Whether requests that never ended reach it: the true value is at least this (at most, where higher is better). */
  readonly censored: boolean;
}

/** What was measured. */
export function read(cell: Measured, { metric, statistic }: Measure): Reading {
  if (statistic === undefined)
    return { value: (cell.rates as unknown as Record<string, number | null>)[metric] ?? null, censored: false };
  const summary = metricOf(cell, metric);
  if (summary === undefined) return { value: null, censored: false };
  if (typeof statistic === 'string') return { value: summary[statistic], censored: false };
  const key = keyOf(statistic);
  return key === undefined
    ? { value: null, censored: false }
    : { value: summary[key], censored: summary.censoredQuantiles.includes(key) };
}

/** The numbers of a metric of requests; undefined for a name that is none. */
export function metricOf(cell: Measured, metric: string): MetricSummary | undefined {
  return (cell.metrics as Readonly<Record<string, MetricSummary>>)[metric];
}

/** A ratio of the cell as so many of so many; undefined where it is none, or nothing was sent. */
export function proportionOf({ rates, counts, retries }: Measured, metric: string): Proportion | undefined {
  const ratio = (rates as unknown as Record<string, number | null>)[metric];
  if (ratio === undefined || ratio === null || !metric.endsWith('Ratio')) return undefined;
  const ofDue = metric === 'goodputRatio' || metric === 'droppedRatio';
  const of = ofDue ? counts.due : sentIn(counts) + (retries?.attempts ?? 0);
  return { count: Math.round(ratio * of), of };
}

function sentIn({ due, dropped }: Counts): number {
  return due - dropped;
}

/** Whether less of it or more of it is wished for. */
export function betterOf({ metric }: Measure): 'lower' | 'higher' {
  const ofRequests = metrics.find(({ name }) => name === metric)?.better;
  if (ofRequests !== undefined) return ofRequests;
  return metric.endsWith('PerS') || metric === 'goodputRatio' ? 'higher' : 'lower';
}

/** `p95(ttftMs)`, `outputTokensPerS`. */
export function measureText({ metric, statistic }: Measure): string {
  if (statistic === undefined) return metric;
  return `${typeof statistic === 'number' ? `p${Number((statistic * 100).toFixed(3))}` : statistic}(${metric})`;
}

function keyOf(statistic: number): QuantileKey | undefined {
  return (Object.keys(quantiles) as QuantileKey[]).find(each => quantiles[each] === statistic);
}
