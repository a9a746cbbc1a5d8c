import { describe, expect, it } from 'vitest';
import type { Send } from '../../src/driver/driver.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { CellResult, Run } from '../../src/record/run.ts';
import { virtualRun } from './virtual-run.ts';

const scenario = (load: string, targets = '[{ model: m, gpus: [0], workloads: [chat] }]', rest = '') => `
name: lanes
targets: ${targets}
workloads: { chat: { kind: text, prompt: { tokens: { kind: uniform, min: 8, max: 64 } }, output: { maxNewTokens: 20 } } }
load: ${load}
${rest}
`;

/** Has each record keep its prompt where its id would be. */
const named = (send: Send): Send => {
  return async (request, signal) => ({ ...(await send(request, signal)), requestId: request.prompt });
};

/** What was sent while it counted: when in the window each request was due, and its prompt. */
function sentIn(records: readonly RequestRecord[], { windowMs }: CellResult) {
  const measured = records
    .filter(({ phase }) => phase === 'measured')
    .map(({ dueMs, requestId }) => ({ dueMs: dueMs - (windowMs?.[0] ?? Number.NaN), prompt: requestId }));
  const inOrder = measured.toSorted((a, b) =>
    Math.abs(a.dueMs - b.dueMs) < 0.01 ? a.prompt.localeCompare(b.prompt) : a.dueMs - b.dueMs,
  );
  return { times: inOrder.map(({ dueMs }) => dueMs), prompts: inOrder.map(({ prompt }) => prompt) };
}

/** Times in records are rounded to the microsecond. */
function expectSameTimes(times: readonly number[], expected: readonly number[]): void {
  expect(times).toHaveLength(expected.length);
  times.forEach((timeMs, i) => expect(timeMs).toBeCloseTo(expected[i] ?? Number.NaN, 2));
}

const lengthOf = ({ windowMs }: CellResult) => (windowMs?.[1] ?? Number.NaN) - (windowMs?.[0] ?? Number.NaN);

/** Loads of every kind: what counts of them must not depend on how many lanes drive them. */
const openLoads = {
  'by time': '{ steps: [{ ratePerS: 20, duration: 10s }] }',
  'by a number of requests': '{ steps: [{ ratePerS: 20, requests: 101 }] }',
  'by a number of requests after a timed warm-up': '{ warmup: 2s, steps: [{ ratePerS: 20, requests: 101 }] }',
  'in bursts': '{ steps: [{ ratePerS: 20, arrivals: burst, burstSize: 7, duration: 10s }] }',
  'that grows': '{ steps: [{ ratePerS: { from: 5, to: 40 }, duration: 10s }] }',
};

describe('an open loop over several lanes', () => {
  it.each(Object.entries(openLoads))('%s sends the same requests at the same times', async (_, load) => {
    const sentOver = async (lanes: number) => {
      const { run, records } = await virtualRun(scenario(load), { lanes, between: named });
      const [cell] = run.cells as [CellResult];
      const sent = sentIn(records, cell);
      expect(cell.counts.ok).toBe(sent.times.length);
      return { ...sent, lengthMs: lengthOf(cell) };
    };
    const alone = await sentOver(0);
    expect(alone.times.length).toBeGreaterThan(90);
    for (const lanes of [1, 2, 3]) {
      const spread = await sentOver(lanes);
      expectSameTimes(spread.times, alone.times);
      expect(spread.prompts).toEqual(alone.prompts);
      expect(spread.lengthMs).toBeCloseTo(alone.lengthMs, 6);
    }
  });

  it('whose requests wait for a place has one queue of them', async () => {
    const load = '{ steps: [{ ratePerS: 60, maxInFlight: 4, whenFull: queue, duration: 10s }] }';
    const { records, run } = await virtualRun(scenario(load), { lanes: 3 });
    const inOrder = records
      .filter(({ phase }) => phase === 'measured')
      .toSorted((a, b) => a.dueMs - b.dueMs || a.seq - b.seq)
      .map(({ sentMs = 0 }) => sentMs);
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    expect(run.cells[0]?.metrics.sendLagMs.max).toBeGreaterThan(100);
    expect(run.cells[0]?.counts.dropped).toBe(0);
  });
});

describe('a run over several lanes', () => {
  it('reports every request once, each with a number of its own, and counts what it sent', async () => {
    const load = '{ steps: [{ concurrency: 16, requests: 100 }, { ratePerS: 50, maxInFlight: 3, requests: 100 }] }';
    const { run, records, samples } = await virtualRun(scenario(load), { lanes: 3 });
    expect(run.cells.map(({ counts }) => counts.due)).toEqual([100, 100]);
    expect(run.cells[1]?.counts.dropped).toBeGreaterThan(0);
    expect(records.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(records.map((_, seq) => seq));
    const sent = records.filter(({ sentMs }) => sentMs !== undefined).length;
    expect(samples.at(-1)).toMatchObject({ sent, ended: sent, inFlight: 0 });
    expect(run.unaccounted).toBe(0);
  });

  it('keeps a closed loop at its concurrency, and at its throughput', async () => {
    const load = '{ steps: [{ concurrency: 8, duration: 20s }] }';
    const achieved = async (lanes: number) => {
      const { run } = await virtualRun(scenario(load), { lanes });
      expect(lengthOf(run.cells[0] as CellResult)).toBeCloseTo(20_000, 6);
      return run.cells[0]?.rates.achievedPerS ?? Number.NaN;
    };
    const [alone, spread] = [await achieved(0), await achieved(3)];
    expect(Math.abs(spread / alone - 1)).toBeLessThan(0.02);
  });

  it('measures all endpoints of a step over the same time, and each to its number of requests', async () => {
    const { run, records } = await virtualRun(
      scenario(
        '{ steps: [{ concurrency: 10, duration: 10s, order: parallel }, { concurrency: 10, requests: 60, order: parallel }] }',
        '[{ model: m, gpus: [0, 1, 2], workloads: [chat] }]',
      ),
      { lanes: 2 },
    );
    const [first, second] = [run.cells.slice(0, 3), run.cells.slice(3)];
    expect(new Set(first.map(({ windowMs }) => JSON.stringify(windowMs))).size).toBe(1);
    expect(new Set(second.map(({ windowMs }) => windowMs?.[0])).size).toBe(1);
    expect(second.map(({ counts }) => counts.due)).toEqual([60, 60, 60]);
    // Who is measured first goes on until the last is.
    expect(records.some(({ phase }) => phase === 'cooldown')).toBe(true);
    expect(run.cells.map(({ endedBy }) => endedBy)).toEqual(new Array(6).fill('complete'));
  });

  it('is ended by a rule over the answers of all lanes', async () => {
    const { run } = await virtualRun(
      scenario('{ steps: [{ concurrency: 8, duration: 60s }] }', undefined, 'stopIf: "errorRatio > 0.5 for 2s"'),
      {
        lanes: 3,
        between: send => async (request, signal) => {
          const attempt = await send(request, signal);
          return attempt.endMs > 10_000 ? { ...attempt, outcome: { kind: 'server_error' } } : attempt;
        },
      },
    );
    const [cell] = run.cells as [CellResult];
    expect(cell.endedBy).toBe('stop rule');
    expect(lengthOf(cell)).toBeLessThan(14_000);
    expect(run.status).toBe('complete');
  });

  it('goes on at one endpoint where a rule ends another that is not even warm', async () => {
    const { run } = await virtualRun(
      scenario(
        '{ steps: [{ concurrency: 8, duration: 5s, warmup: 10s, order: parallel }] }',
        '[{ model: m, gpus: [0], workloads: [chat] }, { model: broken, gpus: [0], workloads: [chat] }]',
        'stopIf: "errorRatio > 0.5 for 1s"\nlimits: { requestTimeout: 500ms }',
      ),
      {
        lanes: 3,
        prepare: (engine, target) => {
          if (target === 'broken/gpu0') engine.stall(0, 3_600_000);
        },
      },
    );
    const [sound, broken] = run.cells as [CellResult, CellResult];
    expect(broken).toMatchObject({ endedBy: 'stop rule', windowMs: null });
    expect(sound).toMatchObject({ endedBy: 'complete' });
    expect(lengthOf(sound)).toBeCloseTo(5_000, 6);
    expect(run.unaccounted).toBe(0);
  });

  it('keeps what was measured when it is interrupted', async () => {
    const { run, records } = await virtualRun(scenario('{ steps: [{ concurrency: 4, duration: 60s }] }'), {
      lanes: 3,
      interruptAtMs: 20_000,
    });
    expect(run.status).toBe('interrupted');
    expect(run.cells[0]?.windowMs?.[1]).toBe(20_000);
    expect(run.cells[0]?.counts.due).toBe(records.filter(({ phase }) => phase === 'measured').length);
    expect(run.unaccounted).toBe(0);
  });

  it('stops at the first 401 that any lane sees', async () => {
    let refusals = 0;
    let kept: Run | undefined;
    const failing = virtualRun(scenario('{ steps: [{ concurrency: 9, duration: 60s }] }'), {
      lanes: 3,
      onRun: run => {
        kept = run;
      },
      between: send => async (request, signal) => {
        const attempt = await send(request, signal);
        if (attempt.endMs < 10_000) return attempt;
        refusals++;
        return { ...attempt, outcome: { kind: 'unauthorized', status: 401 } };
      },
    });
    await expect(failing).rejects.toThrow(/expected the token to be accepted, got 401/);
    // Those that were in flight, and nothing after them.
    expect(refusals).toBeLessThanOrEqual(9);
    expect(kept?.status).toBe('failed');
  });

  it('fails where a lane is lost, in one line, and says how many requests have no record', async () => {
    let kept: Run | undefined;
    const failing = virtualRun(scenario('{ steps: [{ concurrency: 9, duration: 60s }] }'), {
      lanes: 3,
      laneLostAtMs: 10_000,
      onRun: run => {
        kept = run;
      },
    });
    await expect(failing).rejects.toThrow(
      /^lane 1: expected it to drive to the end, got: out of memory; \d+ requests it had sent have no record$/,
    );
    expect(kept).toMatchObject({ status: 'failed' });
    expect(kept?.unaccounted).toBeGreaterThanOrEqual(3);
    expect(kept?.cells[0]?.counts.ok).toBeGreaterThan(0);
  });
});
