import { metricSummary } from '../record/metric-summary.ts';
import { type MetricName, metrics } from '../record/metrics.ts';
import type { Counts, Rates } from '../record/summary.ts';
import { Histogram } from '../stats/histogram.ts';
import { type Measured, proportionOf } from './measure.ts';

/** Several cells as if they were one: counts and histograms add up, ratios are those of all, rates are means. */
export function pooled(cells: readonly Measured[]): Measured {
  const kinds = Object.keys(cells[0]?.counts ?? {}) as (keyof Counts)[];
  const counts = Object.fromEntries(kinds.map(kind => [kind, sum(cells.map(cell => cell.counts[kind]))])) as Counts;
  const retries = cells.flatMap(cell => cell.retries ?? []);
  return {
    counts,
    rates: rates(cells),
    metrics: Object.fromEntries(
      metrics.map(metric => [metric.name, pooledMetric(metric.name, cells)]),
    ) as Measured['metrics'],
    ...(retries.length === 0
      ? {}
      : {
          retries: {
            requests: sum(retries.map(each => each.requests)),
            attempts: sum(retries.map(each => each.attempts)),
            recovered: sum(retries.map(each => each.recovered)),
          },
        }),
  };
}

function pooledMetric(name: MetricName, cells: readonly Measured[]) {
  const parts = cells.map(cell => cell.metrics[name]);
  const histogram = new Histogram();
  for (const { hdr } of parts) histogram.add(Histogram.decode(hdr));
  return metricSummary({
    metric: metrics.find(metric => metric.name === name) as (typeof metrics)[number],
    histogram,
    requests: sum(parts.map(({ n }) => n)),
    unfinished: sum(parts.map(({ unfinished }) => unfinished)),
    boundMs: Math.min(...parts.map(({ unfinishedFrom }) => unfinishedFrom ?? Number.POSITIVE_INFINITY)),
  });
}

function rates(cells: readonly Measured[]): Rates {
  const names = Object.keys(cells[0]?.rates ?? {}) as (keyof Rates)[];
  return Object.fromEntries(
    names.map(name => {
      const shares = cells.flatMap(cell => proportionOf(cell, name) ?? []);
      if (shares.length > 0) return [name, sum(shares.map(({ count }) => count)) / sum(shares.map(({ of }) => of))];
      const values = cells.map(cell => cell.rates[name]);
      const known = values.filter(value => value !== null);
      return [name, known.length < values.length || known.length === 0 ? null : sum(known) / known.length];
    }),
  ) as unknown as Rates;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
