/** A record as its line of `requests.jsonl`, written field by field: `JSON.stringify` would cost more than sending the request does. */
import type { Outcome } from '../protocol/outcome.ts';
import type { AttemptEnd, RequestRecord } from '../record/request-record.ts';
import {
  mostBytesPerUnit,
  mostNumberBytes,
  writeAscii,
  writeBytes,
  writeNumber,
  writeText,
  writeTime,
  writeTimes,
} from './json-bytes.ts';

/** Each name as it stands behind the field before it. */
const name = {
  seq: Buffer.from('{"seq":'),
  cell: Buffer.from(',"cell":'),
  phase: Buffer.from(',"phase":'),
  target: Buffer.from(',"target":'),
  workload: Buffer.from(',"workload":'),
  variant: Buffer.from(',"variant":'),
  dueMs: Buffer.from(',"dueMs":'),
  sentMs: Buffer.from(',"sentMs":'),
  placeWaitMs: Buffer.from(',"placeWaitMs":'),
  connectionWaitMs: Buffer.from(',"connectionWaitMs":'),
  headersMs: Buffer.from(',"headersMs":'),
  endMs: Buffer.from(',"endMs":'),
  askedInputTokens: Buffer.from(',"askedInputTokens":'),
  inputTokens: Buffer.from(',"inputTokens":'),
  outputTokens: Buffer.from(',"outputTokens":'),
  tokensFrom: Buffer.from(',"tokensFrom":'),
  server: Buffer.from(',"server":'),
  requestId: Buffer.from(',"requestId":'),
  requestBytes: Buffer.from(',"requestBytes":'),
  finishReason: Buffer.from(',"finishReason":'),
  outcome: Buffer.from(',"outcome":'),
  attempts: Buffer.from(',"attempts":['),
  tokenTimesMs: Buffer.from(',"tokenTimesMs":['),
} satisfies Record<keyof RequestRecord, Buffer>;
const answerOf = Buffer.from('{"kind":"ok","status":');

/** More than all names and single numbers of a record take, and than those of an outcome. */
const mostFixedBytes = 2_048;
const mostOutcomeBytes = 512;

/** As many bytes as the line of a record may take, or more. */
export function mostLineBytes(record: RequestRecord): number {
  const { target, workload, variant, requestId, finishReason, tokenTimesMs, outcome, attempts } = record;
  const units =
    target.length + workload.length + requestId.length + (variant?.length ?? 0) + (finishReason?.length ?? 0);
  const ends = attempts === undefined ? 0 : attempts.reduce((sum, end) => sum + outcomeBytes(end.outcome), 0);
  return (
    mostFixedBytes + units * mostBytesPerUnit + tokenTimesMs.length * mostNumberBytes + outcomeBytes(outcome) + ends
  );
}

function outcomeBytes({ detail = '' }: Outcome): number {
  return mostOutcomeBytes + detail.length * mostBytesPerUnit;
}

/** Writes the line of a record, without its end, from `at` on; gives where it ends. There must be room for `mostLineBytes`. */
export function writeLine(record: RequestRecord, bytes: Buffer, at: number): number {
  let to = writeNumber(record.seq, bytes, writeBytes(name.seq, bytes, at));
  to = writeNumber(record.cell, bytes, writeBytes(name.cell, bytes, to));
  to = writeText(record.phase, bytes, writeBytes(name.phase, bytes, to));
  to = writeText(record.target, bytes, writeBytes(name.target, bytes, to));
  to = writeText(record.workload, bytes, writeBytes(name.workload, bytes, to));
  to = textField(name.variant, record.variant, bytes, to);
  to = writeTime(record.dueMs, bytes, writeBytes(name.dueMs, bytes, to));
  to = timeField(name.sentMs, record.sentMs, bytes, to);
  to = timeField(name.placeWaitMs, record.placeWaitMs, bytes, to);
  to = timeField(name.connectionWaitMs, record.connectionWaitMs, bytes, to);
  to = timeField(name.headersMs, record.headersMs, bytes, to);
  to = writeTime(record.endMs, bytes, writeBytes(name.endMs, bytes, to));
  to = numberField(name.askedInputTokens, record.askedInputTokens, bytes, to);
  to = numberField(name.inputTokens, record.inputTokens, bytes, to);
  to = numberField(name.outputTokens, record.outputTokens, bytes, to);
  to = textField(name.tokensFrom, record.tokensFrom, bytes, to);
  to = serverField(record, bytes, to);
  to = writeText(record.requestId, bytes, writeBytes(name.requestId, bytes, to));
  to = writeNumber(record.requestBytes, bytes, writeBytes(name.requestBytes, bytes, to));
  to = textField(name.finishReason, record.finishReason, bytes, to);
  to = writeOutcome(record.outcome, bytes, writeBytes(name.outcome, bytes, to));
  if (record.attempts !== undefined) to = attemptsField(record.attempts, bytes, to);
  to = writeTimes(record.tokenTimesMs, bytes, writeBytes(name.tokenTimesMs, bytes, to));
  return writeAscii(']}', bytes, to);
}

function textField(name: Buffer, value: string | undefined, bytes: Buffer, at: number): number {
  return value === undefined ? at : writeText(value, bytes, writeBytes(name, bytes, at));
}

function numberField(name: Buffer, value: number | undefined, bytes: Buffer, at: number): number {
  return value === undefined ? at : writeNumber(value, bytes, writeBytes(name, bytes, at));
}

function timeField(name: Buffer, value: number | undefined, bytes: Buffer, at: number): number {
  return value === undefined ? at : writeTime(value, bytes, writeBytes(name, bytes, at));
}

function serverField({ server }: RequestRecord, bytes: Buffer, at: number): number {
  return server === undefined ? at : writeAscii(JSON.stringify(server), bytes, writeBytes(name.server, bytes, at));
}

function attemptsField(attempts: readonly AttemptEnd[], bytes: Buffer, at: number): number {
  let to = writeBytes(name.attempts, bytes, at);
  for (const [k, { sentMs, endMs, outcome }] of attempts.entries()) {
    to = writeTime(sentMs, bytes, writeAscii(k === 0 ? '{"sentMs":' : ',{"sentMs":', bytes, to));
    to = writeTime(endMs, bytes, writeBytes(name.endMs, bytes, to));
    to = writeAscii('}', bytes, writeOutcome(outcome, bytes, writeBytes(name.outcome, bytes, to)));
  }
  return writeAscii(']', bytes, to);
}

/** Most are an answer and its status, and no more is to be said of those. */
function writeOutcome(outcome: Outcome, bytes: Buffer, at: number): number {
  const { kind, status } = outcome;
  if (kind !== 'ok' || status === undefined) return at + bytes.write(JSON.stringify(outcome), at);
  return writeAscii('}', bytes, writeNumber(status, bytes, writeBytes(answerOf, bytes, at)));
}
