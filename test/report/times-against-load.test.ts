import { describe, expect, it } from 'vitest';
import { timesAgainstLoad } from '../../src/report/times-against-load.ts';
import { virtualRun } from '../run/virtual-run.ts';

const { run } = await virtualRun(`
name: loads
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 8 } } }
load: { warmup: 1s, repetitions: 3, steps: [{ concurrency: [2, 8], requests: 60 }] }
objectives: ["p95(ttftMs) <= 800", "concurrency <= 2: p99(responseTimeMs) <= 500", "errorRatio <= 0.01"]
`);
const chartOf = (name: string) => timesAgainstLoad(run).find(chart => chart.name === name);

describe('times against load', () => {
  it('has a panel an endpoint, all on one scale, with a point a load', () => {
    const panels = chartOf('ttft-against-load')?.panels ?? [];
    expect(panels.map(({ title }) => title)).toEqual(['m/gpu0', 'm/gpu1']);
    expect(new Set(panels.map(({ y }) => JSON.stringify(y))).size).toBe(1);
    expect(panels[0]?.series.find(({ label }) => label === 'p50')?.points.map(([x]) => x)).toEqual([2, 8]);
  });

  it('draws the median of the repetitions as a line and each of them as a dot', () => {
    const [panel] = chartOf('ttft-against-load')?.panels ?? [];
    const [line, dots] = panel?.series.filter(({ label }) => label === 'p50') ?? [];
    expect(dots?.points).toHaveLength(6);
    const own = run.cells
      .filter(({ target, load }) => target.gpu === 0 && load.kind === 'closed' && load.concurrency === 2)
      .map(({ metrics }) => metrics.ttftMs.p50 as number)
      .sort((a, b) => a - b);
    expect(line?.points[0]).toEqual([2, own[1]]);
  });

  it('draws in the objectives that bound its metric at that endpoint, and no others', () => {
    const marks = (name: string) => chartOf(name)?.panels.map(panel => panel.marks?.map(({ at }) => at));
    expect(marks('ttft-against-load')).toEqual([[800], [800]]);
    expect(marks('response-time-against-load')).toEqual([[500], [500]]);
    expect(marks('itl-against-load')).toEqual([[], []]);
  });

  it('leaves a gap where too few requests stand behind a quantile', () => {
    const few = run.cells.map(cell => ({
      ...cell,
      metrics: { ...cell.metrics, ttftMs: { ...cell.metrics.ttftMs, p95: null } },
    }));
    const [chart] = timesAgainstLoad({ ...run, cells: few });
    expect(chart?.panels[0]?.series.map(({ label }) => label)).not.toContain('p95');
  });

  it('is left out where only one load was asked', () => {
    const one = run.cells.filter(({ step }) => step === 0);
    expect(timesAgainstLoad({ ...run, cells: one })).toEqual([]);
  });
});
