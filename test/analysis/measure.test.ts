import { describe, expect, it } from 'vitest';
import { betterOf, measureText, proportionOf, read } from '../../src/analysis/measure.ts';
import { Recorder } from '../../src/record/recorder.ts';

/** A cell of 90 answers and 10 timeouts of 30 s, of which two requests took two attempts. */
function cell() {
  const recorder = new Recorder({ goodput: { responseTimeMs: 50 }, requestTimeoutMs: 30_000 });
  recorder.open(-1);
  recorder.close(9_999);
  for (let i = 1; i <= 100; i++) {
    const outcome = { kind: i <= 90 ? ('ok' as const) : ('timeout' as const) };
    const attempts = [
      { sentMs: 0, endMs: 1, outcome: { kind: 'overloaded' as const } },
      { sentMs: 1, endMs: i, outcome },
    ];
    recorder.add({
      seq: i,
      cell: 0,
      phase: 'measured',
      target: 't',
      workload: 'w',
      dueMs: 0,
      sentMs: 0,
      tokenTimesMs: [],
      endMs: i <= 90 ? i : 30_000,
      requestId: 'r',
      requestBytes: 1,
      outcome,
      ...(i <= 2 ? { attempts } : {}),
    });
  }
  return recorder.summary();
}

describe('a measure', () => {
  it('reads quantiles, says where unended requests reach them, and rates', () => {
    expect(read(cell(), { metric: 'responseTimeMs', statistic: 0.5 })).toEqual({
      value: expect.closeTo(50, 0),
      censored: false,
    });
    expect(read(cell(), { metric: 'responseTimeMs', statistic: 0.95 })).toEqual({ value: 30_000, censored: true });
    expect(read(cell(), { metric: 'achievedPerS', statistic: undefined })).toEqual({ value: 9, censored: false });
    expect(read(cell(), { metric: 'ttftMs', statistic: 0.5 })).toEqual({ value: null, censored: false });
    expect(read(cell(), { metric: 'nonsense', statistic: undefined }).value).toBeNull();
  });

  it('takes a ratio for so many of the attempts, or of what was due', () => {
    expect(proportionOf(cell(), 'errorRatio')).toEqual({ count: 10, of: 102 });
    expect(proportionOf(cell(), 'overloadedRatio')).toEqual({ count: 2, of: 102 });
    expect(proportionOf(cell(), 'goodputRatio')).toEqual({ count: 50, of: 100 });
    expect(proportionOf(cell(), 'achievedPerS')).toBeUndefined();
  });

  it('knows which way is better, and how it is written', () => {
    expect(betterOf({ metric: 'ttftMs', statistic: 0.5 })).toBe('lower');
    expect(betterOf({ metric: 'userTokensPerS', statistic: 0.5 })).toBe('higher');
    expect(betterOf({ metric: 'outputTokensPerS', statistic: undefined })).toBe('higher');
    expect(betterOf({ metric: 'errorRatio', statistic: undefined })).toBe('lower');
    expect(measureText({ metric: 'ttftMs', statistic: 0.999 })).toBe('p99.9(ttftMs)');
    expect(measureText({ metric: 'ttftMs', statistic: 'mean' })).toBe('mean(ttftMs)');
    expect(measureText({ metric: 'errorRatio', statistic: undefined })).toBe('errorRatio');
  });
});
