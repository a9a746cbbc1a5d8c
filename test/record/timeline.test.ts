import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { Timeline, type TimelineRow } from '../../src/record/timeline.ts';

const answered: RequestRecord = {
  seq: 0,
  cell: 0,
  phase: 'measured',
  target: 'm/gpu0',
  workload: 'chat',
  dueMs: 100,
  sentMs: 150,
  tokenTimesMs: [900, 1_100, 2_999.9],
  endMs: 3_000,
  outputTokens: 3,
  requestId: 'r',
  requestBytes: 10,
  outcome: { kind: 'ok' },
};

function rowsOf(records: readonly RequestRecord[]): TimelineRow[] {
  const timeline = new Timeline();
  for (const record of records) timeline.add(record);
  return timeline.rows();
}

const column = <K extends keyof TimelineRow>(rows: readonly TimelineRow[], key: K) => rows.map(row => row[key]);

describe('a timeline', () => {
  it('is empty where nothing happened', () => {
    expect(rowsOf([])).toEqual([]);
  });

  it('puts each thing into the second in which it happened', () => {
    const rows = rowsOf([answered]);
    expect(column(rows, 'second')).toEqual([0, 1, 2, 3]);
    expect(column(rows, 'due')).toEqual([1, 0, 0, 0]);
    expect(column(rows, 'sent')).toEqual([1, 0, 0, 0]);
    expect(column(rows, 'outputTokens')).toEqual([1, 1, 1, 0]);
    expect(rows.map(row => row.counts.ok)).toEqual([0, 0, 0, 1]);
  });

  it('says how many were in flight when each second ended', () => {
    const second = { ...answered, dueMs: 1_500, sentMs: 1_500, endMs: 1_700, tokenTimesMs: [] };
    const third = { ...answered, dueMs: 2_500, sentMs: 2_500, endMs: 3_500, tokenTimesMs: [] };
    expect(column(rowsOf([answered, second, third]), 'inFlight')).toEqual([1, 1, 2, 0]);
  });

  it('has no holes, so that a stall is seen as rows of nothing', () => {
    const rows = rowsOf([answered, { ...answered, dueMs: 7_000, sentMs: 7_000, tokenTimesMs: [], endMs: 7_010 }]);
    expect(column(rows, 'second')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(rows[5]).toMatchObject({ due: 0, sent: 0, outputTokens: 0, inFlight: 0, counts: { ok: 0, timeout: 0 } });
  });

  it('keeps targets apart, each over its own time', () => {
    const rows = rowsOf([
      answered,
      { ...answered, target: 'm/gpu1', dueMs: 2_000, sentMs: 2_000, tokenTimesMs: [], endMs: 2_100 },
    ]);
    expect(rows.map(row => [row.target, row.second])).toEqual([
      ['m/gpu0', 0],
      ['m/gpu0', 1],
      ['m/gpu0', 2],
      ['m/gpu0', 3],
      ['m/gpu1', 2],
    ]);
  });

  it('counts the tokens of an answer in one piece when it came', () => {
    const rows = rowsOf([{ ...answered, tokenTimesMs: [], outputTokens: 150, endMs: 1_200 }]);
    expect(column(rows, 'outputTokens')).toEqual([0, 150]);
  });

  it('counts what was dropped as due and not as sent', () => {
    const { sentMs: _, ...unsent } = answered;
    const [row] = rowsOf([{ ...unsent, tokenTimesMs: [], endMs: 100, outcome: { kind: 'dropped' } }]);
    expect(row).toMatchObject({ due: 1, sent: 0, inFlight: 0, counts: { dropped: 1 } });
  });

  it('counts warm-up and drain as well', () => {
    expect(rowsOf([{ ...answered, phase: 'warmup' }])[0]).toMatchObject({ due: 1, sent: 1 });
  });

  it('is the same whatever order the records come in, and adds up to them', () => {
    const random = seededRandom('timeline');
    const records = Array.from({ length: 300 }, (): RequestRecord => {
      const dueMs = random.uniform() * 20_000;
      const sentMs = dueMs + random.uniform() * 100;
      const endMs = sentMs + random.exponential(1 / 800);
      const tokenTimesMs = Array.from({ length: 5 }, (_, i) => sentMs + ((endMs - sentMs) * (i + 1)) / 6);
      return { ...answered, target: `m/gpu${random.integer(0, 2)}`, dueMs, sentMs, endMs, tokenTimesMs };
    });
    const sorted = (rows: TimelineRow[]) =>
      rows.toSorted((a, b) => a.target.localeCompare(b.target) || a.second - b.second);
    const rows = sorted(rowsOf(records));
    expect(sorted(rowsOf(records.toReversed()))).toEqual(rows);
    const total = (of: (row: TimelineRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);
    expect(total(row => row.due)).toBe(300);
    expect(total(row => row.sent)).toBe(300);
    expect(total(row => row.counts.ok)).toBe(300);
    expect(total(row => row.outputTokens)).toBe(1500);
    for (const target of new Set(column(rows, 'target'))) {
      expect(rows.findLast(row => row.target === target)?.inFlight).toBe(0);
    }
    for (const row of rows) {
      const atMs = (row.second + 1) * 1000;
      const inFlight = records.filter(
        ({ target, sentMs = 0, endMs }) => target === row.target && sentMs < atMs && endMs >= atMs,
      ).length;
      expect(row.inFlight).toBe(inFlight);
    }
  });
});

describe('the GPUs of a timeline', () => {
  it('stand in the second in which they were shown, and only there', () => {
    const timeline = new Timeline();
    timeline.add({ ...answered, endMs: 2_500, tokenTimesMs: [] });
    const sample = { source: 'nvidia-smi', simulated: true, device: { index: 0, uuid: 'a' } };
    timeline.addGpu('m/gpu0', { ...sample, atMs: 1100, utilisationRatio: 0.5, powerWatts: 100 });
    timeline.addGpu('m/gpu0', { ...sample, atMs: 1600, utilisationRatio: 1, powerWatts: 110 });
    timeline.addGpu('m/gpu0', { ...sample, atMs: 1600, device: { index: 1, uuid: 'b' }, powerWatts: 200 });
    const rows = timeline.rows();
    expect(rows.map(row => row.gpu === undefined)).toEqual([true, false, true]);
    expect(rows[1]?.gpu).toEqual({
      simulated: true,
      utilisationRatio: 0.75,
      powerWatts: 305,
      memoryUsedBytes: null,
      temperatureCelsius: null,
      smClockMHz: null,
    });
  });
});
