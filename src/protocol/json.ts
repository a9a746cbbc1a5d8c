/** Reading JSON from servers, which may send anything. */
import { excerpt } from './outcome.ts';
import type { Answer, ProtocolError } from './protocol.ts';

/** The value of a JSON text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an answer says of itself, of what may be there or not and be anything. Field by field: to spread each costs as much as to parse the JSON. */
export function answerSaying(finishReason: unknown, inputTokens: unknown, outputTokens: unknown): Answer {
  const answer: { -readonly [Key in keyof Answer]: Answer[Key] } = { kind: 'answer' };
  if (typeof finishReason === 'string') answer.finishReason = excerpt(finishReason);
  if (isCount(inputTokens)) answer.inputTokens = inputTokens;
  if (isCount(outputTokens)) answer.outputTokens = outputTokens;
  return answer;
}

/** A count that can be believed. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What cannot be read as an answer ends as one of these, never as a guess. */
export function protocolError(detail: string): ProtocolError {
  return { kind: 'error', outcome: { kind: 'protocol', detail: excerpt(detail) } };
}
