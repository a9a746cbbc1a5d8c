import type { HttpAnswer } from './failure.ts';

/**
 * Where a server says the time of a request went, by its own clock: validation, then the queue, then inference, which
 * add up to the total. TGI cuts each to whole milliseconds, so that 0 is less than one.
 */
export interface ServerTimings {
  readonly validationMs?: number;
  readonly queueMs?: number;
  readonly inferenceMs?: number;
  readonly timePerTokenMs?: number;
  readonly totalMs?: number;
}

/** Where TGI's `x-…-time` headers say the time of a request went, in ms; undefined where it has none of them. */
export function serverTimings(headers: HttpAnswer['headers']): ServerTimings | undefined {
  const validationMs = milliseconds(headers['x-validation-time']);
  const queueMs = milliseconds(headers['x-queue-time']);
  const inferenceMs = milliseconds(headers['x-inference-time']);
  const timePerTokenMs = milliseconds(headers['x-time-per-token']);
  // The same time twice: once in seconds with fractions, once in whole milliseconds.
  const seconds = milliseconds(headers['x-compute-time']);
  const totalMs = seconds === undefined ? milliseconds(headers['x-total-time']) : Math.round(seconds * 1e6) / 1e3;
  if (
    validationMs === undefined &&
    queueMs === undefined &&
    inferenceMs === undefined &&
    timePerTokenMs === undefined &&
    totalMs === undefined
  )
    return undefined;
  return {
    ...(validationMs === undefined ? {} : { validationMs }),
    ...(queueMs === undefined ? {} : { queueMs }),
    ...(inferenceMs === undefined ? {} : { inferenceMs }),
    ...(timePerTokenMs === undefined ? {} : { timePerTokenMs }),
    ...(totalMs === undefined ? {} : { totalMs }),
  };
}

/** A header that is a plain number; anything else says nothing. */
function milliseconds(header: string | readonly string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,12}(\.\d{1,12})?$/.test(header) ? Number(header) : undefined;
}
