/** Reading JSON from servers, which may send anything. */
import { excerpt } from './outcome.ts';
import type { ProtocolError } from './protocol.ts';

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

/** A count under another name; nothing where there is none to be believed. */
export function countIn<K extends string>(
  values: Readonly<Record<string, unknown>>,
  from: string,
  to: K,
): { readonly [key in K]?: number } {
  const count = values[from];
  return (Number.isSafeInteger(count) && (count as number) >= 0 ? { [to]: count } : {}) as {
    readonly [key in K]?: number;
  };
}

/** What cannot be read as an answer ends as one of these, never as a guess. */
export function protocolError(detail: string): ProtocolError {
  return { kind: 'error', outcome: { kind: 'protocol', detail: excerpt(detail) } };
}
