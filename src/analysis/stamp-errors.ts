import type { RequestRecord } from '../record/request-record.ts';
import { rankOf } from '../stats/quantile.ts';

/** How far what was recorded lies from what was sent; in ms, without sign, each in ascending order. */
export interface StampErrors {
  /** Of the time of every token. */
  readonly stampMs: readonly number[];
  readonly ttftMs: readonly number[];
  readonly itlMs: readonly number[];
  /** TTFT and ITL as they would be without any error. */
  readonly trueTtftMs: readonly number[];
  readonly trueItlMs: readonly number[];
  /** Requests of which not as many tokens are recorded as were sent. */
  readonly miscounted: number;
}

/** Lays records, whose times begin at `beganMs` of the machine's clock, beside the times on it at which their events were sent. */
export function stampErrors(
  records: readonly RequestRecord[],
  sentMs: Readonly<Record<string, readonly number[]>>,
  beganMs: number,
): StampErrors {
  const stampMs: number[] = [];
  const ttftMs: number[] = [];
  const itlMs: number[] = [];
  const trueTtftMs: number[] = [];
  const trueItlMs: number[] = [];
  let miscounted = 0;
  for (const { requestId, tokenTimesMs, dueMs, outputTokens } of records) {
    const truth = (sentMs[requestId] ?? []).map(ms => ms - beganMs);
    if (truth.length === 0 || truth.length !== tokenTimesMs.length || truth.length !== outputTokens) {
      miscounted++;
      continue;
    }
    for (const [k, sent] of truth.entries()) {
      const error = (tokenTimesMs[k] as number) - sent;
      stampMs.push(Math.abs(error));
      if (k === 0) {
        trueTtftMs.push(sent - dueMs);
        ttftMs.push(Math.abs(error));
        continue;
      }
      const before = truth[k - 1] as number;
      trueItlMs.push(sent - before);
      itlMs.push(Math.abs(error - ((tokenTimesMs[k - 1] as number) - before)));
    }
  }
  for (const values of [stampMs, ttftMs, itlMs, trueTtftMs, trueItlMs]) values.sort((a, b) => a - b);
  return { stampMs, ttftMs, itlMs, trueTtftMs, trueItlMs, miscounted };
}

/** The quantile q of values in ascending order, by nearest rank; undefined where there are none. */
export function quantileOf(ascending: readonly number[], q: number): number | undefined {
  return ascending[rankOf(q, ascending.length) - 1];
}
