import { describe, expect, it } from 'vitest';
import { runOverview } from '../../src/report/run-report.ts';
import { terminal } from '../../src/report/terminal.ts';
import { virtualRun } from './virtual-run.ts';

const mix = `
name: mix
targets: [{ model: m, gpus: [0], workloads: [short, long], mix: [3, 1] }]
workloads:
  short: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 10 } }
  long: { kind: text, prompt: { tokens: 900 }, output: { maxNewTokens: 30 } }
load: { steps: [{ concurrency: 8, requests: 800 }] }
objectives: ["short: p95(responseTimeMs) <= 1", "long: p95(responseTimeMs) <= 100000"]
`;

describe('a mix of workloads', () => {
  it('draws each request by the weights, and gives each workload beside the whole', async () => {
    const { run, records } = await virtualRun(mix);
    const [cell] = run.cells;
    expect(run.cells).toHaveLength(1);
    expect(cell?.workload).toBe('mixed');
    const { short, long } = cell?.byWorkload ?? {};
    expect((short?.counts.due ?? 0) + (long?.counts.due ?? 0)).toBe(cell?.counts.due);
    expect((short?.counts.due ?? 0) / 800).toBeGreaterThan(0.7);
    expect((short?.counts.due ?? 0) / 800).toBeLessThan(0.8);
    expect(short?.tokens.outputMean).toBe(10);
    expect(long?.tokens.outputMean).toBe(30);
    const whole = (name: 'achievedPerS' | 'outputTokensPerS') => (short?.rates[name] ?? 0) + (long?.rates[name] ?? 0);
    expect(whole('achievedPerS')).toBeCloseTo(cell?.rates.achievedPerS ?? 0, 6);
    expect(whole('outputTokensPerS')).toBeCloseTo(cell?.rates.outputTokensPerS ?? 0, 6);
    expect(new Set(records.map(record => record.workload))).toEqual(new Set(['short', 'long']));
  });

  it('judges an objective that names a workload by that part alone', async () => {
    const { run } = await virtualRun(mix);
    expect(run.cells[0]?.objectives.map(({ held }) => held)).toEqual([false, true]);
  });

  it('shows each part in the report', async () => {
    const { run } = await virtualRun(mix);
    const text = terminal(runOverview(run), { width: 100, colour: false });
    expect(text).toMatch(/m\/gpu0 mixed/);
    expect(text).toMatch(/m\/gpu0 short/);
    expect(text).toMatch(/m\/gpu0 long/);
  });
});

describe('a run that asks again', () => {
  const text = (retry: string) => `
name: retry
targets: [{ model: m, gpus: [0], workloads: [chat] }]
limits: { exceed: true }
workloads: { chat: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 20 } } }
load: { steps: [{ concurrency: 120, thinkTime: 300ms, requests: 1000 }] }
${retry}
`;

  it('gives its refusals per attempt and per request', async () => {
    const { run, records } = await virtualRun(text('retry: { attempts: 8, backoff: 200ms, budget: 5 }'));
    const cell = run.cells[0];
    const attempts = records
      .filter(({ phase }) => phase === 'measured')
      .flatMap(record => (record.attempts ?? [record]).map(({ outcome }) => ({ outcome })));
    const refused = attempts.filter(({ outcome }) => outcome.kind === 'overloaded').length;
    expect(refused).toBeGreaterThan(0);
    expect(cell?.rates.overloadedRatio).toBeCloseTo(refused / attempts.length, 9);
    expect(cell?.retries?.attempts).toBe(attempts.length - 1000);
    expect(cell?.counts.overloaded).toBeLessThan(refused);
    expect(terminal(runOverview(run), { width: 100, colour: false })).toContain('Retries');
  });

  it('counts the wait between attempts into the response time', async () => {
    const { records } = await virtualRun(text('retry: { attempts: 8, backoff: 200ms, budget: 5 }'));
    const again = records.filter(({ attempts, outcome }) => attempts !== undefined && outcome.kind === 'ok');
    expect(again.length).toBeGreaterThan(0);
    for (const { attempts = [], sentMs, endMs, dueMs } of again) {
      expect(sentMs).toBe(attempts[0]?.sentMs);
      expect(endMs).toBe(attempts.at(-1)?.endMs);
      expect(endMs - dueMs).toBeGreaterThan((attempts.at(-1)?.endMs ?? 0) - (attempts.at(-1)?.sentMs ?? 0));
    }
  });

  it('has nothing of it where nothing was sent again', async () => {
    const { run } = await virtualRun(text(''));
    expect(run.cells[0]?.retries).toBeUndefined();
    expect(run.cells[0]?.rates.overloadedRatio).toBeCloseTo((run.cells[0]?.counts.overloaded ?? 0) / 1000, 9);
  });
});
