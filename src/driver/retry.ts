/** Asking again, as the API document advises: exponential backoff with full jitter, `Retry-After`, and a budget. */
import { setMaxListeners } from 'node:events';
import { type Clock, sleepUntil } from '../clock.ts';
import { seededRandom } from '../random.ts';
import type { AttemptEnd } from '../record/request-record.ts';
import type { Retry } from '../scenario/resolve.ts';
import type { Send } from './driver.ts';

/**
 * Sends a request until it is answered, may not be asked again, or the budget is spent. Its attempts make one: sent
 * when the first was, ended as the last did. The timeout is each attempt's own.
 */
export function retrying(send: Send, policy: Retry, clock: Clock, ...seed: readonly (string | number)[]): Send {
  const random = seededRandom(...seed, 'retry');
  let requests = 0;
  let retries = 0;
  const eitherOf = eitherSignal();
  return async (request, signal, stopped = signal) => {
    const over = eitherOf(signal, stopped);
    requests++;
    let attempt = await send(request, signal);
    const first = attempt;
    const attempts: AttemptEnd[] = [attempt];
    for (let retry = 0; retry < policy.attempts; retry++) {
      const { outcome } = attempt;
      const mayAgain = policy.on.includes(outcome.kind) && !outcome.banned && !over.aborted;
      if (!mayAgain || retries + 1 > policy.budgetRatio * requests) break;
      retries++;
      const jitterMs = random.uniform() * Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** retry);
      await sleepUntil(clock, attempt.endMs + Math.max(outcome.retryAfterMs ?? 0, jitterMs), over);
      if (over.aborted) break;
      attempt = await send(request, signal);
      attempts.push(attempt);
    }
    if (attempts.length === 1) return first;
    const ends = attempts.map(({ sentMs, endMs, outcome }) => ({ sentMs, endMs, outcome }));
    const { connectionWaitMs: _, ...last } = attempt;
    const waited = first.connectionWaitMs === undefined ? {} : { connectionWaitMs: first.connectionWaitMs };
    return { ...last, sentMs: first.sentMs, ...waited, attempts: ends };
  };
}

/** Gives the signal that aborts when either of two does: for the same two the same one, because each that is made is held for as long as they live. */
function eitherSignal(): (a: AbortSignal, b: AbortSignal) => AbortSignal {
  let known: { readonly a: AbortSignal; readonly b: AbortSignal; readonly either: AbortSignal } | undefined;
  return (a, b) => {
    if (a === b) return a;
    if (known?.a !== a || known.b !== b) {
      known = { a, b, either: AbortSignal.any([a, b]) };
      setMaxListeners(0, known.either); // every request that waits to be sent again listens
    }
    return known.either;
  };
}
