import { describe, expect, it } from 'vitest';
import { outcomeKinds } from '../../src/protocol/outcome.ts';
import type { TimelineRow } from '../../src/record/timeline.ts';
import { binned } from '../../src/report/timeline-bins.ts';
import { timeline } from '../../src/report/timeline-chart.ts';
import { virtualRun } from '../run/virtual-run.ts';

const { run } = await virtualRun(`
name: timeline
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 8 } } }
load: { steps: [{ concurrency: [2, 4], requests: 40 }] }
`);

function row(target: string, second: number, rest: Partial<TimelineRow> = {}): TimelineRow {
  const counts = Object.fromEntries(outcomeKinds.map(kind => [kind, 0])) as TimelineRow['counts'];
  return { target, second, due: 0, sent: 0, counts, outputTokens: 0, inFlight: 0, ...rest };
}

const gpu = (utilisationRatio: number | null, powerWatts: number | null) => ({
  simulated: true,
  utilisationRatio,
  memoryUsedBytes: null,
  powerWatts,
  temperatureCelsius: null,
  smClockMHz: null,
});

describe('a timeline in bins', () => {
  const groups = [{ label: 'both', colour: 0, targets: ['a', 'b'] }];

  it('adds up over targets and means over seconds', () => {
    const rows = [0, 1, 2, 3].flatMap(second => [
      row('a', second, { sent: 2, outputTokens: 10, inFlight: 3, gpu: gpu(0.5, 100) }),
      row('b', second, { sent: 4, outputTokens: 30, inFlight: 1, gpu: gpu(1, second < 2 ? 200 : null) }),
    ]);
    const { bins, widthS } = binned(rows, groups, 2);
    expect(widthS).toBe(2);
    expect(bins[0]).toMatchObject({ fromS: 0, toS: 2 });
    expect(bins[0]?.groups[0]).toMatchObject({
      sentPerS: 6,
      outputTokensPerS: 40,
      inFlight: 4,
      utilisationRatio: 0.75,
      powerWatts: 300,
    });
    // Nothing was shown of b's power any more: what is left is not all of it.
    expect(bins[1]?.groups[0]?.powerWatts).toBe(100);
  });

  it('keeps two hours to as many bins as a page holds, the last of them as long as it is', () => {
    const rows = Array.from({ length: 7_205 }, (_, second) => row('a', second, { sent: 1 }));
    const { bins, widthS } = binned(rows, groups, 480);
    expect(bins.length).toBeLessThanOrEqual(480);
    expect(widthS).toBe(20);
    expect(bins.at(-1)).toMatchObject({ fromS: 7200, toS: 7205 });
    expect(bins.at(-1)?.groups[0]?.sentPerS).toBe(1);
  });

  it('knows nothing where nothing was asked', () => {
    const { bins } = binned([row('a', 0, { sent: 1 }), row('a', 3, { sent: 1 })], groups, 10);
    expect(bins.map(bin => bin.groups[0]?.sentPerS)).toEqual([1, undefined, undefined, 1]);
  });
});

describe('the timeline of a run', () => {
  const rows = ['m/gpu0', 'm/gpu1'].flatMap(target =>
    [0, 1, 2].map(second => row(target, second, { sent: 1, inFlight: 1 })),
  );
  const titles = (of: readonly TimelineRow[]) => timeline(run, of)[0]?.panels.map(({ title }) => title);

  it('has one x axis for all of it', () => {
    const [chart] = timeline(run, rows);
    expect(new Set(chart?.panels.map(({ x }) => JSON.stringify(x))).size).toBe(1);
    expect(chart?.panels[0]?.series.map(({ label }) => label)).toEqual(['m/gpu0', 'm/gpu1']);
  });

  it('shows refusals, errors and GPUs only where there were any, and says so', () => {
    expect(titles(rows)).toEqual(['requests in flight', 'requests sent /s', 'output tokens /s']);
    expect(timeline(run, rows)[0]?.summary).toContain('Nothing was refused and nothing failed');
    const counts = { ...(rows[0] as TimelineRow).counts, rate_limited: 3 };
    const more = [...rows, row('m/gpu0', 3, { counts, gpu: gpu(0.9, 300) })];
    expect(titles(more)).toEqual([
      'requests in flight',
      'requests sent /s',
      'output tokens /s',
      '429 /s',
      'GPU utilisation',
      'GPU power, W',
    ]);
    expect(timeline(run, more)[0]?.summary).toContain('simulated');
  });

  it('tells refusals and errors of several endpoints apart, and stacks those of one', () => {
    const counts = { ...(rows[0] as TimelineRow).counts, rate_limited: 3, overloaded: 1, timeout: 2 };
    const at = [row('m/gpu0', 3), row('m/gpu1', 3, { counts })];
    const panels = timeline(run, [...rows, ...at])[0]?.panels.slice(3);
    expect(panels?.map(({ title }) => title)).toEqual(['429 /s', 'errors /s']);
    expect(panels?.map(({ series }) => series.map(({ label, points }) => [label, points.at(-1)?.[1]]))).toEqual([
      [
        ['m/gpu0', 0],
        ['m/gpu1', 4],
      ],
      [
        ['m/gpu0', 0],
        ['m/gpu1', 2],
      ],
    ]);
    const [single] = timeline(run, [row('m/gpu1', 0, { counts })]).flatMap(chart => chart.panels.slice(3));
    expect(single?.title).toBe('429, 403 and errors /s');
    expect(single?.series.map(({ label, points }) => [label, points[0]?.[1]])).toEqual([
      ['429', 4],
      ['403', 0],
      ['errors', 2],
    ]);
  });

  it('draws more endpoints than can be told apart as one line a model', () => {
    const many = Array.from({ length: 12 }, (_, i) => row(`m/gpu${i}`, 0, { sent: 1 }));
    const targets = many.map(({ target }) => ({
      ...(run.scenario.targets[0] as (typeof run.scenario.targets)[number]),
      name: target,
    }));
    const [chart] = timeline({ ...run, scenario: { ...run.scenario, targets } }, many);
    expect(chart?.panels[0]?.series.map(({ label }) => label)).toEqual(['m, all its endpoints']);
    expect(chart?.panels[1]?.series[0]?.points[0]?.[1]).toBe(12);
  });

  it('is left out where there is no second of it', () => {
    expect(timeline(run, [])).toEqual([]);
  });
});
