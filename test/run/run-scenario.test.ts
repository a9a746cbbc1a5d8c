import { describe, expect, it } from 'vitest';
import type { CellResult } from '../../src/record/run.ts';
import { virtualRun } from './virtual-run.ts';

/** One text endpoint unless told otherwise; `load` is YAML. */
const scenario = (load: string, rest = 'targets: [{ model: m, gpus: [0], workloads: [chat] }]') => `
name: virtual
${rest}
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: 20 } } }
load: ${load}
`;

const sum = (counts: CellResult['counts']) =>
  Object.entries(counts).reduce((total, [kind, count]) => total + (kind === 'due' ? 0 : count), 0);

describe('a run in virtual time', () => {
  it('has one cell per target and step, in which the counts add up to what was due', async () => {
    const { run } = await virtualRun(
      scenario(
        '{ steps: [{ concurrency: [1, 8], requests: 40 }, { ratePerS: 5, requests: 40 }] }',
        'targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]',
      ),
    );
    expect(run.status).toBe('complete');
    expect(run.cells).toHaveLength(6);
    for (const cell of run.cells) {
      expect(cell.counts.due).toBe(40);
      expect(sum(cell.counts)).toBe(40);
      expect(cell.counts.ok).toBe(40);
      expect(cell.windowMs).not.toBeNull();
    }
  });

  it('obeys Little’s law in a closed loop: throughput × response time = concurrency', async () => {
    const { run } = await virtualRun(scenario('{ steps: [{ concurrency: 8, duration: 120s }] }'));
    const [cell] = run.cells;
    const inFlight = ((cell?.rates.achievedPerS ?? 0) * (cell?.metrics.responseTimeMs.mean ?? 0)) / 1000;
    expect(inFlight).toBeGreaterThan(7.8);
    expect(inFlight).toBeLessThan(8.2);
  });

  it('reports every request once, warm-up and measured', async () => {
    const { run, records, samples } = await virtualRun(scenario('{ steps: [{ concurrency: 16, requests: 100 }] }'));
    expect(new Set(records.map(record => record.seq)).size).toBe(records.length);
    expect(records.filter(record => record.phase === 'measured')).toHaveLength(100);
    expect(records.filter(record => record.phase === 'warmup').length).toBe(run.cells[0]?.warmupRequests);
    expect(run.cells[0]?.warmupRequests).toBeGreaterThanOrEqual(16);
    expect(samples.at(-1)).toMatchObject({ sent: records.length, ended: records.length, inFlight: 0 });
  });

  it('measures all endpoints of a parallel step over the same time, within the limit of their model', async () => {
    const { run, records } = await virtualRun(
      scenario(
        '{ steps: [{ concurrency: 100, duration: 20s, order: parallel }] }',
        'targets: [{ model: m, gpus: [0, 1, 2], workloads: [chat] }]',
      ),
    );
    expect(new Set(run.cells.map(cell => JSON.stringify(cell.windowMs))).size).toBe(1);
    expect(run.cells.map(cell => cell.load)).toEqual(
      [34, 33, 33].map(effective => ({
        kind: 'closed',
        concurrency: 100,
        effectiveConcurrency: effective,
        thinkTimeMs: 0,
      })),
    );
    const moments = records.flatMap(({ sentMs, endMs }) => [
      { atMs: sentMs as number, change: 1 },
      { atMs: endMs, change: -1 },
    ]);
    let inFlight = 0;
    let most = 0;
    for (const { change } of moments.sort((a, b) => a.atMs - b.atMs || a.change - b.change)) {
      inFlight += change;
      most = Math.max(most, inFlight);
    }
    expect(most).toBe(100);
  });

  it('sends the same requests at the same due times for the same seed', async () => {
    const text = scenario('{ steps: [{ ratePerS: 20, duration: 10s }] }');
    const [first, second] = [await virtualRun(text), await virtualRun(text)];
    expect(second.records).toEqual(first.records);
    const other = await virtualRun(`seed: 7\n${text}`);
    expect(other.records.map(record => record.dueMs)).not.toEqual(first.records.map(record => record.dueMs));
  });

  it('keeps what was measured when it is interrupted', async () => {
    const { run, records } = await virtualRun(
      scenario('{ steps: [{ concurrency: 4, duration: 60s }, { concurrency: 8, duration: 60s }] }'),
      { interruptAtMs: 20_000 },
    );
    expect(run.status).toBe('interrupted');
    expect(run.cells).toHaveLength(1);
    expect(run.cells[0]?.windowMs?.[1]).toBe(20_000);
    expect(run.cells[0]?.counts.due).toBe(records.filter(record => record.phase === 'measured').length);
  });
});

describe('a service that stalls for one second', () => {
  const stall = { prepare: (engine: { stall(atMs: number, durationMs: number): void }) => engine.stall(15_000, 1_000) };
  const slow = (records: readonly { phase: string; dueMs: number; tokenTimesMs: readonly number[] }[]) =>
    records.filter(
      ({ phase, dueMs, tokenTimesMs }) => phase === 'measured' && (tokenTimesMs[0] as number) - dueMs > 150,
    );

  it('charges everyone who was due meanwhile in an open loop', async () => {
    const { records, run } = await virtualRun(
      scenario('{ warmup: 5s, steps: [{ ratePerS: 20, arrivals: constant, duration: 20s }] }'),
      stall,
    );
    const charged = slow(records).filter(({ dueMs }) => dueMs >= 15_000 && dueMs < 15_850);
    const due = records.filter(({ dueMs }) => dueMs >= 15_000 && dueMs < 15_850);
    expect(charged).toHaveLength(due.length);
    expect(due.length).toBeGreaterThanOrEqual(17);
    expect(run.cells[0]?.metrics.ttftMs.p99).toBeGreaterThan(500);
  });

  it('charges only who was in flight in a closed loop', async () => {
    const { records, run } = await virtualRun(
      scenario('{ warmup: 5s, steps: [{ concurrency: 4, duration: 20s }] }'),
      stall,
    );
    expect(slow(records).length).toBeLessThanOrEqual(4);
    expect(records.length).toBeGreaterThan(200);
    expect(run.cells[0]?.metrics.ttftMs.p95).toBeLessThan(150);
  });
});
