import { describe, expect, it } from 'vitest';
import type { GatedRun } from '../../src/analysis/gate/subjects.ts';
import { type HistoryRun, history } from '../../src/analysis/history.ts';
import { seededRandom } from '../../src/random.ts';
import { parseMeasure } from '../../src/scenario/objective.ts';
import { type Made, madeRun, scenarioText } from './gate/made-runs.ts';

const named = (run: GatedRun): HistoryRun => ({ name: run.id, run });
const made = (id: string, given: Made = {}): HistoryRun => named(madeRun({ id, ...given }));
const options = { measure: parseMeasure('p95(ttftMs)') };
const onlyTrend = (runs: readonly HistoryRun[], measure = 'p95(ttftMs)') => {
  const { groups } = history(runs, { measure: parseMeasure(measure) });
  expect(groups).toHaveLength(1);
  expect(groups[0]?.trends).toHaveLength(1);
  return groups[0]?.trends[0];
};
/** So many runs, each a little faster or slower by chance, from one of them on so many times as slow. */
const noisy = (count: number, { from = count, slower = 1, seed = 1, noise = 0.02 } = {}) => {
  const random = seededRandom('history', seed);
  return Array.from({ length: count }, (_, i) =>
    made(`r${i}`, { slower: (i >= from ? slower : 1) * Math.exp(random.normal(0, noise)) }),
  );
};

describe('the history of a number', () => {
  it('goes from run to run, with the first, the last and every value between', () => {
    const trend = onlyTrend([made('a'), made('b', { slower: 1.2 }), made('c', { slower: 1.5 })]);
    expect(trend).toMatchObject({ target: 'hermes/gpu0', workload: 'chat', load: 'concurrency 8' });
    expect(trend?.points.map(({ run, leftOut }) => [run.name, leftOut])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', undefined],
    ]);
    expect((trend?.last ?? 0) / (trend?.first ?? 1)).toBeCloseTo(1.5, 2);
  });

  it('shows the number of an invalid run as such and leaves it out of the trend', () => {
    const trend = onlyTrend([
      made('a', { verdict: 'invalid', slower: 9 }),
      made('b'),
      made('c', { status: 'interrupted' }),
    ]);
    expect(trend?.points.map(({ leftOut }) => leftOut)).toEqual(['invalid', undefined, undefined]);
    expect(trend?.points[0]?.reading.value).toBeGreaterThan(1000);
    expect(trend?.first).toBe(trend?.last);
  });

  it('knows a bound and a missing value from a value', () => {
    const runs = [made('a'), made('b', { failed: 10 }), made('c', { requests: 40 }), made('d')];
    expect(onlyTrend(runs)?.points.map(({ leftOut }) => leftOut)).toEqual([undefined, 'bound', 'missing', undefined]);
    expect(onlyTrend(runs, 'errorRatio')?.points.map(({ reading }) => reading.value)).toEqual([0, 0.1, 0, 0]);
  });

  it('leaves out a cell that was interrupted', () => {
    const { run } = made('a');
    const cut = { ...run, cells: run.cells.map(cell => ({ ...cell, endedBy: 'interrupted' })) };
    expect(onlyTrend([named(cut), made('b')])?.points[0]?.leftOut).toBe('interrupted');
  });

  it('is of the cells and endpoints that it is asked of', () => {
    const scenario = scenarioText.replace('gpus: [0]', 'gpus: [0, 1]').replace('concurrency: 8', 'concurrency: [2, 8]');
    const runs = [made('a', { scenario }), made('b', { scenario })];
    const labels = (metric: string, target?: string) =>
      history(runs, { measure: parseMeasure(metric), target }).groups.flatMap(({ trends }) =>
        trends.map(trend => `${trend.target}, ${trend.load}`),
      );
    expect(labels('p95(ttftMs)')).toHaveLength(4);
    expect(labels('concurrency <= 2: p95(ttftMs)', '*gpu1')).toEqual(['hermes/gpu1, concurrency 2']);
  });
});

describe('runs are joined', () => {
  const groupsOf = (...runs: HistoryRun[]) =>
    history(runs, options).groups.map(({ runs: members }) => members.map(({ name }) => name));
  const changed = (run: HistoryRun, environment: Partial<GatedRun['environment']>): HistoryRun => ({
    ...run,
    run: { ...run.run, environment: { ...run.run.environment, ...environment } },
  });

  it('only where they were asked the same under the same name', () => {
    const other = made('b', { scenario: scenarioText.replace('Why?', 'How?') });
    const renamed = made('c', { scenario: scenarioText.replace('name: made', 'name: other') });
    expect(groupsOf(made('a'), other, renamed, made('d'))).toEqual([['a', 'd'], ['b'], ['c']]);
    const { groups } = history([made('a'), other], options);
    expect(groups[1]?.otherwise).toEqual([expect.stringContaining('Why? | How?')]);
  });

  it('by their loads, also where the steps are others', () => {
    const more = made('b', { scenario: scenarioText.replace('concurrency: 8', 'concurrency: [8, 16]') });
    const { groups } = history([made('a'), more], options);
    expect(groups[0]?.trends.map(({ load, points }) => [load, points.length])).toEqual([
      ['concurrency 8', 2],
      ['concurrency 16', 1],
    ]);
    expect(groups[0]?.noted).toEqual([expect.stringMatching(/^load: other steps/)]);
  });

  it('never across a model and a GPU, or two kinds of GPU', () => {
    const a = made('a');
    const modelled = changed(made('b'), { service: { url: 'embedded', simulated: true, info: null } });
    expect(groupsOf(a, modelled)).toEqual([['a'], ['b']]);
    expect(history([a, modelled], options).groups[1]?.simulated).toBe('A100-80G');
    const on = (id: string, name: string): HistoryRun => {
      const { run } = made(id);
      const gpu = { devices: [{ host: 'h', index: 0, name }] } as unknown as NonNullable<
        GatedRun['cells'][number]['gpu']
      >;
      return named({ ...run, cells: run.cells.map(cell => ({ ...cell, gpu })) });
    };
    expect(groupsOf(on('c', 'A100'), on('d', 'H100'), on('e', 'A100'), a)).toEqual([['c', 'e', 'a'], ['d']]);
  });

  it('with a note of hosts that differ', () => {
    const host = { platform: 'linux 6', cpu: 'other cpu', cores: 64, memoryBytes: 1e9 };
    const { groups } = history([made('a'), changed(made('b'), { host })], options);
    expect(groups[0]?.noted).toEqual(['host: cpu: cpu | other cpu', 'host: cores: 2 | 64']);
  });
});

describe('a shift', () => {
  it('is found where it is, as large as it is', () => {
    const shift = onlyTrend(noisy(12, { from: 7, slower: 1.2 }))?.shift;
    expect(shift).toMatchObject({ before: 'r6', after: 'r7' });
    expect(Math.expm1(shift?.rise ?? 0)).toBeCloseTo(0.2, 1);
  });

  it('is not named where it is within the noise, or runs are few', () => {
    expect(onlyTrend(noisy(12, { from: 6, slower: 1.02, noise: 0.05 }))?.shift).toBeUndefined();
    expect(onlyTrend(noisy(5, { from: 3, slower: 2 }))?.shift).toBeUndefined();
  });
});
