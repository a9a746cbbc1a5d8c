import { describe, expect, it } from 'vitest';
import { quantileOf, stampErrors } from '../../src/analysis/stamp-errors.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';

function record(requestId: string, tokenTimesMs: readonly number[]): RequestRecord {
  return {
    seq: 0,
    cell: 0,
    phase: 'measured',
    target: 'm/gpu0',
    workload: 'chat',
    dueMs: 5,
    sentMs: 6,
    tokenTimesMs,
    endMs: tokenTimesMs.at(-1) ?? 6,
    outputTokens: tokenTimesMs.length,
    tokensFrom: 'server',
    requestId,
    requestBytes: 1,
    outcome: { kind: 'ok' },
  };
}

describe('stampErrors', () => {
  it('lays times of a run beside those of the machine and gives errors without sign, in order', () => {
    // The run began at 1,000; the first event was sent at 10 of its time, the others 20 ms apart.
    const errors = stampErrors([record('a', [10.5, 30.25, 50.5])], { a: [1010, 1030, 1050], b: [1] }, 1000);
    expect(errors.stampMs).toEqual([0.25, 0.5, 0.5]);
    expect(errors.ttftMs).toEqual([0.5]);
    expect(errors.itlMs).toEqual([0.25, 0.25]);
    expect(errors.trueTtftMs).toEqual([5]);
    expect(errors.trueItlMs).toEqual([20, 20]);
    expect(errors.miscounted).toBe(0);
  });

  it('counts requests whose tokens are not as many as were sent, and of which nothing was sent', () => {
    const sent = { a: [1, 2], b: [1, 2, 3], d: [] };
    const errors = stampErrors([record('a', [1]), record('b', [1, 2, 3]), record('c', [1]), record('d', [])], sent, 0);
    expect(errors.miscounted).toBe(3);
    expect(errors.stampMs).toHaveLength(3);
  });
});

describe('quantileOf', () => {
  it('is the nearest rank, and nothing of nothing', () => {
    expect(quantileOf([1, 2, 3, 4], 0.5)).toBe(2);
    expect(quantileOf([1, 2, 3, 4], 0.99)).toBe(4);
    expect(quantileOf([], 0.5)).toBeUndefined();
  });
});
