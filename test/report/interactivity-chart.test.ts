import { describe, expect, it } from 'vitest';
import { front, throughputAgainstInteractivity } from '../../src/report/interactivity-chart.ts';
import { virtualRun } from '../run/virtual-run.ts';

const { run } = await virtualRun(`
name: interactivity
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 8 } } }
load: { warmup: 1s, repetitions: 3, steps: [{ concurrency: [2, 8], requests: 60 }] }
`);
describe('throughput against interactivity', () => {
  it('keeps on its front the points that no other beats in both', () => {
    const points = [
      { x: 1, y: 10 },
      { x: 2, y: 8 },
      { x: 2, y: 9 },
      { x: 3, y: 9 },
      { x: 4, y: 1 },
      { x: 3, y: 2 },
    ];
    expect(front(points)).toEqual([
      { x: 1, y: 10 },
      { x: 3, y: 9 },
      { x: 4, y: 1 },
    ]);
    expect(front([])).toEqual([]);
  });

  it('counts tokens per GPU: those of an endpoint on two are halved', () => {
    const targets = run.scenario.targets.map(target => ({ ...target, devices: ['0-1'] }));
    const [one] = throughputAgainstInteractivity(run);
    const [two] = throughputAgainstInteractivity({ ...run, scenario: { ...run.scenario, targets } });
    const [a, b] = [one, two].map(chart => chart?.panels[0]?.series[0]?.points[0]?.[1] as number);
    expect(b).toBeCloseTo((a as number) / 2, 6);
  });

  it('needs an endpoint at two loads', () => {
    const once = run.cells.filter(({ step, repetition }) => step === 0 && repetition === 1);
    expect(once).toHaveLength(2);
    expect(throughputAgainstInteractivity({ ...run, cells: once })).toEqual([]);
  });
});
