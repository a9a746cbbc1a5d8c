import type { OutcomeKind } from '../protocol/outcome.ts';
import type { MetricName } from './metrics.ts';

/** The quantiles that are kept, by their key. */
export const quantiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
export type QuantileKey = keyof typeof quantiles;

/**
 * One metric of one cell. A quantile is null where too few requests stand behind it. Where requests that were never
 * finished reach it, its key is in `censored` and its value is a bound: the real one is at least that (at most, where
 * higher is better).
 */
export interface MetricSummary {
  /** Requests with a value or with one that never came. */
  readonly n: number;
  /** How many of them have one that never came, and what each of those is charged at least; null where there are none. */
  readonly unfinished: number;
  readonly unfinishedFrom: number | null;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly censored: boolean;
  readonly censoredQuantiles: readonly QuantileKey[];
  /** The histogram of the values, HDR V2 compressed, in thousandths of the unit. */
  readonly hdr: string;
}

/** Rates over the window and ratios of what was sent (each attempt of a request counts) or due; null where there is nothing to divide by. */
export interface Rates {
  readonly offeredPerS: number | null;
  readonly achievedPerS: number | null;
  readonly outputTokensPerS: number | null;
  readonly inputTokensPerS: number | null;
  readonly goodputPerS: number | null;
  readonly goodputRatio: number | null;
  readonly droppedRatio: number | null;
  readonly rateLimitedRatio: number | null;
  readonly overloadedRatio: number | null;
  readonly forbiddenRatio: number | null;
  /** Whatever else was sent and did not end well: with the three above and the successes it adds up to one. */
  readonly errorRatio: number | null;
}

/** Every outcome of the requests that were due in the window; they add up to `due`. */
export type Counts = { readonly due: number } & Readonly<Record<OutcomeKind, number>>;

/** What is told of one kind of request in a cell. */
export interface VariantSummary {
  readonly counts: Counts;
  readonly metrics: { readonly ttftMs: MetricSummary; readonly responseTimeMs: MetricSummary };
  readonly inputTokensMean: number | null;
}

/** The numbers of one cell. */
export interface Summary {
  /** When the cell was measured, ms since the run began; null if it never began. */
  readonly windowMs: readonly [number, number] | null;
  readonly counts: Counts;
  readonly warmupRequests: number;
  /** Sent after the window, until all endpoints of a parallel step were measured; only where some were. */
  readonly cooldownRequests?: number;
  readonly rates: Rates;
  readonly metrics: Readonly<Record<MetricName, MetricSummary>>;
  /** What the answers were like: means over the successful ones. */
  readonly tokens: {
    /** What prompts were made to have, where a length was asked for; beside it stands what the server counted. */
    readonly askedInputMean: number | null;
    readonly inputMean: number | null;
    readonly outputMean: number | null;
    /** Successful answers without a single token. */
    readonly emptyAnswers: number;
    readonly endedByLengthRatio: number | null;
  };
  /** What was sent again, only where something was: how many requests, how often in all, and how many then succeeded. */
  readonly retries?: { readonly requests: number; readonly attempts: number; readonly recovered: number };
  /** The same for each workload of a mix. */
  readonly byWorkload?: Readonly<Record<string, Summary>>;
  /** The same for each kind of request, where a workload has several. */
  readonly byVariant?: Readonly<Record<string, VariantSummary>>;
  /** The first answers of each kind of failure, to show what was said. */
  readonly examples: readonly {
    readonly kind: OutcomeKind;
    readonly status?: number;
    readonly by?: string;
    readonly detail?: string;
    readonly count: number;
  }[];
}
