import { describe, expect, it } from 'vitest';
import { findings, judgeValidity, worstValidity } from '../../src/analysis/validity.ts';
import type { OutcomeKind } from '../../src/protocol/outcome.ts';
import { Recorder } from '../../src/record/recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { GeneratorSample, Validity } from '../../src/record/run.ts';
import type { Summary } from '../../src/record/summary.ts';
import type { Load } from '../../src/scenario/expand.ts';

const closed: Load = { kind: 'closed', concurrency: 8, effectiveConcurrency: 8, thinkTimeMs: 0 };

interface Given {
  readonly lagMs?: number;
  readonly ttftMs?: number;
  readonly count?: number;
  /** How many ended otherwise. */
  readonly failures?: Partial<Record<OutcomeKind, number>>;
}

/** A cell of requests that got their first token so long after they were sent, the last twentieth of them sent so late. */
function summaryOf({ lagMs = 0, ttftMs = 100, count = 300, failures = {} }: Given = {}): Summary {
  const recorder = new Recorder({ goodput: undefined, requestTimeoutMs: 30_000 });
  recorder.open(-1);
  recorder.close(9_999);
  const request: RequestRecord = {
    seq: 0,
    cell: 0,
    phase: 'measured',
    target: 'm/gpu0',
    workload: 'chat',
    dueMs: 0,
    sentMs: 0,
    tokenTimesMs: [ttftMs, ttftMs + 10],
    endMs: ttftMs + 10,
    outputTokens: 2,
    requestId: 'r',
    requestBytes: 1,
    outcome: { kind: 'ok' },
  };
  const late = {
    ...request,
    sentMs: lagMs,
    tokenTimesMs: [lagMs + ttftMs, lagMs + ttftMs + 10],
    endMs: lagMs + ttftMs + 10,
  };
  for (let i = 0; i < count; i++) recorder.add(i < count * 0.95 ? request : late);
  for (const [kind, times] of Object.entries(failures)) {
    for (let i = 0; i < times; i++)
      recorder.add({ ...request, tokenTimesMs: [], outcome: { kind: kind as OutcomeKind } });
  }
  return recorder.summary();
}

const calm: GeneratorSample = {
  atMs: 1_000,
  cells: [0],
  sent: 100,
  ended: 90,
  inFlight: 10,
  loopDelayMs: { mean: 0.1, p99: 1, max: 3 },
  cpuRatio: 0.2,
  gcMs: 1,
  memoryBytes: 1e8,
};

const verdict = (given: Given, samples: readonly GeneratorSample[] = [calm]) =>
  judgeValidity(summaryOf(given), samples).verdict;
const sampled = (given: Partial<GeneratorSample>) => judgeValidity(summaryOf(), [{ ...calm, ...given }]);

describe('judgeValidity', () => {
  it('believes a generator that was calm and on time', () => {
    expect(judgeValidity(summaryOf(), [calm, calm])).toEqual({ verdict: 'valid', reasons: [] });
  });

  it('doubts sends that were late by a tenth of the median TTFT, and believes nothing where they were late by all of it', () => {
    expect(verdict({ lagMs: 5, ttftMs: 100 })).toBe('valid');
    expect(verdict({ lagMs: 15, ttftMs: 100 })).toBe('suspect');
    expect(verdict({ lagMs: 15, ttftMs: 1_000 })).toBe('valid');
    expect(verdict({ lagMs: 30, ttftMs: 1 })).toBe('suspect');
    expect(verdict({ lagMs: 60, ttftMs: 1 })).toBe('invalid');
    const late = judgeValidity(summaryOf({ lagMs: 200, ttftMs: 100 }), [calm]);
    expect(late.verdict).toBe('invalid');
    expect(late.reasons[0]).toMatchObject({
      text: expect.stringContaining('200 ms'),
      advice: expect.stringMatching(/./),
    });
  });

  it('doubts a late event loop', () => {
    expect(sampled({ loopDelayMs: { mean: 5, p99: 30, max: 50 } }).verdict).toBe('suspect');
    expect(sampled({ loopDelayMs: { mean: 50, p99: 150, max: 500 } }).verdict).toBe('invalid');
  });

  it('doubts a generator that used up its core', () => {
    const { verdict: judged, reasons } = sampled({ cpuRatio: 0.95 });
    expect(judged).toBe('suspect');
    expect(reasons).toHaveLength(1);
    expect(reasons[0]?.text).toContain('95.0 %');
  });

  it('doubts an embedded service that wrote its tokens late', () => {
    expect(sampled({ engineLateRatio: 0.005 }).verdict).toBe('valid');
    expect(sampled({ engineLateRatio: 0.05 }).verdict).toBe('suspect');
    expect(sampled({ engineLateRatio: 0.6 }).verdict).toBe('invalid');
  });

  it('gives every reason, with its figure and what to do', () => {
    const { reasons } = judgeValidity(summaryOf({ lagMs: 60 }), [
      { ...calm, cpuRatio: 1, loopDelayMs: { mean: 9, p99: 50, max: 90 } },
    ]);
    expect(reasons).toHaveLength(3);
    for (const { text, advice } of reasons) {
      expect(text).toMatch(/\d/);
      expect(advice).toMatch(/\w/);
    }
  });

  it('says nothing against the generator for what the service did', () => {
    const failures = {
      timeout: 100,
      overloaded: 100,
      rate_limited: 100,
      server_error: 100,
      connection: 100,
      rejected: 50,
    };
    expect(judgeValidity(summaryOf({ failures, ttftMs: 25_000 }), [calm])).toEqual({ verdict: 'valid', reasons: [] });
    expect(verdict({ count: 0 })).toBe('valid');
  });

  it('can judge without samples', () => {
    expect(verdict({}, [])).toBe('valid');
    expect(verdict({ lagMs: 500 }, [])).toBe('invalid');
  });
});

describe('worstValidity', () => {
  const valid: Validity = { verdict: 'valid', reasons: [] };
  const suspect: Validity = { verdict: 'suspect', reasons: [{ text: 'late: 7 ms', advice: 'rest' }] };
  const invalid: Validity = { verdict: 'invalid', reasons: [{ text: 'very late: 700 ms', advice: 'rest more' }] };

  it('is that of the worst cell', () => {
    expect(worstValidity([]).verdict).toBe('valid');
    expect(worstValidity([valid, valid])).toEqual(valid);
    expect(worstValidity([valid, suspect, valid]).verdict).toBe('suspect');
    expect(worstValidity([suspect, invalid, valid]).verdict).toBe('invalid');
  });

  it('says how many cells those are, and each piece of advice once', () => {
    const { reasons } = worstValidity([
      suspect,
      valid,
      { ...suspect, reasons: [{ text: 'late: 9 ms', advice: 'rest' }] },
    ]);
    expect(reasons).toHaveLength(2);
    expect(reasons[0]?.text).toMatch(/2 of 3 cells/);
    expect(reasons[1]?.advice).toBe('rest');
  });
});

describe('findings', () => {
  const texts = (given: Given, load: Load = closed, stopRule?: string) =>
    findings(summaryOf(given), load, stopRule).map(found => found.text);

  it('are none where all went well', () => {
    expect(texts({})).toEqual([]);
  });

  it.each<[OutcomeKind, RegExp]>([
    ['rate_limited', /25\.0 % of the requests .*429/],
    ['overloaded', /25\.0 % of the requests .*model server/],
    ['forbidden', /25\.0 % of the requests .*403/],
    ['timeout', /25\.0 % of the requests .*not answered/],
    ['dropped', /25\.0 % of the requests .*never sent/],
  ])('tell of %s above one in a hundred', (kind, text) => {
    expect(texts({ count: 300, failures: { [kind]: 100 } })).toEqual([expect.stringMatching(text)]);
    expect(texts({ count: 300, failures: { [kind]: 3 } })).toEqual([]);
  });

  it('tell that nothing succeeded', () => {
    expect(texts({ count: 0, failures: { connection: 10 } })).toContainEqual(
      expect.stringMatching(/no request succeeded/),
    );
  });

  it('tell that nothing was measured', () => {
    const summary = new Recorder({ goodput: undefined, requestTimeoutMs: 1 }).summary();
    expect(findings(summary, closed)[0]?.text).toMatch(/nothing was measured/);
  });

  it('tell that fewer slots were driven than asked for, and how to go on', () => {
    const [found] = findings(summaryOf(), { ...closed, concurrency: 150, effectiveConcurrency: 100 });
    expect(found?.text).toMatch(/150.*100/);
    expect(found?.advice).toMatch(/exceed: true/);
  });

  it('tell which stop rule ended the step', () => {
    const rule = 'errorRatio > 0.2 for 15s';
    expect(texts({}, closed, rule)).toEqual([`stopIf ended this step early: ${rule}`]);
  });
});
