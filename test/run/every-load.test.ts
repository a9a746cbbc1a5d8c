import { describe, expect, it } from 'vitest';
import { tgi } from '../../src/protocol/tgi.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { exampleTrace } from '../scenario/example-trace.ts';
import { virtualRun } from './virtual-run.ts';

/** One text endpoint under the steps given, measured from the beginning. */
const scenario = (steps: string, rest = '') => `
name: every-load
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: { kind: uniform, min: 8, max: 64 } }, output: { maxNewTokens: 20 } } }
load: { warmup: { turnovers: 0 }, steps: [${steps}] }
${rest}`;

const measured = (records: readonly RequestRecord[]) =>
  records.filter(record => record.phase === 'measured').toSorted((a, b) => a.dueMs - b.dueMs || a.seq - b.seq);

/** How many were in flight at a time. */
const inFlightAt = (records: readonly RequestRecord[], timeMs: number) =>
  records.filter(({ sentMs = Number.POSITIVE_INFINITY, endMs }) => sentMs <= timeMs && timeMs < endMs).length;

describe('the replay of a trace', () => {
  const entries = exampleTrace()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { dueMs: number; inputTokens: number; outputTokens: number });
  const traceTexts = { 'example.jsonl': exampleTrace() };

  it('sends every request when the trace had it, to the microsecond, after a warm-up of its own', async () => {
    const text = scenario('{ trace: example.jsonl, warmup: 2345ms }');
    const { run, records } = await virtualRun(text, { traceTexts });
    expect(run.cells[0]?.windowMs?.[0]).toBe(2_345);
    const sent = measured(records).map(record => (record.sentMs ?? Number.NaN) - 2_345);
    expect(sent).toEqual(entries.map(({ dueMs }) => expect.closeTo(dueMs, 3)));
    expect(records.filter(record => record.phase === 'warmup').length).toBeGreaterThan(0);
  });

  it('asks for prompts and answers as long as the trace had them', async () => {
    const { records } = await virtualRun(scenario('{ trace: example.jsonl }'), { traceTexts });
    const lengths = measured(records).map(({ inputTokens, outputTokens }) => ({ inputTokens, outputTokens }));
    expect(lengths).toEqual(entries.map(({ inputTokens, outputTokens }) => ({ inputTokens, outputTokens })));
  });

  it('goes twice as fast at half its time scale, and ends where it is cut', async () => {
    const steps = '{ trace: example.jsonl, timeScale: 0.5 }, { trace: example.jsonl, duration: 10s }';
    const { run, records } = await virtualRun(scenario(steps), { traceTexts });
    const [fast, cut] = run.cells;
    expect(fast?.counts.due).toBe(entries.length);
    const dueIn = (cell: number) => measured(records.filter(record => record.cell === cell)).map(({ dueMs }) => dueMs);
    const [first = Number.NaN, ...others] = dueIn(0);
    expect(others.map(dueMs => dueMs - first)).toEqual(
      entries.slice(1).map(({ dueMs }) => expect.closeTo(dueMs / 2, 3)),
    );
    expect(cut?.counts.due).toBe(entries.filter(({ dueMs }) => dueMs < 10_000).length);
    expect((cut?.windowMs?.[1] ?? 0) - (cut?.windowMs?.[0] ?? 0)).toBeCloseTo(10_000, 3);
  });

  it('offers its mean rate', async () => {
    const { run } = await virtualRun(scenario('{ trace: example.jsonl }'), { traceTexts });
    const spanS = ((entries.at(-1)?.dueMs ?? 0) - (entries[0]?.dueMs ?? 0)) / 1000;
    expect(run.cells[0]?.rates.offeredPerS).toBeCloseTo((entries.length - 1) / spanS, 6);
    expect(run.cells[0]?.endedBy).toBe('complete');
  });
});

describe('a seed', () => {
  it.each([
    '{ ratePerS: 10, arrivals: constant, duration: 5s }',
    '{ ratePerS: 10, arrivals: poisson, duration: 5s }',
    '{ ratePerS: 10, arrivals: gamma, cv: 3, duration: 5s }',
    '{ ratePerS: 10, arrivals: burst, burstSize: 7, duration: 5s }',
    '{ ratePerS: { from: 2, to: 20 }, duration: 5s }',
    '{ ratePerS: { from: 20, to: 2, steps: 3 }, arrivals: gamma, cv: 2, duration: 5s }',
    '{ ratePerS: 40, maxInFlight: 4, whenFull: drop, duration: 5s }',
    '{ ratePerS: 40, maxInFlight: 4, whenFull: queue, duration: 5s }',
    '{ trace: example.jsonl, timeScale: 0.1 }',
    '{ concurrency: 4, thinkTime: 100ms, duration: 5s }',
    '{ concurrency: { from: 1, to: 6 }, duration: 5s }',
  ])('gives the same bytes at the same times, twice: %s', async step => {
    const drive = async (seed: number) => {
      const bodies: string[] = [];
      const onRequest = (request: Parameters<ReturnType<typeof tgi>['encode']>[0]) =>
        void bodies.push(tgi('tag').encode(request));
      const traceTexts = { 'example.jsonl': exampleTrace() };
      const { records } = await virtualRun(`seed: ${seed}\n${scenario(step)}`, { onRequest, traceTexts });
      return { bodies, dueTimes: measured(records).map(({ dueMs }) => dueMs) };
    };
    const first = await drive(42);
    expect(first.bodies.length).toBeGreaterThan(10);
    expect(await drive(42)).toEqual(first);
    expect((await drive(43)).bodies).not.toEqual(first.bodies);
  });
});

describe('a ramp', () => {
  it('of the rate brings few at first and many at last', async () => {
    const { run, records } = await virtualRun(
      scenario('{ ratePerS: { from: 1, to: 9 }, duration: 60s, arrivals: constant }'),
    );
    const perTen = [0, 1, 2, 3, 4, 5].map(
      ten => measured(records).filter(({ dueMs }) => dueMs >= ten * 10_000 && dueMs < (ten + 1) * 10_000).length,
    );
    // The integral of the rate over each ten seconds: 10 + 80 · (2k + 1) / 12.
    for (const [ten, count] of perTen.entries())
      expect(Math.abs(count - (10 + (80 * (2 * ten + 1)) / 12))).toBeLessThanOrEqual(1);
    expect(run.cells[0]?.windowMs).toEqual([0, 60_000]);
    expect(run.cells[0]?.rates.offeredPerS).toBeCloseTo(5, 1);
  });

  it('of the concurrency lets slots in one after the other', async () => {
    const { run, records } = await virtualRun(scenario('{ concurrency: { from: 1, to: 6 }, duration: 60s }'));
    const levels = [0, 1, 2, 3, 4, 5].map(ten => inFlightAt(records, ten * 10_000 + 5_000));
    expect(levels).toEqual([1, 2, 3, 4, 5, 6]);
    expect(run.cells[0]?.windowMs).toEqual([0, 60_000]);
  });

  it('of the concurrency lets slots out when they have been answered, in steps', async () => {
    const { records } = await virtualRun(
      scenario('{ concurrency: { from: 9, to: 3, steps: 3 }, duration: 30s, warmup: { turnovers: 1 } }'),
    );
    const fromMs = Math.min(...measured(records).map(({ dueMs }) => dueMs));
    expect([5, 15, 25].map(second => inFlightAt(records, fromMs + second * 1000))).toEqual([9, 6, 3]);
    expect(records.every(({ outcome }) => outcome.kind === 'ok')).toBe(true);
  });
});

describe('an open loop at its bound', () => {
  const step = (whenFull: string) => `{ ratePerS: 40, maxInFlight: 4, whenFull: ${whenFull}, duration: 10s }`;

  it('counts what it drops', async () => {
    const { run, records } = await virtualRun(scenario(step('drop')));
    const [cell] = run.cells;
    const dropped = records.filter(({ outcome }) => outcome.kind === 'dropped');
    expect(cell?.counts.dropped).toBe(dropped.length);
    expect(cell?.rates.droppedRatio).toBeCloseTo(dropped.length / records.length, 6);
    expect(dropped.length).toBeGreaterThan(50);
    expect(dropped.every(({ sentMs }) => sentMs === undefined)).toBe(true);
    expect(cell?.validity.verdict).toBe('valid');
  });

  it('charges what it queues from when it was due, and takes the wait for no fault of its own', async () => {
    const { run, records } = await virtualRun(scenario(step('queue')));
    const [cell] = run.cells;
    expect(cell?.counts.ok).toBe(records.length);
    const longest = Math.max(...records.map(({ sentMs = 0, dueMs }) => sentMs - dueMs));
    expect(longest).toBeGreaterThan(1_000);
    expect(cell?.metrics.responseTimeMs.max).toBeGreaterThan(longest);
    expect(cell?.validity.verdict).toBe('valid');
    expect(cell?.findings.map(({ text }) => text)).toContainEqual(expect.stringContaining('for one of 4 places'));
    // What the generator itself was late by stands apart from the wait, and in virtual time there is none of it.
    expect(cell?.evidence.sendLag?.ms).toBeLessThan(0.01);
    expect(cell?.evidence.placeWaitMs).toBeCloseTo(longest, 2);
  });

  it('says nothing of places where all found one', async () => {
    const { run, records } = await virtualRun(
      scenario('{ ratePerS: 2, maxInFlight: 90, whenFull: queue, duration: 20s }'),
    );
    expect(records.every(({ placeWaitMs }) => placeWaitMs === undefined)).toBe(true);
    expect(run.cells[0]?.findings).toEqual([]);
  });
});
