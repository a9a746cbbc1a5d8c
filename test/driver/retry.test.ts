import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../src/clock.ts';
import type { Attempt, Send } from '../../src/driver/driver.ts';
import { retrying } from '../../src/driver/retry.ts';
import type { Outcome } from '../../src/protocol/outcome.ts';
import type { Retry } from '../../src/scenario/resolve.ts';

const policy: Retry = {
  attempts: 3,
  backoffMs: 400,
  maxBackoffMs: 1_000,
  budgetRatio: 10,
  on: ['rate_limited', 'overloaded'],
};
const request = { prompt: 'x', images: [], maxNewTokens: 1, parameters: {}, stream: true };
const refused: Outcome = { kind: 'rate_limited', status: 429 };

/** A send that takes 10 ms and ends with each outcome in turn, the last of them for ever. */
function service(outcomes: readonly Outcome[]) {
  const clock = virtualClock();
  let sends = 0;
  const send: Send = () =>
    new Promise(resolve => {
      const sentMs = clock.nowMs();
      const outcome = outcomes[Math.min(sends++, outcomes.length - 1)] as Outcome;
      clock.at(sentMs + 10, () =>
        resolve({ sentMs, tokenTimesMs: [], endMs: clock.nowMs(), requestId: '', requestBytes: 1, outcome }),
      );
    });
  return { clock, send, sends: () => sends };
}

const signal = new AbortController().signal;

describe('retrying', () => {
  it('makes one attempt of all: sent with the first, ended with the last', async () => {
    const { clock, send } = service([refused, refused, { kind: 'ok' }]);
    const attempt = await clock.run(retrying(send, policy, clock, 1)(request, signal));
    expect(attempt.outcome.kind).toBe('ok');
    expect(attempt.sentMs).toBe(0);
    expect(attempt.attempts?.map(({ outcome }) => outcome.kind)).toEqual(['rate_limited', 'rate_limited', 'ok']);
    expect(attempt.endMs).toBe(attempt.attempts?.at(-1)?.endMs);
  });

  it('leaves a request that was answered at once as it is', async () => {
    const { clock, send } = service([{ kind: 'ok' }]);
    const attempt: Attempt = await clock.run(retrying(send, policy, clock, 1)(request, signal));
    expect(attempt.attempts).toBeUndefined();
  });

  it('waits at least what Retry-After says', async () => {
    const { clock, send } = service([{ ...refused, retryAfterMs: 5_000 }, { kind: 'ok' }]);
    const { attempts } = await clock.run(retrying(send, policy, clock, 1)(request, signal));
    expect((attempts?.[1]?.sentMs ?? 0) - (attempts?.[0]?.endMs ?? 0)).toBe(5_000);
  });

  it('waits a random time below a bound that doubles and is itself bounded', async () => {
    const waits: number[][] = [[], [], []];
    for (let seed = 0; seed < 300; seed++) {
      const { clock, send } = service([refused]);
      const { attempts = [] } = await clock.run(retrying(send, policy, clock, seed)(request, signal));
      for (const i of [0, 1, 2]) waits[i]?.push((attempts[i + 1]?.sentMs ?? 0) - (attempts[i]?.endMs ?? 0));
    }
    for (const [i, bound] of [400, 800, 1_000].entries()) {
      const all = waits[i] as number[];
      expect(Math.max(...all)).toBeLessThanOrEqual(bound);
      expect(Math.max(...all)).toBeGreaterThan(bound * 0.9);
      expect(all.reduce((a, b) => a + b, 0) / all.length).toBeGreaterThan(bound * 0.42);
      expect(all.reduce((a, b) => a + b, 0) / all.length).toBeLessThan(bound * 0.58);
    }
  });

  it('never sends again what may not be', async () => {
    for (const kind of ['unauthorized', 'rejected', 'protocol', 'server_error'] as const) {
      const { clock, send, sends } = service([{ kind }]);
      await clock.run(retrying(send, policy, clock, 1)(request, signal));
      expect(sends()).toBe(1);
    }
  });

  it('never exceeds its budget under a service that always refuses', async () => {
    const { clock, send, sends } = service([refused]);
    const again = retrying(send, { ...policy, attempts: 100, budgetRatio: 0.2 }, clock, 1);
    for (let i = 1; i <= 50; i++) {
      await clock.run(again(request, signal));
      expect(sends() - i).toBeLessThanOrEqual(0.2 * i);
    }
    expect(sends()).toBe(60);
  });

  it('stops waiting when the run does', async () => {
    const { clock, send, sends } = service([{ ...refused, retryAfterMs: 60_000 }]);
    const abort = new AbortController();
    clock.at(1_000, () => abort.abort());
    const attempt = await clock.run(retrying(send, policy, clock, 1)(request, abort.signal));
    expect(clock.nowMs()).toBe(1_000);
    expect(sends()).toBe(1);
    expect(attempt.outcome.kind).toBe('rate_limited');
  });
});
