import { describe, expect, it } from 'vitest';
import { judgeObjectives } from '../../src/analysis/objectives.ts';
import type { Outcome } from '../../src/protocol/outcome.ts';
import { Recorder } from '../../src/record/recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { ObjectiveResult } from '../../src/record/run.ts';
import type { Load } from '../../src/scenario/expand.ts';
import { parseObjective } from '../../src/scenario/objective.ts';

const closed: Load = { kind: 'closed', concurrency: 8, effectiveConcurrency: 8, thinkTimeMs: 0 };
const open: Load = { kind: 'open', arrivals: 'poisson', ratePerS: 2.5, whenFull: 'drop' };
const timeout: Outcome = { kind: 'timeout' };

function request(endMs: number, outcome: Outcome = { kind: 'ok' }): RequestRecord {
  return {
    seq: 0,
    cell: 0,
    phase: 'measured',
    target: 'hermes/gpu0',
    workload: 'chat',
    dueMs: 0,
    sentMs: 0,
    tokenTimesMs: outcome.kind === 'ok' ? [endMs / 2, endMs] : [],
    endMs,
    outputTokens: 2,
    requestId: 'r',
    requestBytes: 1,
    outcome,
  };
}

interface Given {
  readonly load?: Load;
  /** How long the answers took. */
  readonly ok?: readonly number[];
  readonly timeouts?: number;
}

const oneTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** What is said of a cell of chat requests to hermes/gpu0, over a window of 10 s. */
function judge(
  texts: readonly string[],
  { load = closed, ok = oneTo(100), timeouts = 0 }: Given = {},
): ObjectiveResult[] {
  const recorder = new Recorder({ goodput: undefined, requestTimeoutMs: 30_000 });
  recorder.open(-1);
  recorder.close(9_999);
  for (const endMs of ok) recorder.add(request(endMs));
  for (let i = 0; i < timeouts; i++) recorder.add(request(30_000, timeout));
  const cell = {
    target: { name: 'hermes/gpu0', model: 'hermes', gpu: 0 },
    workload: 'chat',
    load,
    ...recorder.summary(),
  };
  return judgeObjectives(texts.map(parseObjective), cell);
}

const held = (text: string, given?: Given) => judge([text], given).map(result => result.held);

describe('an objective', () => {
  it('is held or missed where a 95 % bound on the true share says so, and open in between', () => {
    expect(
      judge([
        'p90(responseTimeMs) <= 97',
        'p90(responseTimeMs) <= 90.1',
        'p90(responseTimeMs) <= 83',
        'errorRatio < 0.03',
        'errorRatio < 0.01',
      ]),
    ).toEqual([
      { text: 'p90(responseTimeMs) <= 97', measured: expect.closeTo(90, 0), held: true },
      { text: 'p90(responseTimeMs) <= 90.1', measured: expect.closeTo(90, 0), held: null },
      { text: 'p90(responseTimeMs) <= 83', measured: expect.closeTo(90, 0), held: false },
      { text: 'errorRatio < 0.03', measured: 0, held: true },
      { text: 'errorRatio < 0.01', measured: 0, held: null },
    ]);
  });

  // One-sided 95 % exact bound, so many over the limit: n ≥ 59 for none, 93 for one, 124 for two (p95).
  it.each([
    { over: 0, needed: 59 },
    { over: 1, needed: 93 },
    { over: 2, needed: 124 },
  ])('takes p95 for held from $needed requests on where $over of them are over', ({ over, needed }) => {
    const answers = (n: number) => oneTo(n).map(i => (i <= over ? 900 : 100));
    expect(held('p95(responseTimeMs) <= 800', { ok: answers(needed) })).toEqual([true]);
    expect(held('p95(responseTimeMs) <= 800', { ok: answers(needed - 1) })).toEqual([null]);
  });

  it('is missed by a few requests already where all of them are beyond it', () => {
    expect(judge(['p95(responseTimeMs) <= 800'], { ok: [900, 900, 900] })).toEqual([
      { text: 'p95(responseTimeMs) <= 800', measured: null, held: false },
    ]);
  });

  it('judges rates as they were measured', () => {
    expect(judge(['achievedPerS >= 20', 'achievedPerS >= 9.9'])).toMatchObject([
      { measured: 10, held: false },
      { measured: 10, held: true },
    ]);
  });

  it('can bound the mean and the largest value', () => {
    expect(judge(['mean(responseTimeMs) <= 50.5', 'max(responseTimeMs) < 100'])).toMatchObject([
      { measured: 50.5, held: true },
      { measured: 100, held: false },
    ]);
  });

  it('is open where there are too few requests for its quantile', () => {
    expect(judge(['p99(responseTimeMs) <= 1000'])).toEqual([
      { text: 'p99(responseTimeMs) <= 1000', measured: null, held: null },
    ]);
    expect(held('p50(responseTimeMs) <= 1000', { ok: [] })).toEqual([null]);
    expect(held('errorRatio <= 1', { ok: [] })).toEqual([null]);
  });

  it('is open where the cell has no such number', () => {
    expect(held('goodputRatio >= 0')).toEqual([null]);
  });

  it('speaks of the cells it names: by workload, target or model', () => {
    for (const selector of ['', 'chat: ', 'hermes/gpu0: ', 'hermes: ', 'chat, hermes: ']) {
      expect(held(`${selector}errorRatio <= 0.05`)).toEqual([true]);
    }
    for (const selector of ['caption: ', 'hermes/gpu1: ', 'llava: ', 'chat, llava: ']) {
      expect(held(`${selector}errorRatio <= 0.05`)).toEqual([]);
    }
  });

  it('speaks of the loads it names', () => {
    expect(held('concurrency <= 8: errorRatio <= 1')).toEqual([true]);
    expect(held('concurrency < 8: errorRatio <= 1')).toEqual([]);
    expect(held('concurrency > 1, concurrency = 8: errorRatio <= 1')).toEqual([true]);
    expect(held('ratePerS <= 100: errorRatio <= 1')).toEqual([]);
    expect(held('ratePerS = 2.5: errorRatio <= 1', { load: open })).toEqual([true]);
    expect(held('concurrency <= 100: errorRatio <= 1', { load: open })).toEqual([]);
  });
});

describe('an objective over requests that never ended', () => {
  it('is missed by a quantile that reaches them', () => {
    expect(judge(['p95(responseTimeMs) <= 12000'], { ok: oneTo(90), timeouts: 10 })).toEqual([
      { text: 'p95(responseTimeMs) <= 12000', measured: 30_000, held: false },
    ]);
  });

  it('is open where its bound lies beyond the timeout', () => {
    expect(held('p95(responseTimeMs) <= 40000', { ok: oneTo(90), timeouts: 10 })).toEqual([null]);
  });

  it('is judged as ever by a quantile that does not reach them', () => {
    expect(held('p50(responseTimeMs) <= 51', { ok: oneTo(90), timeouts: 10 })).toEqual([null]);
    expect(held('p50(responseTimeMs) <= 60', { ok: oneTo(90), timeouts: 10 })).toEqual([true]);
  });

  it('takes the slowest for unfinished where more is better', () => {
    const given = { ok: oneTo(90), timeouts: 60 };
    // 1000 / TPOT, where the answers above have a TPOT of half their time.
    expect(held('p90(userTokensPerS) >= 5000', given)).toEqual([false]);
    expect(held('p50(userTokensPerS) >= 1', given)).toEqual([true]);
  });

  it('is not held by the largest of those that did end', () => {
    expect(held('max(responseTimeMs) <= 12000', { timeouts: 1 })).not.toEqual([true]);
    expect(held('max(ttftMs) <= 12000', { timeouts: 1 })).not.toEqual([true]);
  });

  it('is not held by the mean of those that did end', () => {
    expect(held('mean(responseTimeMs) <= 12000', { timeouts: 1 })).toEqual([null]);
  });
});
