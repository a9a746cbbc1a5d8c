import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { mostLineBytes, writeLine } from '../../src/store/record-line.ts';

/** Everything that a record can have. */
const whole: Required<RequestRecord> = {
  seq: 12_345,
  cell: 3,
  phase: 'cooldown',
  target: 'llama "3"/gpu0',
  workload: 'chat',
  variant: '512x512',
  dueMs: 1.5,
  sentMs: 1.75,
  placeWaitMs: 0.125,
  connectionWaitMs: 2,
  headersMs: 3.001,
  tokenTimesMs: [4, 5.25, 6.125],
  endMs: 7.007,
  askedInputTokens: 10,
  inputTokens: 11,
  outputTokens: 12,
  tokensFrom: 'server',
  server: { validationMs: 1, queueMs: 2, inferenceMs: 3, timePerTokenMs: 0.5, totalMs: 6.25 },
  requestId: '0b0e7f7c-0000-4000-8000-000000000000',
  requestBytes: 2_048,
  finishReason: 'eos_token',
  outcome: {
    kind: 'rate_limited',
    status: 429,
    by: 'gateway',
    detail: 'zu viele – 日本語\u0001"',
    retryAfterMs: 1_000,
    banned: true,
  },
  attempts: [
    { sentMs: 1.75, endMs: 2, outcome: { kind: 'ok', status: 200 } },
    { sentMs: 3, endMs: 7.007, outcome: { kind: 'rate_limited', detail: '\ud800' } },
  ],
};

function lineOf(record: RequestRecord): string {
  const bytes = Buffer.alloc(mostLineBytes(record) + 1);
  const to = writeLine(record, bytes, 1);
  expect(to).toBeLessThanOrEqual(bytes.length);
  return bytes.toString('utf8', 1, to);
}

describe('the line of a record', () => {
  it('says all that a record has', () => {
    expect(JSON.parse(lineOf(whole))).toEqual(JSON.parse(JSON.stringify(whole)));
  });

  it('leaves out what is not there', () => {
    const { seq, cell, phase, target, workload, dueMs, endMs, requestId, requestBytes } = whole;
    const least: RequestRecord = {
      ...{ seq, cell, phase, target, workload, dueMs, endMs, requestId, requestBytes },
      tokenTimesMs: [],
      outcome: { kind: 'ok', status: 200 },
    };
    expect(JSON.parse(lineOf(least))).toEqual(least);
  });

  it('is that of JSON with whatever part is missing, and finds room in what it was given', () => {
    const random = seededRandom('record lines');
    for (let k = 0; k < 2_000; k++) {
      const record = { ...whole, tokenTimesMs: Array.from({ length: k % 50 }, (_, i) => k * 1e4 + i / 8) };
      for (const key of [
        'variant',
        'sentMs',
        'placeWaitMs',
        'connectionWaitMs',
        'headersMs',
        'askedInputTokens',
      ] as const)
        if (random.uniform() < 0.5) delete (record as Partial<RequestRecord>)[key];
      for (const key of ['inputTokens', 'outputTokens', 'tokensFrom', 'server', 'finishReason', 'attempts'] as const)
        if (random.uniform() < 0.5) delete (record as Partial<RequestRecord>)[key];
      const words = '\u0001'.repeat(random.integer(0, 400));
      const said = { ...record, target: words, outcome: { kind: 'protocol', detail: words } as const };
      expect(JSON.parse(lineOf(said))).toEqual(said);
    }
  });
});
