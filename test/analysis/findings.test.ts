import { describe, expect, it } from 'vitest';
import { findings } from '../../src/analysis/findings.ts';
import type { OutcomeKind } from '../../src/protocol/outcome.ts';
import { EvidenceRecorder } from '../../src/record/evidence.ts';
import { Recorder } from '../../src/record/recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Load } from '../../src/scenario/expand.ts';

const closed: Load = { kind: 'closed', concurrency: 8, effectiveConcurrency: 8, thinkTimeMs: 0 };

/** Due and sent at a time, with two tokens 100 and 110 ms later. */
function request(dueMs: number): RequestRecord {
  return {
    seq: 0,
    cell: 0,
    phase: 'measured',
    target: 'm/gpu0',
    workload: 'chat',
    dueMs,
    sentMs: dueMs,
    tokenTimesMs: [dueMs + 100, dueMs + 110],
    endMs: dueMs + 110,
    outputTokens: 2,
    requestId: 'r',
    requestBytes: 1,
    outcome: { kind: 'ok' },
  };
}

const failed = (kind: OutcomeKind, count: number): RequestRecord[] =>
  Array.from({ length: count }, () => ({ ...request(0), tokenTimesMs: [], endMs: 1, outcome: { kind } }));
const answered = (count: number) => Array.from({ length: count }, (_, i) => request(i * 30));

/** The texts of what is found in a window of 10 s. */
function texts(records: readonly RequestRecord[], load: Load = closed, stopRule?: string): string[] {
  const recorder = new Recorder({ goodput: undefined, requestTimeoutMs: 30_000 });
  const evidence = new EvidenceRecorder({ load, oneTokenAnEvent: true });
  for (const each of [recorder, evidence]) {
    each.open(-1);
    each.close(9_999);
    for (const record of records) each.add(record);
  }
  const cell = { ...recorder.summary(), evidence: evidence.evidence(), load };
  return findings({ ...cell, ...(stopRule === undefined ? {} : { stopRule }) }).map(({ text }) => text);
}

describe('findings', () => {
  it('are none where all went well', () => {
    expect(texts(answered(300))).toEqual([]);
  });

  it.each<[OutcomeKind, RegExp]>([
    ['rate_limited', /25\.0 % of the requests .*429/],
    ['overloaded', /25\.0 % of the requests .*model server/],
    ['forbidden', /25\.0 % of the requests .*403/],
    ['timeout', /25\.0 % of the requests .*not answered/],
    ['dropped', /25\.0 % of the requests .*never sent/],
  ])('tell of %s above one in a hundred', (kind, text) => {
    expect(texts([...answered(300), ...failed(kind, 100)])).toEqual([expect.stringMatching(text)]);
    expect(texts([...answered(300), ...failed(kind, 3)])).toEqual([]);
  });

  it('tell that nothing succeeded', () => {
    expect(texts(failed('connection', 10))).toContainEqual(expect.stringMatching(/no request succeeded/));
  });

  it('tell that nothing was measured', () => {
    const { evidence } = { evidence: new EvidenceRecorder({ load: closed, oneTokenAnEvent: true }).evidence() };
    const summary = new Recorder({ goodput: undefined, requestTimeoutMs: 1 }).summary();
    expect(findings({ ...summary, evidence, load: closed })[0]?.text).toMatch(/nothing was measured/);
  });

  it('tell that fewer slots were driven than asked for, and how to go on', () => {
    expect(texts(answered(300), { ...closed, concurrency: 150, effectiveConcurrency: 100 })).toEqual([
      expect.stringMatching(/150.*100/),
    ]);
  });

  it('tell which stop rule ended the step', () => {
    const rule = 'errorRatio > 0.2 for 15s';
    expect(texts(answered(300), closed, rule)).toEqual([`stopIf ended this step early: ${rule}`]);
  });

  it('tell that there were too few answers, in the same words for every cell', () => {
    expect(texts(answered(28))).toEqual(texts(answered(7)));
    expect(texts(answered(28))).toEqual([expect.stringMatching(/fewer than 29 answers/)]);
    expect(texts(answered(29))).toEqual([]);
  });

  it('tell of a silence of all streams when it was and for how long, once', () => {
    const stalled = (record: RequestRecord, fromMs: number, forMs: number): RequestRecord => {
      const late = (timeMs: number) => (timeMs >= fromMs ? timeMs + forMs : timeMs);
      return { ...record, tokenTimesMs: record.tokenTimesMs.map(late), endMs: late(record.endMs) };
    };
    const once = answered(300).map(record => stalled(record, 4_995, 2_500));
    expect(texts(once)).toEqual([
      expect.stringMatching(/silent in the middle of answers for 2\.51? s, 4\.99? s into the run$/),
    ]);
    const twice = answered(300).map(record => stalled(stalled(record, 3_015, 2_500), 6_985, 1_200));
    expect(texts(twice)).toEqual([expect.stringMatching(/2\.5\d? s, 3.*, and 1 shorter time besides/)]);
  });

  it('take a gap for a silence only where gaps are not that long as a rule', () => {
    const slow = Array.from({ length: 30 }, (_, i): RequestRecord => {
      const dueMs = i * 300;
      return { ...request(dueMs), tokenTimesMs: [dueMs + 100, dueMs + 1_400], endMs: dueMs + 1_400 };
    });
    expect(texts(slow.slice(0, 1).concat(slow.slice(29)))).not.toContainEqual(expect.stringContaining('silent'));
  });

  it('tell that the service puts several tokens into an event', () => {
    const packed = answered(300).map((record): RequestRecord => ({ ...record, outputTokens: 5, tokensFrom: 'server' }));
    expect(texts(packed)).toEqual([expect.stringMatching(/2\.5\d? tokens into an event/)]);
  });

  it('tell how many slots waited after refusals', () => {
    const records = Array.from({ length: 8 }, (_, slot) =>
      Array.from({ length: 12 }, (_, turn): RequestRecord => {
        const dueMs = -999 + turn * 1_010 + slot;
        const phase = dueMs < -1 ? 'warmup' : 'measured';
        return { ...request(dueMs), phase, tokenTimesMs: [], endMs: dueMs + 10, outcome: { kind: 'overloaded' } };
      }),
    ).flat();
    expect(texts(records)).toContainEqual(expect.stringMatching(/7\.9\d? of 8 slots waited after refusals/));
  });
});
