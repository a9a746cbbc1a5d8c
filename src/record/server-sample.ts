import type { TelemetryGap } from './gpu-sample.ts';

/** A histogram as far as it is used: since the server began. */
export interface Totals {
  readonly sum: number;
  readonly count: number;
}

/**
 * What a model server said of itself: a line of `server.jsonl`. Its counters run since it began and appear only once
 * they were used; what it did not say is undefined. The time is that of arrival, in ms on the run's clock.
 */
export interface ServerSample {
  readonly atMs: number;
  readonly source: 'tgi';
  readonly target: string;
  readonly simulated: boolean;
  /** Requests waiting for their first batch, and in the batch, at this moment. */
  readonly queueSize?: number;
  readonly batchSize?: number;
  /** The most tokens its batch may come to hold. */
  readonly batchMaxTokens?: number;
  readonly requests?: number;
  readonly successes?: number;
  /** By TGI's name for the reason. */
  readonly failures?: Readonly<Record<string, number>>;
  /** Sums in ms. Only requests that succeeded are in them. */
  readonly totalMs?: Totals;
  readonly validationMs?: Totals;
  readonly queueMs?: Totals;
  readonly inferenceMs?: Totals;
}

export type ServerLine = ServerSample | TelemetryGap;
