import { describe, expect, it } from 'vitest';
import { wrongShare } from '../../../src/analysis/capacity/wrong.ts';
import type { OutcomeKind } from '../../../src/protocol/outcome.ts';
import type { RequestRecord } from '../../../src/record/request-record.ts';
import { parseObjective } from '../../../src/scenario/objective.ts';

const record = (kind: OutcomeKind, tokenTimesMs: number[] = [], endMs = 5_000): RequestRecord => ({
  seq: 0,
  cell: 0,
  phase: 'measured',
  target: 't',
  workload: 'w',
  dueMs: 1_000,
  sentMs: 1_000,
  tokenTimesMs,
  endMs,
  requestId: '',
  requestBytes: 0,
  outcome: { kind },
});
const of = (text: string, record: RequestRecord) => wrongShare(record, parseObjective(text), { ttftMs: 800 });

describe('a request lies on the wrong side', () => {
  it.each([
    ['in time', record('ok', [1_800]), 0],
    ['late', record('ok', [1_801]), 1],
    ['a failure after a first token in time', record('server_error', [1_500]), 0],
    ['never a first token', record('timeout'), 1],
    ['refused', record('overloaded'), 1],
    ['never sent', record('dropped'), 1],
    ['broken off too late', record('abandoned'), 1],
    ['broken off early, so that nobody knows', record('abandoned', [], 1_500), undefined],
    ['an answer without a token', record('ok'), undefined],
  ])('of p95(ttftMs) <= 800: %s', (_, record, wrong) => {
    expect(of('p95(ttftMs) <= 800', record)).toBe(wrong);
  });

  it('by as much as its gaps are too long', () => {
    expect(of('p99(itlMs) <= 100', record('ok', [1_100, 1_150, 1_300, 1_400, 1_500]))).toBe(0.25);
  });

  it.each([
    ['errorRatio <= 0.01', 'server_error', 1],
    ['errorRatio <= 0.01', 'overloaded', 0],
    ['overloadedRatio <= 0.01', 'overloaded', 1],
    ['rateLimitedRatio <= 0.01', 'rate_limited', 1],
    ['forbiddenRatio <= 0.01', 'forbidden', 1],
    ['droppedRatio <= 0.01', 'dropped', 1],
    ['goodputRatio >= 0.9', 'dropped', 1],
    ['errorRatio <= 0.01', 'abandoned', undefined],
  ] as const)('of %s: %s', (objective, kind, wrong) => {
    expect(of(objective, record(kind))).toBe(wrong);
  });

  it('of goodput where it is not within every limit', () => {
    expect(of('goodputRatio >= 0.9', record('ok', [1_800]))).toBe(0);
    expect(of('goodputRatio >= 0.9', record('ok', [1_801]))).toBe(1);
  });
});
