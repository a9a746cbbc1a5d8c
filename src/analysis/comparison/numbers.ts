/** The numbers that are compared, and how the requests of a side are spread. */
import { type MetricName, metrics } from '../../record/metrics.ts';
import type { Interval } from '../../stats/proportion.ts';
import { quantileRanks } from '../../stats/quantile-interval.ts';
import type { Distribution } from '../distribution.ts';
import type { Change } from '../gate/change.ts';
import { betterOf, type Measure } from '../measure.ts';

/** One number that every cell has. */
export interface Compared extends Measure {
  /** `TTFT p95`, a time in ms, or `tokens/s`. */
  readonly name: string;
  readonly better: 'lower' | 'higher';
  /** `points`: a share of requests, which changes by a difference; any other by a factor. */
  readonly kind: Change['kind'];
}

const quantilesOf: readonly (readonly [MetricName, readonly number[]])[] = [
  ['ttftMs', [0.5, 0.95, 0.99]],
  ['itlMs', [0.5, 0.99]],
  ['tpotMs', [0.5, 0.95]],
  ['responseTimeMs', [0.5, 0.95, 0.99]],
];

const rates = [
  ['achievedPerS', 'req/s'],
  ['outputTokensPerS', 'tokens/s'],
  ['goodputRatio', 'good answers'],
  ['rateLimitedRatio', '429 gateway'],
  ['overloadedRatio', '429 server'],
  ['forbiddenRatio', '403'],
  ['errorRatio', 'errors'],
  ['droppedRatio', 'dropped'],
] as const;

/** In the order in which they are told. */
export const compared: readonly Compared[] = [
  ...rates.slice(0, 2).map(rate),
  ...quantilesOf.flatMap(([metric, quantiles]) => {
    const { symbol, better } = metrics.find(({ name }) => name === metric) as (typeof metrics)[number];
    return quantiles.map(statistic => ({
      name: `${symbol.replace(' time', '')} p${statistic * 100}`,
      metric,
      statistic,
      better,
      kind: 'factor' as const,
    }));
  }),
  ...rates.slice(2).map(rate),
];

function rate([metric, name]: (typeof rates)[number]): Compared {
  const measure = { metric, statistic: undefined };
  return { ...measure, name, better: betterOf(measure), kind: metric.endsWith('Ratio') ? 'points' : 'factor' };
}

/**
 * Bounds on a quantile of one side, each wrong with probability alpha, from its requests alone; 0 and infinity where
 * there is none. Values of one request, such as its gaps, are not independent: they are taken for as many as requests.
 */
export function quantileBounds({ histogram, n, unfinished }: Distribution, q: number, alpha: number): Interval {
  const { low, high } = quantileRanks(q, n, alpha);
  const total = histogram.count + unfinished;
  const at = (rank: number | undefined) =>
    rank === undefined ? undefined : histogram.atRank(Math.max(1, Math.round((rank / n) * total)));
  return { low: at(low) ?? 0, high: at(high) ?? Number.POSITIVE_INFINITY };
}

/**
 * How often a request of the candidate takes longer than one of the base, ties half: ½ where neither side is slower
 * (A. Vargha and H. D. Delaney, JEBS 25, 2000, Â₁₂). undefined where a side has no requests.
 */
export function longerShare(base: Distribution, candidate: Distribution): number | undefined {
  const [ours, theirs] = [totalOf(base), totalOf(candidate)];
  if (ours === 0 || theirs === 0) return undefined;
  const values = [...base.histogram.values()];
  let [next, below, wins] = [0, 0, 0];
  for (const [value, count] of candidate.histogram.values()) {
    for (; next < values.length && (values[next]?.[0] as number) < value; next++) below += values[next]?.[1] as number;
    const equal = values[next]?.[0] === value ? (values[next]?.[1] as number) : 0;
    wins += count * (below + equal / 2);
  }
  // What never ended is longer than all that did, and as long as each other.
  wins += candidate.unfinished * (base.histogram.count + base.unfinished / 2);
  return wins / (ours * theirs);
}

function totalOf({ histogram, unfinished }: Distribution): number {
  return histogram.count + unfinished;
}
