/** How a request ended. Lives with the protocol, which decides it. */
export type OutcomeKind = (typeof outcomeKinds)[number];

/** Every kind, in the order of tables. */
export const outcomeKinds = [
  'ok',
  'rate_limited',
  'overloaded',
  'forbidden',
  'unauthorized',
  'rejected',
  'server_error',
  'timeout',
  'connection',
  'protocol',
  'abandoned',
  'dropped',
] as const;

/** Who gave the answer, as far as its shape tells. */
export type Answerer = 'gateway' | 'auth' | 'model server' | 'unknown';

export interface Outcome {
  readonly kind: OutcomeKind;
  readonly status?: number;
  readonly by?: Answerer;
  /** What was said or what went wrong: at most 200 characters. */
  readonly detail?: string;
  /** How long the answer asked to wait before the next request. */
  readonly retryAfterMs?: number;
  /** A 403 that bars everyone for a while: the run must stop. */
  readonly banned?: true;
}

/** Turned away before any work was done: the slot waits before it asks again. */
export function isRefusal({ kind }: Outcome): boolean {
  return kind === 'rate_limited' || kind === 'overloaded' || kind === 'forbidden';
}

/** Taken by the service and not finished: slower than any that finished, so that it counts at the slow end of quantiles. */
export function isUnfinished({ kind }: Outcome): boolean {
  return (
    kind === 'timeout' ||
    kind === 'abandoned' ||
    kind === 'server_error' ||
    kind === 'connection' ||
    kind === 'protocol'
  );
}

/** The first 200 characters of a text, on one line and without control characters. */
export function excerpt(text: string): string {
  if (isShortWord.test(text)) return text;
  return text
    .slice(0, 400)
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ')
    .trim()
    .slice(0, 200);
}

/** What is its own excerpt, as most of what a server says of an answer is. */
const isShortWord = /^[\x21-\x7e]{1,200}$/;

/** Whether nothing more may be asked after it: a wrong token or a ban, for more of the same can ban everyone. */
export function endsEverything({ kind, banned }: Outcome): boolean {
  return kind === 'unauthorized' || banned === true;
}
