import { describe, expect, it } from 'vitest';
import { judgeLimits, type PacedTrial, type Trial } from '../../src/analysis/limits.ts';
import type { Outcome } from '../../src/protocol/outcome.ts';
import { seededRandom } from '../../src/random.ts';

const ok: Outcome = { kind: 'ok', status: 200 };
const limited: Outcome = { kind: 'rate_limited', status: 429, by: 'gateway', retryAfterMs: 1_000 };
const nothing = { trials: [] };

const trial = (sentMs: number, outcome: Outcome = ok, endMs = sentMs + 5): Trial => ({ sentMs, endMs, outcome });

/** Requests that are added every 20 ms and kept until the end, the last of them refused. */
const added = (held: number): Trial[] => [
  ...Array.from({ length: held }, (_, k) => trial(k * 20, { kind: 'abandoned' }, 60_000)),
  trial(held * 20, limited),
];

/** A limiter as a token bucket that lets a request wait for `patience` of a token, and how it answers, up to its first refusal. */
function limiter(ratePerS: number, burst: number, patience: number) {
  let tokens = burst;
  let lastMs = 0;
  return (atMs: number): Outcome => {
    tokens = Math.min(burst, tokens + ((atMs - lastMs) / 1000) * ratePerS);
    lastMs = atMs;
    if (tokens < 1 - patience) return limited;
    tokens--;
    return ok;
  };
}

/** Both series at such a limiter, requests arriving a little unevenly. */
function probed(ratePerS: number, burst: number, patience: number) {
  const answer = limiter(ratePerS, burst, patience);
  const random = seededRandom(7, 'arrivals');
  const kept: Trial[] = [];
  let atMs = 0;
  const send = () => trial(atMs, answer(atMs + random.uniform() * 3));
  do {
    const sent = send();
    kept.push(sent.outcome === ok ? { ...sent, endMs: 2_500, outcome: { kind: 'abandoned' } } : sent);
    atMs += 20;
  } while (kept.at(-1)?.outcome !== limited && kept.length < 160);
  atMs += 1_000;
  const again = send();
  atMs += 1_000;
  const paced: PacedTrial[] = [];
  for (const pace of [5, 10, 20, 40, 80]) {
    for (let k = 0; k < pace * 1.2 && paced.length < 150 && paced.at(-1)?.outcome !== limited; k++) {
      paced.push({ ...send(), ratePerS: pace });
      atMs += 1_000 / pace;
    }
  }
  return judgeLimits({ trials: kept, again }, { trials: paced });
}

describe('the limits that a probe found', () => {
  it('are of concurrency where waiting does not help while as many are in flight', () => {
    const { concurrency, requests } = judgeLimits({ trials: added(100), again: trial(3_005, limited) }, nothing);
    expect(concurrency).toMatchObject({ held: 100, refused: 101, kind: 'concurrency' });
    expect(concurrency.refusal).toEqual({ outcome: limited, waitedMs: 1_000, answeredThen: false });
    expect(requests).toBe(102);
  });

  it('are of rate where waiting helps although as many are in flight', () => {
    const { concurrency } = judgeLimits({ trials: added(30), again: trial(1_605) }, nothing);
    expect(concurrency).toMatchObject({ held: 30, refused: 31, kind: 'rate', refusal: { answeredThen: true } });
  });

  it('are of neither for sure where some had ended by then, or nobody asked again', () => {
    const trials = added(30).with(3, trial(60, ok, 700));
    expect(judgeLimits({ trials, again: trial(1_605) }, nothing).concurrency.kind).toBe(null);
    expect(judgeLimits({ trials: added(30) }, nothing).concurrency).toMatchObject({
      kind: null,
      refusal: { waitedMs: null, answeredThen: null },
    });
  });

  it('are unknown where nothing was turned away, but for what held', () => {
    const kept = added(12).slice(0, -1);
    const paced = [5, 5, 10, 10].map((ratePerS, k) => ({ ...trial(70_000 + k), ratePerS }));
    expect(judgeLimits({ trials: kept }, { trials: paced })).toEqual({
      requests: 16,
      concurrency: { held: 12, refused: null, refusal: null, kind: null },
      rate: { heldPerS: 10, refusedPerS: null, refusal: null },
      bucket: null,
    });
  });

  it('are what a failure shows as well', () => {
    const failed: Outcome = { kind: 'server_error', status: 502, by: 'gateway' };
    const { concurrency, bucket } = judgeLimits({ trials: added(40).with(-1, trial(800, failed)) }, nothing);
    expect(concurrency).toMatchObject({ held: 40, refused: 41, refusal: { outcome: failed } });
    expect(bucket).toBe(null);
  });

  it.each([
    [10, 25, 0.5],
    [10, 25, 0],
    [5, 10, 0],
    [15, 30, 0.5],
    [2, 60, 0],
  ])('tell a token bucket of %d a second and %d at once, patience %d, within a little', (ratePerS, burst, patience) => {
    const { bucket } = probed(ratePerS, burst, patience);
    const [leastRate, mostRate] = bucket?.ratePerS ?? [Number.NaN, Number.NaN];
    const [leastBurst, mostBurst] = bucket?.burst ?? [Number.NaN, Number.NaN];
    expect(leastRate).toBeLessThanOrEqual(ratePerS);
    expect(mostRate).toBeGreaterThanOrEqual(ratePerS);
    expect(leastBurst).toBeLessThanOrEqual(burst);
    expect(mostBurst).toBeGreaterThanOrEqual(burst);
    expect(mostRate / leastRate).toBeLessThan(1.5);
    expect(mostBurst / leastBurst).toBeLessThan(1.5);
  });

  it('name no bucket where none would answer so', () => {
    const trials = [trial(0, limited), ...Array.from({ length: 50 }, (_, k) => trial(100 + k * 5))];
    expect(judgeLimits(nothing, { trials: trials.map(each => ({ ...each, ratePerS: 5 })) }).bucket).toBe(null);
  });
});
