import { microseconds } from '../clock.ts';
import type { GenerationRequest } from '../protocol/protocol.ts';
import type { AttemptEnd, RequestRecord } from '../record/request-record.ts';
import type { Attempt } from './driver.ts';

/** Which request of which cell a record is of. */
export type Named = Pick<RequestRecord, 'seq' | 'cell' | 'phase' | 'target' | 'workload'>;

/** The record of a request that has ended. Field by field: to spread what may be there or not costs more than to send a request. */
export function recordOf(
  named: Named,
  dueMs: number,
  placeWaitMs: number | undefined,
  { variant, askedInputTokens }: GenerationRequest,
  attempt: Attempt,
): RequestRecord {
  const { connectionWaitMs, headersMs, inputTokens, finishReason, server, attempts } = attempt;
  const record: { -readonly [Key in keyof RequestRecord]: RequestRecord[Key] } = {
    seq: named.seq,
    cell: named.cell,
    phase: named.phase,
    target: named.target,
    workload: named.workload,
    dueMs: microseconds(dueMs),
    sentMs: microseconds(attempt.sentMs),
    tokenTimesMs: attempt.tokenTimesMs,
    endMs: microseconds(attempt.endMs),
    requestId: attempt.requestId,
    requestBytes: attempt.requestBytes,
    outcome: attempt.outcome,
  };
  if (variant !== undefined) record.variant = variant;
  if (askedInputTokens !== undefined) record.askedInputTokens = askedInputTokens;
  if (placeWaitMs !== undefined) record.placeWaitMs = microseconds(placeWaitMs);
  if (connectionWaitMs !== undefined) record.connectionWaitMs = microseconds(connectionWaitMs);
  if (headersMs !== undefined) record.headersMs = microseconds(headersMs);
  if (inputTokens !== undefined) record.inputTokens = inputTokens;
  const counted = attempt.outputTokens ?? (attempt.tokenTimesMs.length || undefined);
  if (counted !== undefined) {
    record.outputTokens = counted;
    record.tokensFrom = attempt.outputTokens === undefined ? 'events' : 'server';
  }
  if (finishReason !== undefined) record.finishReason = finishReason;
  if (server !== undefined) record.server = server;
  if (attempts !== undefined) record.attempts = attempts.map(roundedEnd);
  return record;
}

function roundedEnd({ sentMs, endMs, outcome }: AttemptEnd): AttemptEnd {
  return { sentMs: microseconds(sentMs), endMs: microseconds(endMs), outcome };
}
