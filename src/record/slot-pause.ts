import { isRefusal } from '../protocol/outcome.ts';
import type { RequestRecord } from './request-record.ts';

/** How long a refused slot waits where the refusal does not say. */
export const refusedWaitMs = 1_000;

/** Whether a slot must not ask again at once after this: it was refused, or nobody answered at all. */
export function isHeldBack({ outcome, headersMs }: RequestRecord): boolean {
  return isRefusal(outcome) || (outcome.kind === 'connection' && headersMs === undefined);
}

/** What a slot of a closed loop waits between an answer and its next request, in ms. */
export function pauseMs(record: RequestRecord, thinkTimeMs: number): number {
  return isHeldBack(record) ? (record.outcome.retryAfterMs ?? refusedWaitMs) : thinkTimeMs;
}
