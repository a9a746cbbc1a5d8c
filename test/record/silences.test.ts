import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { Silences } from '../../src/record/silences.ts';

const answer = (tokenTimesMs: readonly number[], given: Partial<RequestRecord> = {}): RequestRecord =>
  ({ tokenTimesMs, endMs: tokenTimesMs.at(-1) ?? 0, outcome: { kind: 'ok' }, ...given }) as RequestRecord;

function silencesOf(records: readonly RequestRecord[], leastMs = 1_000) {
  const silences = new Silences();
  for (const record of records) silences.add(record);
  return silences.ofAtLeast(leastMs);
}

describe('silences', () => {
  it('are the gaps in which no stream of several got anything, to the microsecond', () => {
    const records = [answer([100, 200.001, 1_900.5, 2_000]), answer([150, 190, 1_950])];
    expect(silencesOf(records)).toEqual([{ fromMs: 200.001, lastedMs: 1_700.499 }]);
  });

  it('are none where another stream went on', () => {
    expect(silencesOf([answer([100, 200, 1_900]), answer([150, 700, 1_150, 1_800])])).toEqual([]);
  });

  it('are none between answers, nor before a first token', () => {
    expect(silencesOf([answer([100, 200]), answer([5_000, 5_100])])).toEqual([]);
    expect(silencesOf([answer([], { endMs: 9_000 })])).toEqual([]);
  });

  it('last as long as somebody waits, where requests were given up on', () => {
    const timedOut = { outcome: { kind: 'timeout' } } as const;
    const found = silencesOf([
      answer([100, 200], { ...timedOut, endMs: 4_000 }),
      answer([120], { ...timedOut, endMs: 6_000 }),
    ]);
    expect(found).toEqual([{ fromMs: 200, lastedMs: expect.closeTo(5_800, -3) }]);
  });

  it('are the same in whatever order the records come, and as found by looking at every moment', () => {
    const random = seededRandom('silences');
    const records = Array.from({ length: 200 }, () => {
      let atMs = random.uniform() * 200_000;
      const tokenTimesMs = Array.from({ length: random.integer(1, 6) }, () => {
        atMs += random.exponential(1 / 900);
        return Math.round(atMs * 1000) / 1000;
      });
      return answer(tokenTimesMs);
    });
    const arrivals = records.flatMap(({ tokenTimesMs }) => tokenTimesMs).sort((a, b) => a - b);
    const expected = arrivals.slice(1).flatMap((toMs, i) => {
      const fromMs = arrivals[i] as number;
      const isAnswering = records.some(
        ({ tokenTimesMs, endMs }) => (tokenTimesMs[0] as number) <= fromMs && endMs >= toMs,
      );
      return isAnswering && toMs - fromMs >= 500
        ? [{ fromMs, lastedMs: Math.round((toMs - fromMs) * 1000) / 1000 }]
        : [];
    });
    expect(expected.length).toBeGreaterThan(20);
    expect(silencesOf(records, 500)).toEqual(expected);
    expect(silencesOf(records.toReversed(), 500)).toEqual(expected);
  });
});
