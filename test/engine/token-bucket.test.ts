import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/engine/token-bucket.ts';

const limit = { ratePerS: 10, burst: 25 };

/** How many of so many requests a second pass in the first so many seconds, and when the first is refused. */
function pass(ratePerS: number, seconds: number): { passed: number; firstRefusedMs: number | undefined } {
  const bucket = new TokenBucket(limit);
  let passed = 0;
  let firstRefusedMs: number | undefined;
  for (let request = 0; request < ratePerS * seconds; request++) {
    const nowMs = (request * 1000) / ratePerS;
    if (bucket.take(nowMs).taken) passed++;
    else firstRefusedMs ??= nowMs;
  }
  return { passed, firstRefusedMs };
}

describe('a token bucket of 10 a second and 25 at once', () => {
  it('lets 25 of 40 at once pass without a wait, and tells the next when', () => {
    const bucket = new TokenBucket(limit);
    const takes = Array.from({ length: 40 }, () => bucket.take(0));
    expect(takes.filter(({ taken }) => taken)).toHaveLength(25);
    expect(takes.filter(({ taken, waitMs }) => taken && waitMs > 0)).toHaveLength(0);
    expect(takes.at(-1)).toEqual({ taken: false, waitMs: 100 });
  });

  it('never refuses ten a second', () => {
    expect(pass(10, 60).firstRefusedMs).toBeUndefined();
  });

  it.each([
    [12, 12_000],
    [20, 2450],
    [100, 280],
  ])('refuses the first of %i a second after %i ms', (ratePerS, refusedMs) => {
    const { firstRefusedMs = 0 } = pass(ratePerS, 20);
    expect(Math.abs(firstRefusedMs - refusedMs)).toBeLessThan(refusedMs * 0.12);
  });

  it('makes a request wait for at most half the time between two', () => {
    const bucket = new TokenBucket(limit);
    for (let request = 0; request < 25; request++) bucket.take(0);
    expect(bucket.take(40)).toMatchObject({ taken: false });
    const late = bucket.take(60);
    expect(late.taken).toBe(true);
    expect(late.waitMs).toBeCloseTo(40);
  });

  it('is full again when it was forgotten', () => {
    const bucket = new TokenBucket({ ratePerS: 0.001, burst: 2 });
    expect([bucket.take(0), bucket.take(0), bucket.take(10)].map(({ taken }) => taken)).toEqual([true, true, false]);
    expect(bucket.take(2011).taken).toBe(true);
  });
});
