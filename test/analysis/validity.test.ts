import { describe, expect, it } from 'vitest';
import { type Judged, judgeValidity, worstValidity } from '../../src/analysis/validity.ts';
import type { OutcomeKind } from '../../src/protocol/outcome.ts';
import { EvidenceRecorder } from '../../src/record/evidence.ts';
import { GeneratorRecorder } from '../../src/record/generator-recorder.ts';
import { Recorder } from '../../src/record/recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { GeneratorSample, Validity } from '../../src/record/run.ts';
import type { Load } from '../../src/scenario/expand.ts';

const open: Load = { kind: 'open', arrivals: 'poisson', ratePerS: 30, whenFull: 'drop' };

/** A cell over a window of 10 s, of these requests and samples. */
function cellOf(
  records: readonly RequestRecord[],
  samples: readonly GeneratorSample[] = [],
  load: Load = open,
): Judged {
  const recorder = new Recorder({ goodput: undefined, requestTimeoutMs: 30_000 });
  const evidence = new EvidenceRecorder({ load, oneTokenAnEvent: true });
  const generator = new GeneratorRecorder();
  for (const each of [recorder, evidence, generator]) {
    each.open(0);
    each.close(10_000);
  }
  for (const record of records) {
    recorder.add(record);
    evidence.add(record);
  }
  for (const sample of samples) generator.add(sample);
  const { counts, metrics } = recorder.summary();
  const told = generator.summary();
  return { counts, metrics, load, evidence: evidence.evidence(), ...(told === undefined ? {} : { generator: told }) };
}

interface Given {
  readonly lagMs?: number;
  readonly ttftMs?: number;
  readonly count?: number;
  /** How many ended otherwise. */
  readonly failures?: Partial<Record<OutcomeKind, number>>;
}

/** Due at a time and sent so much later, with two tokens after so long. */
function request(dueMs: number, lagMs = 0, ttftMs = 100): RequestRecord {
  const sentMs = dueMs + lagMs;
  return {
    seq: 0,
    cell: 0,
    phase: 'measured',
    target: 'm/gpu0',
    workload: 'chat',
    dueMs,
    sentMs,
    headersMs: sentMs + 1,
    tokenTimesMs: [sentMs + ttftMs, sentMs + ttftMs + 10],
    endMs: sentMs + ttftMs + 10,
    outputTokens: 2,
    tokensFrom: 'server',
    requestId: 'r',
    requestBytes: 1,
    outcome: { kind: 'ok' },
  };
}

/** Requests that got their first token so long after they were sent, the last twentieth of them sent so late. */
function requestsOf({ lagMs = 0, ttftMs = 100, count = 300, failures = {} }: Given = {}): RequestRecord[] {
  const answered = Array.from({ length: count }, (_, i) => request(i * 30, i < count * 0.95 ? 0 : lagMs, ttftMs));
  const failed = Object.entries(failures).flatMap(([kind, times]) =>
    Array.from({ length: times }, () => ({ ...request(1), tokenTimesMs: [], outcome: { kind: kind as OutcomeKind } })),
  );
  return [...answered, ...failed];
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

const judged = (given: Given, samples: readonly GeneratorSample[] = [calm]) =>
  judgeValidity(cellOf(requestsOf(given), samples));
const verdict = (given: Given, samples?: readonly GeneratorSample[]) => judged(given, samples).verdict;
const sampled = (given: Partial<GeneratorSample>) => judged({}, [{ ...calm, ...given }]);
const judgedOf = (records: readonly RequestRecord[], load?: Load) => judgeValidity(cellOf(records, [calm], load));

describe('judgeValidity', () => {
  it('believes a generator that was calm and on time', () => {
    expect(judged({}, [calm, { ...calm, atMs: 2_000 }])).toEqual({ verdict: 'valid', reasons: [] });
  });

  it('doubts sends that were late by a tenth of the median TTFT, and believes nothing where they were late by all of it', () => {
    expect(verdict({ lagMs: 5, ttftMs: 100 })).toBe('valid');
    expect(verdict({ lagMs: 15, ttftMs: 100 })).toBe('suspect');
    expect(verdict({ lagMs: 15, ttftMs: 1_000 })).toBe('valid');
    expect(verdict({ lagMs: 30, ttftMs: 1 })).toBe('suspect');
    expect(verdict({ lagMs: 60, ttftMs: 1 })).toBe('invalid');
    const late = judged({ lagMs: 200, ttftMs: 100 });
    expect(late.verdict).toBe('invalid');
    expect(late.reasons[0]).toMatchObject({
      text: expect.stringContaining('200 ms'),
      advice: expect.stringMatching(/./),
    });
  });

  it('doubts a late event loop', () => {
    expect(sampled({ loopDelayMs: { mean: 5, p99: 30, max: 40 } }).verdict).toBe('suspect');
    expect(sampled({ loopDelayMs: { mean: 50, p99: 150, max: 500 } }).verdict).toBe('invalid');
  });

  it('doubts a generator that used up its core', () => {
    const { verdict: judged, reasons } = sampled({ cpuRatio: 0.95 });
    expect(judged).toBe('suspect');
    expect(reasons).toHaveLength(1);
    expect(reasons[0]?.text).toContain('95.0 %');
  });

  it('doubts a loop that stood still, by the share of the time it did, even where that was seldom', () => {
    const seconds = (stalls: number, ms: number) =>
      Array.from({ length: 10 }, (_, i) => ({
        ...calm,
        atMs: (i + 1) * 1_000,
        ...(i < stalls ? { loopDelayMs: { mean: 1, p99: 1, max: ms } } : {}),
      }));
    expect(verdict({}, seconds(10, 45))).toBe('valid');
    expect(verdict({}, seconds(1, 90))).toBe('valid');
    expect(verdict({}, seconds(1, 300))).toBe('suspect');
    const { verdict: often, reasons } = judged({}, seconds(5, 300));
    expect(often).toBe('invalid');
    expect(reasons[0]).toMatchObject({ figure: 0.15, limit: 0.01, text: expect.stringMatching(/15\.0 % .*300 ms/) });
  });

  it('takes a sample that came late for a stop of everything', () => {
    const { verdict: paused, reasons } = judged({}, [calm, { ...calm, atMs: 2_000 }, { ...calm, atMs: 8_000 }]);
    expect(paused).toBe('invalid');
    expect(reasons[0]?.text).toMatch(/5\.00? s/);
  });

  it('doubts a generator that collected garbage for long', () => {
    expect(sampled({ gcMs: 90, longestGcMs: 8 }).verdict).toBe('valid');
    const { verdict: judged, reasons } = sampled({ gcMs: 150, longestGcMs: 30 });
    expect(judged).toBe('suspect');
    expect(reasons[0]?.text).toMatch(/15\.0 %, up to 30\.0 ms/);
  });

  it('tells a machine that is busy with something else from a load that is too much', () => {
    const late = { loopDelayMs: { mean: 5, p99: 30, max: 40 } };
    expect(sampled({ ...late, coreWaitMs: 10 }).reasons[0]?.advice).not.toMatch(/others/);
    expect(sampled({ ...late, coreWaitMs: 300 }).reasons[0]?.advice).toMatch(/others .* 30\.0 %/);
    const thread = { ...late, cpuRatio: 0.5, gcMs: 0, coreWaitMs: 400 };
    expect(sampled({ ...late, threads: [{ ...thread, coreWaitMs: 0 }, thread] }).reasons[0]?.advice).toMatch(/40\.0 %/);
  });

  it('notices a clock that was set, and which way', () => {
    expect(sampled({ clockStepMs: 3_000 })).toMatchObject({
      verdict: 'suspect',
      reasons: [{ text: expect.stringMatching(/clock .* set forward: 3\.00? s/) }],
    });
    expect(sampled({ clockStepMs: -3_000 }).reasons[0]?.text).toMatch(/set back/);
  });

  it('believes nothing of a time in which the machine slept', () => {
    expect(sampled({ suspendedMs: 20_000 })).toMatchObject({
      verdict: 'invalid',
      reasons: [{ text: expect.stringMatching(/slept: 20(\.0)? s/) }],
    });
  });

  it('doubts answers of which tokens were lost or made up, and believes nothing where those are many', () => {
    const whole = requestsOf();
    const with1 = (lost: number, count: number) =>
      whole.map((record, i) => (i < count ? { ...record, outputTokens: 2 + lost } : record));
    expect(judgedOf(whole).verdict).toBe('valid');
    expect(judgedOf(with1(1, 1)).verdict).toBe('suspect');
    expect(judgedOf(with1(-1, 1)).verdict).toBe('suspect');
    const { verdict: lost, reasons } = judgedOf(with1(1, 10));
    expect(lost).toBe('invalid');
    expect(reasons[0]).toMatchObject({ text: expect.stringMatching(/3\.33 %, where none is good/), limit: 0 });
    // All of them: the service puts several tokens into an event.
    expect(judgedOf(with1(2, 300)).verdict).toBe('valid');
  });

  it('does not count events against a service that says nothing of its tokens, or answers in one piece', () => {
    const counted = requestsOf().map((record): RequestRecord => ({ ...record, tokensFrom: 'events', outputTokens: 3 }));
    const unary = requestsOf().map((record): RequestRecord => ({ ...record, tokenTimesMs: [] }));
    expect(judgedOf(counted).verdict).toBe('valid');
    expect(judgedOf(unary).verdict).toBe('valid');
  });

  it('doubts an open loop that had not sent what was due when its time was over', () => {
    const late = (count: number) =>
      requestsOf().map((record, i) => (i >= 300 - count ? request(record.dueMs, 11_000 - record.dueMs) : record));
    const reasonsFor = (count: number) => judgedOf(late(count)).reasons.map(({ subject }) => subject ?? '');
    expect(reasonsFor(2).filter(text => text.includes('time was over'))).toEqual([]);
    expect(reasonsFor(10)).toContainEqual(expect.stringContaining('time was over'));
    expect(judgedOf(late(40)).verdict).toBe('invalid');
  });

  it('finds requests of a schedule that nobody sent', () => {
    const cell = cellOf(requestsOf(), [calm]);
    expect(judgeValidity({ ...cell, scheduled: 300 }).verdict).toBe('valid');
    expect(judgeValidity({ ...cell, scheduled: 302 })).toMatchObject({
      verdict: 'suspect',
      reasons: [{ text: expect.stringContaining('2 requests') }],
    });
    expect(judgeValidity({ ...cell, scheduled: 400 }).verdict).toBe('invalid');
  });

  it('blames waits for connections on their own, and never calls a run invalid for them', () => {
    const waiting = (count: number, ms: number) =>
      requestsOf().map((record, i) =>
        i < count ? { ...request(record.dueMs, ms + 1), connectionWaitMs: ms } : record,
      );
    expect(judgedOf(waiting(2, 300)).verdict).toBe('valid');
    expect(judgedOf(waiting(100, 8)).verdict).toBe('valid');
    const { verdict: doubt, reasons } = judgedOf(waiting(100, 300));
    expect(doubt).toBe('suspect');
    expect(reasons).toMatchObject([{ text: expect.stringMatching(/33\.3 % of them, up to 300 ms/) }]);
  });

  it('doubts a closed loop whose slots were not kept busy, and says by how much', () => {
    const load: Load = { kind: 'closed', concurrency: 2, effectiveConcurrency: 2, thinkTimeMs: 0 };
    const driven = (lagMs: number) =>
      Array.from({ length: 200 }, (_, i): RequestRecord => {
        const dueMs = -200 + Math.floor(i / 2) * (110 + lagMs);
        return { ...request(dueMs, lagMs), phase: dueMs < 0 ? 'warmup' : 'measured' };
      });
    expect(judgedOf(driven(0.5), load).verdict).toBe('valid');
    const { verdict: doubt, reasons } = judgedOf(driven(9), load);
    expect(doubt).toBe('suspect');
    expect(reasons).toMatchObject([
      { subject: 'slots stood idle instead of sending', text: expect.stringMatching(/7\.\d+ % of 2 slots/) },
    ]);
    // A slot that thinks, or waits after a refusal, does as it was told.
    const thinking = driven(9).map(record => ({ ...record, dueMs: record.dueMs + 9 }));
    expect(judgedOf(thinking, { ...load, thinkTimeMs: 9 }).verdict).toBe('valid');
  });

  it('doubts an embedded service that wrote its tokens late', () => {
    expect(sampled({ engineLateRatio: 0.005 }).verdict).toBe('valid');
    expect(sampled({ engineLateRatio: 0.05 }).verdict).toBe('suspect');
    expect(sampled({ engineLateRatio: 0.6 }).verdict).toBe('invalid');
  });

  it('gives every reason, with its figure and what to do', () => {
    const { reasons } = judged({ lagMs: 60 }, [{ ...calm, cpuRatio: 1, loopDelayMs: { mean: 9, p99: 50, max: 50 } }]);
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
    expect(judged({ failures, ttftMs: 25_000 })).toEqual({ verdict: 'valid', reasons: [] });
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

  it('gives each piece of advice once', () => {
    const reasons = ['late', 'still'].map(subject => ({ text: subject, subject, advice: 'rest' }));
    expect(worstValidity([{ verdict: 'invalid', reasons }]).reasons.map(({ advice }) => advice)).toEqual([
      undefined,
      'rest',
      undefined,
    ]);
  });

  it('says how many cells those are, and each reason once, with its worst figure', () => {
    const late = (figure: number): Validity => ({
      verdict: 'suspect',
      reasons: [{ text: `late: ${figure} ms`, subject: 'late', figure, advice: 'rest' }],
    });
    const { reasons } = worstValidity([late(7), valid, late(9), late(8)]);
    expect(reasons.map(({ text }) => text)).toEqual(['3 of 4 cells are suspect', 'late: 9 ms']);
  });
});
