import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import type { Outcome } from '../../src/protocol/outcome.ts';
import type { CellResult } from '../../src/record/run.ts';
import { runReport } from '../../src/report/run-report.ts';
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

  it('drives a dozen endpoints at once without a word from Node', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    const gpus = Array.from({ length: 12 }, (_, gpu) => gpu).join(', ');
    const { run } = await virtualRun(
      scenario(
        '{ steps: [{ concurrency: 2, requests: 10, order: parallel }] }',
        `targets: [{ model: m, gpus: [${gpus}], workloads: [chat] }]`,
      ),
    );
    await new Promise(resolve => setImmediate(resolve));
    process.off('warning', note);
    expect(run.cells.map(({ counts }) => counts.ok)).toEqual(new Array(12).fill(10));
    expect(warnings).toEqual([]);
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

describe('a rule of stopIf', () => {
  const dies = (afterMs: number) => ({
    prepare: (engine: { stall(atMs: number, durationMs: number): void }) => engine.stall(afterMs, 3_600_000),
  });
  const steps = (rule: string, seconds: number, count: number) =>
    `stopIf: "${rule}"\nlimits: { requestTimeout: 1s }\n${scenario(
      `{ steps: [${new Array(count).fill(`{ concurrency: 4, duration: ${seconds}s }`).join(', ')}] }`,
    )}`;

  it('ends a step, and the next one begins', async () => {
    const rule = 'errorRatio > 0.5 for 3s';
    const { run } = await virtualRun(steps(rule, 60, 2), dies(10_000));
    expect(run.status).toBe('complete');
    expect(run.cells.map(({ endedBy, stopRule }) => [endedBy, stopRule])).toEqual([
      ['stop rule', rule],
      ['stop rule', rule],
    ]);
    expect(run.cells[0]?.windowMs?.[1]).toBeLessThan(15_000);
  });

  it('is named also where it ended a step in its warm-up', async () => {
    const { run } = await virtualRun(
      steps('errorRatio > 0.5 for 3s', 60, 1).replace('{ steps:', '{ warmup: 60s, steps:'),
      dies(0),
    );
    expect(run.cells[0]).toMatchObject({ endedBy: 'stop rule', windowMs: null });
    expect(run.cells[0]?.findings.map(({ text }) => text)).toContainEqual(expect.stringContaining('> 0.5 for 3s'));
  });

  it('ends the run, says so first, and keeps what was measured', async () => {
    const rule = 'run: errorRatio > 0.5 for 3s';
    const { run, records } = await virtualRun(steps(rule, 20, 5), dies(30_000));
    expect(run).toMatchObject({ status: 'stopped', stopRule: rule });
    expect(run.findings[0]?.text).toBe(`ended by stopIf after 1 of 5 cells: ${rule}`);
    expect(run.cells.map(({ endedBy }) => endedBy)).toEqual(['complete', 'interrupted']);
    expect(run.cells[0]?.counts.due).toBe(run.cells[0]?.counts.ok);
    expect(Math.max(...records.map(({ dueMs }) => dueMs))).toBeLessThan(35_000);
    const [first] = runReport(run, []).blocks.flatMap(block => (block.kind === 'callout' ? [block.text] : []));
    expect(first).toBe(`STOPPED: stopIf ended the run before its end: ${rule}`);
  });

  it('that ends the run looks at all of it, over steps shorter than its time', async () => {
    const { run } = await virtualRun(steps('run: errorRatio > 0.9 for 5s', 2, 20), dies(10_000));
    expect(run.status).toBe('stopped');
    expect(run.cells.length).toBeLessThan(10);
  });

  it('lets a run of which only some fails go on', async () => {
    const rest = 'targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]';
    const parallel = scenario('{ steps: [{ concurrency: 4, duration: 30s, order: parallel }] }', rest);
    const { run } = await virtualRun(
      `stopIf: ["run: errorRatio > 0.5 for 5s"]\nlimits: { requestTimeout: 1s }\n${parallel}`,
      {
        prepare: (engine, target) => void (target === 'm/gpu1' && engine.stall(10_000, 3_600_000)),
      },
    );
    expect(run.status).toBe('complete');
    expect(run.cells[1]?.rates.errorRatio).toBeGreaterThan(0.1);
  });
});

describe('a parallel step that ends by requests', () => {
  it('measures each endpoint under the load of all others, and counts what was asked for', async () => {
    const text = (order: string) => `
name: parallel
targets: [{ model: a, gpus: [0], workloads: [short] }, { model: b, gpus: [0], workloads: [long] }]
workloads:
  short: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 5 } }
  long: { kind: text, prompt: { tokens: 256 }, output: { maxNewTokens: 100 } }
load: { steps: [{ concurrency: 4, requests: 40, order: ${order} }] }`;
    const { run, records } = await virtualRun(text('parallel'));
    const [short, long] = run.cells;
    expect([short?.counts.due, long?.counts.due]).toEqual([40, 40]);
    expect(short?.cooldownRequests).toBe(records.filter(({ phase }) => phase === 'cooldown').length);
    expect(short?.cooldownRequests).toBeGreaterThan(100);
    expect(long?.cooldownRequests).toBeUndefined();
    const sent = records.filter(({ cell }) => cell === 0).map(({ sentMs = 0 }) => sentMs);
    const closedMs = long?.windowMs?.[1] ?? 0;
    expect(Math.max(...sent)).toBeLessThanOrEqual(closedMs);
    expect(Math.max(...sent)).toBeGreaterThan(closedMs - 200);
    const { run: alone } = await virtualRun(text('sequential'));
    expect(alone.cells.every(({ cooldownRequests }) => cooldownRequests === undefined)).toBe(true);
  });
});

describe('a service that refuses the token', () => {
  const unauthorized: Outcome = { kind: 'unauthorized', status: 401 };
  const banned: Outcome = { kind: 'forbidden', status: 403, banned: true };
  const loads = [
    ['a closed loop', '{ concurrency: 4, requests: 400 }'],
    ['an open loop', '{ ratePerS: 20, duration: 20s }'],
    ['an open loop that queues', '{ ratePerS: 20, duration: 20s, maxInFlight: 2, whenFull: queue }'],
  ] as const;

  it.each(
    loads.flatMap(([name, step]) =>
      [0, 5, 60].flatMap(after => [[name, step, after, unauthorized] as const, [name, step, after, banned] as const]),
    ),
  )('ends %s at once: %s, after %d requests', async (_, step, after, outcome) => {
    let sent = 0;
    let refused = 0;
    const retry = 'retry: { attempts: 3, budget: 10, on: [forbidden, overloaded] }';
    const running = virtualRun(`${retry}\n${scenario(`{ steps: [${step}, ${step}] }`)}`, {
      between: send => async (request, signal) => {
        const isRefused = ++sent > after;
        const attempt = await send({ ...request, maxNewTokens: isRefused ? 1 : request.maxNewTokens }, signal);
        if (isRefused) refused++;
        return isRefused ? { ...attempt, outcome } : attempt;
      },
    });
    await expect(running).rejects.toMatchObject({ exitCode: exitCodes.unreachable });
    // Those that were on their way, and not one more.
    expect(refused).toBeLessThanOrEqual(4);
    expect(sent).toBeLessThanOrEqual(after + 4);
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
