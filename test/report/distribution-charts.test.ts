import { describe, expect, it } from 'vitest';
import type { CellResult } from '../../src/record/run.ts';
import { distributions } from '../../src/report/distribution-charts.ts';
import { virtualRun } from '../run/virtual-run.ts';

const { run } = await virtualRun(`
name: spread
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 8 } } }
load: { warmup: 1s, steps: [{ concurrency: [2, 8], requests: 300 }] }
`);
const [ttft] = distributions(run);

describe('a distribution', () => {
  it('has a panel a step and a line an endpoint', () => {
    expect(ttft?.panels).toHaveLength(2);
    expect(ttft?.panels[0]?.series.map(({ label }) => label)).toEqual(['m/gpu0', 'm/gpu1']);
  });

  it('goes through the quantiles of the tables, at 1 / (1 − q)', () => {
    const cell = run.cells.find(({ target, step }) => target.gpu === 0 && step === 0) as CellResult;
    const points = ttft?.panels[0]?.series[0]?.points ?? [];
    for (const [key, x] of [
      ['p50', 2],
      ['p90', 10],
      ['p99', 100],
    ] as const) {
      const near = points.filter(([at]) => at >= x / 1.13 && at <= x * 1.13).map(([, y]) => y as number);
      expect(Math.min(...near)).toBeLessThanOrEqual((cell.metrics.ttftMs[key] as number) * 1.002);
      expect(Math.max(...near)).toBeGreaterThanOrEqual((cell.metrics.ttftMs[key] as number) * 0.998);
    }
  });

  it('ends where too few requests stand behind it: p99 needs 299 of them', () => {
    const furthest = (n: number) => {
      const cells = run.cells.map(cell => ({
        ...cell,
        metrics: { ...cell.metrics, ttftMs: { ...cell.metrics.ttftMs, n } },
      }));
      return Math.max(...(distributions({ ...run, cells })[0]?.panels[0]?.series[0]?.points.map(([x]) => x) ?? []));
    };
    expect(furthest(299) * 1.12).toBeGreaterThan(100);
    expect(furthest(298)).toBeLessThan(100);
    expect(furthest(29)).toBeLessThanOrEqual(10.2);
  });

  it('ends where requests that never ended begin', () => {
    const cells = run.cells.map(cell => ({
      ...cell,
      metrics: { ...cell.metrics, ttftMs: { ...cell.metrics.ttftMs, unfinished: 300, n: 600 } },
    }));
    const points = distributions({ ...run, cells })[0]?.panels[0]?.series[0]?.points ?? [];
    expect(Math.max(...points.map(([x]) => x))).toBeLessThanOrEqual(2);
  });

  it('has no line where there is no value', () => {
    const cells = run.cells.map(cell => ({
      ...cell,
      metrics: {
        ...cell.metrics,
        ttftMs: { ...cell.metrics.ttftMs, n: 0, hdr: '' },
        itlMs: { ...cell.metrics.itlMs, n: 0, hdr: '' },
      },
    }));
    expect(distributions({ ...run, cells })).toEqual([]);
  });
});
