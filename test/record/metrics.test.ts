import { describe, expect, it } from 'vitest';
import { type MetricName, metrics, valuesIn } from '../../src/record/metrics.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';

/** A request due at 100, sent at 104, with tokens at 150, 160, 190 and 200 and its end at 201. */
const record: RequestRecord = {
  seq: 0,
  cell: 0,
  phase: 'measured',
  target: 'm/gpu0',
  workload: 'chat',
  dueMs: 100,
  sentMs: 104,
  headersMs: 110,
  tokenTimesMs: [150, 160, 190, 200],
  endMs: 201,
  inputTokens: 12,
  outputTokens: 5,
  tokensFrom: 'server',
  requestId: 'r',
  requestBytes: 10,
  outcome: { kind: 'ok' },
};

const unary: RequestRecord = { ...record, tokenTimesMs: [] };
const { outputTokens: _, ...uncounted } = record;

function metric(name: MetricName) {
  const found = metrics.find(each => each.name === name);
  if (found === undefined) throw new Error(`no metric ${name}`);
  return found;
}

const valuesOf = (name: MetricName, given: Partial<RequestRecord> = {}) =>
  valuesIn(metric(name), { ...record, ...given });

describe('metrics', () => {
  it.each<[MetricName, readonly number[]]>([
    ['sendLagMs', [4]],
    ['ttftMs', [50]],
    ['serviceTtftMs', [46]],
    ['itlMs', [10, 30, 10]],
    ['stallMs', [30]],
    ['tpotMs', [50 / 4]],
    ['responseTimeMs', [101]],
    ['serviceTimeMs', [97]],
    ['userTokensPerS', [80]],
  ])('%s of a request', (name, values) => {
    expect(valuesIn(metric(name), record)).toEqual(values);
  });

  it('are each defined once, with a unit, a symbol and a definition', () => {
    expect(new Set(metrics.map(each => each.name)).size).toBe(metrics.length);
    expect(new Set(metrics.map(each => each.symbol)).size).toBe(metrics.length);
    for (const { name, unit, better, definition } of metrics) {
      expect(definition).not.toBe('');
      expect(unit).toBe(name.endsWith('Ms') ? 'ms' : 'tokens/s');
      expect(better).toBe(name.endsWith('Ms') ? 'lower' : 'higher');
    }
  });

  it('count the user’s wait from when the request was due, not from when it was sent', () => {
    expect(valuesOf('ttftMs', { dueMs: -900 })).toEqual([1050]);
    expect(valuesOf('responseTimeMs', { dueMs: -900 })).toEqual([1101]);
    expect(valuesOf('serviceTtftMs', { dueMs: -900 })).toEqual([46]);
    expect(valuesOf('serviceTimeMs', { dueMs: -900 })).toEqual([97]);
  });

  it('take the server’s count of tokens for TPOT, and the events where it gives none', () => {
    expect(valuesOf('tpotMs', { outputTokens: 11 })).toEqual([5]);
    expect(valuesIn(metric('tpotMs'), uncounted)).toEqual([50 / 3]);
  });

  it('have no TPOT below two tokens', () => {
    for (const name of ['tpotMs', 'userTokensPerS'] as const) {
      expect(valuesOf(name, { tokenTimesMs: [150], outputTokens: 1 })).toEqual([]);
      expect(valuesIn(metric(name), { ...uncounted, tokenTimesMs: [150] })).toEqual([]);
    }
    expect(valuesOf('itlMs', { tokenTimesMs: [150] })).toEqual([]);
    expect(valuesOf('stallMs', { tokenTimesMs: [150] })).toEqual([]);
  });

  it('are missing where they have no meaning: missing is not zero', () => {
    for (const name of ['ttftMs', 'serviceTtftMs', 'itlMs', 'stallMs', 'tpotMs', 'userTokensPerS'] as const) {
      expect(valuesIn(metric(name), unary)).toEqual([]);
    }
    expect(valuesIn(metric('responseTimeMs'), unary)).toEqual([101]);
    expect(valuesOf('userTokensPerS', { tokenTimesMs: [150, 150], outputTokens: 2 })).toEqual([]);
  });

  it('give what a request that was not finished had until then, and no time of its end', () => {
    const outcome = { kind: 'timeout' } as const;
    expect(valuesOf('ttftMs', { outcome })).toEqual([50]);
    expect(valuesOf('itlMs', { outcome })).toEqual([10, 30, 10]);
    for (const name of ['responseTimeMs', 'serviceTimeMs', 'tpotMs', 'stallMs', 'userTokensPerS'] as const) {
      expect(valuesOf(name, { outcome })).toEqual([]);
    }
  });

  it('give nothing of a request that was never sent', () => {
    const { sentMs: _sent, headersMs: _headers, ...unsent } = record;
    const dropped: RequestRecord = { ...unsent, tokenTimesMs: [], outcome: { kind: 'dropped' } };
    for (const each of metrics) expect(valuesIn(each, dropped)).toEqual([]);
  });

  it('do not trip over a gap of zero', () => {
    expect(valuesOf('itlMs', { tokenTimesMs: [150, 150, 151] })).toEqual([0, 1]);
  });
});
