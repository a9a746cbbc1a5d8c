import { describe, expect, it } from 'vitest';
import { siblings } from '../../src/analysis/outliers.ts';
import { seededRandom } from '../../src/random.ts';
import type { CellResult } from '../../src/record/run.ts';
import { virtualRun } from '../run/virtual-run.ts';

const { run } = await virtualRun(`
name: siblings
targets: [{ model: m, gpus: [0, 1, 2, 3], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 16 }, output: { maxNewTokens: 4 } } }
load: { repetitions: 6, steps: [{ concurrency: 2, requests: 10 }] }
`);

/** The cells with the TTFT median that `of` gives for a GPU in a repetition; their other numbers are all the same. */
function cellsWith(of: (gpu: number, repetition: number) => number | null): CellResult[] {
  const [model] = run.cells as [CellResult];
  return run.cells.map(({ target, repetition, ...cell }) => ({
    ...cell,
    ...{ rates: model.rates, target, repetition },
    metrics: { ...model.metrics, ttftMs: { ...model.metrics.ttftMs, p50: of(target.gpu as number, repetition) } },
  }));
}

const odd = (cells: readonly CellResult[]) =>
  siblings(cells).flatMap(({ endpoints }) =>
    endpoints.flatMap(({ target, deviations }) =>
      deviations.filter(({ stands }) => stands).map(({ yardstick }) => `${target} ${yardstick.metric}`),
    ),
  );

/** The same noise each time: ±3 % or so. */
function noise(seed: number): () => number {
  const random = seededRandom(seed, 'noise');
  return () => Math.exp(0.03 * (random.uniform() + random.uniform() + random.uniform() - 1.5));
}

describe('an outlier among the GPUs of a model', () => {
  it('is named where it differs by more than the noise', () => {
    const jitter = noise(1);
    expect(odd(cellsWith(gpu => 100 * (gpu === 2 ? 1.2 : 1) * jitter()))).toEqual(['m/gpu2 ttftMs']);
  });

  it('leaves the others alone, of three as well', () => {
    const jitter = noise(5);
    const three = cellsWith(gpu => 100 * (gpu === 2 ? 1.3 : 1) * jitter()).filter(({ target }) => target.gpu !== 3);
    expect(odd(three)).toEqual(['m/gpu2 ttftMs']);
  });

  it('is not named for less than what matters, however sure', () => {
    const jitter = noise(2);
    expect(odd(cellsWith(gpu => 100 * (gpu === 2 ? 1.03 : 1) * jitter() ** 0.1))).toEqual([]);
  });

  it('is seldom named where there is none', () => {
    const named = Array.from({ length: 100 }, (_, seed) => {
      const jitter = noise(seed);
      // Large enough to be more than 5 % often: only the test keeps them back.
      return odd(cellsWith(() => 100 * jitter() ** 6)).length > 0;
    });
    expect(named.filter(each => each).length).toBeLessThanOrEqual(10);
  });

  it('is compared at the same load and time: what all share does not count', () => {
    const jitter = noise(3);
    const drifting = cellsWith((gpu, repetition) => 100 * 3 ** repetition * (gpu === 1 ? 1.2 : 1) * jitter());
    expect(odd(drifting)).toEqual(['m/gpu1 ttftMs']);
  });

  it('has an interval around what was put in', () => {
    const jitter = noise(4);
    const [group] = siblings(cellsWith(gpu => 100 * (gpu === 3 ? 1.5 : 1) * jitter()));
    const deviation = group?.endpoints.find(({ target }) => target === 'm/gpu3')?.deviations[0];
    expect(deviation?.blocks).toBe(6);
    expect(deviation?.interval?.[0]).toBeLessThan(0.5);
    expect(deviation?.interval?.[1]).toBeGreaterThan(0.5);
  });

  it('is not looked for with fewer than three blocks, nor across one that lacks an endpoint', () => {
    const two = cellsWith(gpu => 100 + gpu * 50).filter(({ repetition }) => repetition <= 2);
    expect(odd(two)).toEqual([]);
    expect(siblings(two)[0]?.endpoints[0]?.deviations[0]?.interval).toBeNull();
    const holes = cellsWith((gpu, repetition) => (gpu === 0 && repetition > 2 ? null : 100));
    expect(siblings(holes)[0]?.endpoints[3]?.deviations[0]?.blocks).toBe(2);
  });

  it('is not looked for where a model has one endpoint', () => {
    expect(siblings(run.cells.filter(({ target }) => target.gpu === 0))).toEqual([]);
  });
});
