import { describe, expect, it } from 'vitest';
import { judgeProbe } from '../../../src/analysis/capacity/probe-counts.ts';
import {
  mostProbes,
  mostRequests,
  nextProbe,
  type SearchPlan,
  type Tried,
} from '../../../src/analysis/capacity/search.ts';
import { answerOf } from '../../../src/analysis/capacity/search-answer.ts';

const plan: SearchPlan = {
  allowed: 0.05,
  over: 'ratePerS',
  from: 1,
  to: 32,
  lowest: 1 / 16,
  requests: 600,
  measures: 6,
};

/** Where the share that fails at a load crosses 5 %, with odds that grow with its eighth power. */
const shareAt = (limit: number) => (load: number) => 1 / (1 + Math.exp(Math.log(19) - 8 * Math.log(load / limit)));

/** What a service of exactly these shares shows of a probe. */
function probed(next: NonNullable<ReturnType<typeof nextProbe>>, share: number): Tried {
  const pieces = Math.max(2, Math.round(next.requests / 60));
  const size = next.requests / pieces;
  const batches = Array.from({ length: pieces }, () => [size, size * share] as const);
  const { verdict } = judgeProbe(batches, plan.allowed);
  return { load: next.load, part: next.part, batches, verdict };
}

function searched(plan: SearchPlan, shareOf: (load: number) => number, tried: Tried[] = []): Tried[] {
  for (let next = nextProbe(plan, tried); next !== undefined; next = nextProbe(plan, tried)) {
    tried.push(probed(next, shareOf(next.load)));
    if (tried.length > 100) throw new Error('it does not end');
  }
  return tried;
}

describe('a search', () => {
  it.each([1.3, 3, 5.7, 8, 29])('finds a limit of %s, and says so with an interval around it', limit => {
    const tried = searched(plan, shareAt(limit));
    const { kind, low = 0, estimate = 0, high = 0 } = answerOf(plan, tried);
    expect(kind).toBe('found');
    expect(estimate / limit).toBeGreaterThan(0.98);
    expect(estimate / limit).toBeLessThan(1.02);
    expect(low).toBeLessThan(limit);
    expect(high).toBeGreaterThan(limit);
    expect(tried.length).toBeLessThanOrEqual(mostProbes(plan));
    expect(tried.flatMap(({ batches }) => batches).reduce((sum, [n]) => sum + n, 0)).toBeLessThanOrEqual(
      mostRequests(plan),
    );
  });

  it('doubles, closes in, and then measures above and below in turn', () => {
    const tried = searched(plan, shareAt(5.7));
    expect(tried.slice(0, 4).map(({ load, part }) => [part, load])).toEqual([
      ['bracket', 1],
      ['bracket', 2],
      ['bracket', 4],
      ['bracket', 8],
    ]);
    const measured = tried.filter(({ part }) => part === 'measure').map(({ load }) => load);
    expect(measured).toHaveLength(6);
    measured.forEach((load, i) => {
      expect(Math.sign(load - 5.7)).toBe(i % 2 === 0 ? 1 : -1);
      expect(Math.abs(Math.log(load / 5.7))).toBeLessThan(0.16);
    });
  });

  it('goes below where it begins if that fails, and finds the limit there', () => {
    const answer = answerOf(plan, searched(plan, shareAt(0.4)));
    expect(answer).toMatchObject({ kind: 'found', estimate: expect.closeTo(0.4, 1) });
  });

  it('says that not even the lowest load holds', () => {
    const tried = searched(plan, () => 0.9);
    expect(answerOf(plan, tried)).toEqual({ kind: 'below from', confidence: 0.9, high: 1 / 16 });
    expect(tried.map(({ load }) => load)).toEqual([1, 0.5, 0.25, 0.125, 0.0625]);
  });

  it('says that nothing failed, and asks no more than it may', () => {
    const tried = searched(plan, () => 0);
    expect(answerOf(plan, tried)).toEqual({ kind: 'at least', confidence: 0.9, low: 32 });
    expect(Math.max(...tried.map(({ load }) => load))).toBe(32);
  });

  it('never asks more than it may where the limit is just below or above that', () => {
    for (const limit of [30, 33, 40]) {
      const tried = searched(plan, shareAt(limit));
      expect(Math.max(...tried.map(({ load }) => load))).toBeLessThanOrEqual(32);
      expect(answerOf(plan, tried).low).toBeLessThanOrEqual(32);
    }
  });

  it('counts whole slots, and stops where two neighbours are on either side', () => {
    const closed: SearchPlan = { ...plan, over: 'concurrency', lowest: 1, to: 100 };
    const tried = searched(closed, load => (load <= 11 ? 0 : 0.9));
    expect(tried.every(({ load }) => Number.isInteger(load))).toBe(true);
    const { kind, low = 0, high = 0 } = answerOf(closed, tried);
    expect(kind).toBe('found');
    expect(low).toBeLessThanOrEqual(11);
    expect(high).toBeGreaterThanOrEqual(11);
    expect(high - low).toBeLessThanOrEqual(2);
  });

  it('goes on from where it was broken off as if it had not been', () => {
    const whole = searched(plan, shareAt(5.7));
    for (const cut of [1, 4, 6, whole.length - 1])
      expect(searched(plan, shareAt(5.7), whole.slice(0, cut))).toEqual(whole);
  });

  it('says of a search that was broken off what is known, and that it is not over', () => {
    const whole = searched(plan, shareAt(5.7));
    expect(answerOf(plan, [])).toEqual({ kind: 'unknown', confidence: 0.9, reason: 'nothing was measured' });
    expect(answerOf(plan, whole.slice(0, 4))).toEqual({
      kind: 'unknown',
      confidence: 0.9,
      low: 4,
      high: 8,
      reason: 'it was broken off before it was done',
    });
    expect(answerOf(plan, whole.slice(0, -1))).toMatchObject({
      kind: 'found',
      reason: 'it was broken off before it was done',
    });
  });

  it('takes what the generator cannot hold for no limit of the service', () => {
    const tried: Tried[] = [];
    for (let next = nextProbe(plan, tried); next !== undefined; next = nextProbe(plan, tried))
      tried.push(next.load >= 8 ? { ...probed(next, 1), verdict: 'invalid' } : probed(next, 0));
    expect(tried.filter(({ verdict }) => verdict === 'invalid').map(({ load }) => load)).toEqual([8, 8]);
    expect(answerOf(plan, tried)).toEqual({
      kind: 'unknown',
      confidence: 0.9,
      low: 4,
      reason: 'the generator could not keep up at 8',
    });
  });

  it('tries once more what the generator could not hold by accident', () => {
    const tried: Tried[] = [];
    for (let next = nextProbe(plan, tried); next !== undefined; next = nextProbe(plan, tried)) {
      const isAccident = next.load === 4 && !tried.some(({ load }) => load === 4);
      tried.push({ ...probed(next, shareAt(5.7)(next.load)), ...(isAccident ? { verdict: 'invalid' as const } : {}) });
    }
    expect(answerOf(plan, tried)).toMatchObject({ kind: 'found', estimate: expect.closeTo(5.7, 0) });
  });

  it('takes a second look at what had held a short one, for a line that grows slowly does not show in it', () => {
    // Just above what is served a short look sees nothing yet.
    const tried: Tried[] = [];
    for (let next = nextProbe(plan, tried); next !== undefined; next = nextProbe(plan, tried))
      tried.push(probed(next, next.part === 'bracket' && next.load === 4 ? 0 : shareAt(3.2)(next.load)));
    expect(answerOf(plan, tried)).toMatchObject({ kind: 'found', estimate: expect.closeTo(3.2, 1) });
  });
});
