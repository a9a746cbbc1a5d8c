import type { MetricName } from '../record/metrics.ts';
import type { CellResult } from '../record/run.ts';
import { Histogram } from '../stats/histogram.ts';
import { rankOf } from '../stats/quantile.ts';

/** The requests of some cells together, by one metric. */
export interface Distribution {
  readonly histogram: Histogram;
  /** Requests with a value or with one that never came, and how many of them have none. */
  readonly n: number;
  readonly unfinished: number;
}

/** How the requests of cells are spread by a metric. */
export function distributionOf(cells: readonly Pick<CellResult, 'metrics'>[], metric: MetricName): Distribution {
  const histogram = new Histogram();
  let [n, unfinished] = [0, 0];
  for (const { metrics } of cells) {
    histogram.add(Histogram.decode(metrics[metric].hdr));
    n += metrics[metric].n;
    unfinished += metrics[metric].unfinished;
  }
  return { histogram, n, unfinished };
}

/** The value of a quantile; undefined where too few requests stand behind it (1 − qⁿ ≥ 0.95 does), or none that ended. */
export function quantileIn({ histogram, n, unfinished }: Distribution, q: number): number | undefined {
  if (n === 0 || 1 - q < (1 - 0.05 ** (1 / n)) * (1 - 1e-9)) return undefined;
  return histogram.atRank(Math.max(1, rankOf(q, histogram.count + unfinished)));
}
