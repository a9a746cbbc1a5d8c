import { describe, expect, it } from 'vitest';
import { diagnosed } from '../../src/analysis/diagnosis.ts';
import type { GpuSummary } from '../../src/record/gpu-summary.ts';
import type { CellResult } from '../../src/record/run.ts';
import type { ServerSummary } from '../../src/record/server-summary.ts';
import { virtualRun } from '../run/virtual-run.ts';

/** One cell as a run gives it, to be changed into what a test needs. */
const { run } = await virtualRun(`
name: one
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 16 }, output: { maxNewTokens: 4 } } }
load: { steps: [{ concurrency: 8, requests: 60 }] }
`);
const base = run.cells[0] as CellResult;

type Times = Partial<Record<'itlMs' | 'tpotMs' | 'ttftMs', number>>;

function cellOf(
  over: Partial<Omit<CellResult, 'rates'>> & { rates?: Partial<CellResult['rates']>; p50?: Times } = {},
): CellResult {
  const { p50 = {}, rates, ...rest } = over;
  const metrics = { ...base.metrics };
  for (const [name, value] of Object.entries(p50) as [keyof Times, number][])
    metrics[name] = { ...metrics[name], p50: value };
  return { ...base, ...rest, metrics, rates: { ...base.rates, ...rates } };
}

const closed = (concurrency: number): CellResult['load'] => ({
  kind: 'closed',
  concurrency,
  effectiveConcurrency: concurrency,
  thinkTimeMs: 0,
});

const gpu: GpuSummary = {
  simulated: false,
  source: 'nvidia-smi',
  devices: [{ index: 0, uuid: 'GPU-0' }],
  samples: 20,
  coverageRatio: 1,
  utilisationRatio: { mean: 0.5, max: 1 },
  memoryUtilisationRatio: null,
  memoryUsedBytes: null,
  memoryTotalBytes: null,
  powerWatts: { mean: 150, max: 200 },
  powerLimitWatts: 400,
  temperatureCelsius: { max: 84 },
  smClockMHz: { mean: 900, min: 700 },
  throttledRatio: {},
  smActiveRatio: null,
  dramActiveRatio: null,
  energyJoules: null,
  tokensPerJoule: null,
  joulesPerRequest: null,
  sharedWith: [],
  gaps: [],
};

const server: ServerSummary = {
  simulated: false,
  samples: 5,
  missed: 0,
  queueSize: { mean: 12, max: 20 },
  batchSize: { mean: 31, max: 32 },
  successes: 50,
  validationMs: 1,
  queueMs: 900,
  inferenceMs: 300,
  totalMs: 1201,
  gaps: [],
};

/** What is said of the last of some cells: kind, words and evidence. */
function said(cells: readonly CellResult[], before: Parameters<typeof diagnosed>[1] = []) {
  return (diagnosed(cells, before).at(-1)?.diagnoses ?? []).map(({ kind, text, evidence }) => ({
    kind,
    words: [text, ...evidence].join('\n'),
  }));
}
const kinds = (cells: readonly CellResult[]) => said(cells).map(({ kind }) => kind);

describe('what held a cell back', () => {
  it('is nothing that can be said where no figure tells', () => {
    expect(said([cellOf()])).toEqual([]);
  });

  it('is this program, where it was late', () => {
    const validity = { verdict: 'suspect' as const, reasons: [{ text: 'requests were sent late (p99): 30 ms' }] };
    expect(said([cellOf({ validity })])).toEqual([
      { kind: 'client-limited', words: expect.stringMatching(/requests were sent late \(p99\): 30 ms/) },
    ]);
  });

  it('is the gateway, where it refuses while the GPU has room', () => {
    const refused = { rates: { rateLimitedRatio: 0.3 } };
    expect(said([cellOf({ ...refused, gpu })])).toEqual([
      {
        kind: 'gateway-limited',
        words: expect.stringMatching(/30\.0 % .*429[\s\S]*50\.0 % of the time[\s\S]*150 W on average of 400/),
      },
    ]);
    expect(said([cellOf(refused)])[0]?.words).toContain('what the GPU did meanwhile is not known');
    expect(kinds([cellOf({ rates: { rateLimitedRatio: 0.005 }, gpu })])).toEqual([]);
    const full = { ...gpu, powerWatts: { mean: 390, max: 400 } };
    expect(kinds([cellOf({ ...refused, gpu: full })])).toEqual([]);
    expect(kinds([cellOf({ ...refused, gpu: { ...gpu, smActiveRatio: { mean: 0.9 } } })])).toEqual([]);
    expect(kinds([cellOf({ ...refused, gpu, server })])).toEqual(['kv-bound']);
  });

  it('is heat, with what it did to the clock, and not what its owner set', () => {
    const hot = cellOf({ gpu: { ...gpu, throttledRatio: { 'software thermal': 0.4, 'power cap': 0.9 } } });
    expect(said([hot])).toEqual([
      {
        kind: 'throttled',
        words: expect.stringMatching(
          /cooling[\s\S]*software thermal for 40\.0 %[\s\S]*84\.0 °C[\s\S]*900 MHz on average, 700 at least/,
        ),
      },
    ]);
    expect(said([hot])[0]?.words).not.toContain('power cap');
    const capped = cellOf({ gpu: { ...gpu, throttledRatio: { 'power cap': 0.9 } } });
    expect(said([capped])[0]?.words).toMatch(/power limit[\s\S]*power cap for 90\.0 %/);
    const set = cellOf({ gpu: { ...gpu, throttledRatio: { 'application clocks': 1, 'power cap': 0.1 } } });
    expect(kinds([set])).toEqual([]);
  });

  it('is the batch, where the server says that its queue grows while the batch stays as it is', () => {
    expect(said([cellOf({ server })])).toEqual([
      {
        kind: 'kv-bound',
        words: expect.stringMatching(/12\.0 requests waited on average while the batch stayed at 31\.0, 32\.0 at most/),
      },
    ]);
    expect(kinds([cellOf({ server: { ...server, queueSize: { mean: 0.2, max: 3 } } })])).toEqual([]);
    expect(kinds([cellOf({ server: { ...server, batchSize: { mean: 10, max: 32 } } })])).toEqual([]);
  });

  const at8 = cellOf({ load: closed(8), rates: { outputTokensPerS: 500 }, p50: { itlMs: 12, tpotMs: 13, ttftMs: 60 } });
  const at32 = (tokens: number, p50: Times) => cellOf({ load: closed(32), rates: { outputTokensPerS: tokens }, p50 });

  it('is the batch as well, where more at once only wait longer and tokens come as fast as before', () => {
    expect(said([at8, at32(510, { itlMs: 12.2, tpotMs: 13.5, ttftMs: 900 })])).toEqual([
      {
        kind: 'kv-bound',
        words: expect.stringMatching(/against concurrency 8: × 4\.00 requests in flight, × 1\.02 tokens\/s/),
      },
    ]);
  });

  it('is the GPU, where more at once make each step longer by as much', () => {
    expect(said([at8, at32(550, { itlMs: 44, tpotMs: 46, ttftMs: 70 })])).toEqual([
      { kind: 'compute-bound', words: expect.stringContaining('each step takes longer') },
    ]);
    expect(said([at8, at32(550, { itlMs: 13, tpotMs: 46, ttftMs: 700 })])).toEqual([
      { kind: 'compute-bound', words: expect.stringContaining('reading prompts') },
    ]);
  });

  it('is not told where more at once brought more, or where nothing can be compared', () => {
    expect(kinds([at8, at32(1500, { itlMs: 14, tpotMs: 18, ttftMs: 100 })])).toEqual([]);
    expect(kinds([at32(510, { itlMs: 12.2, tpotMs: 13.5, ttftMs: 900 })])).toEqual([]);
    const elsewhere = { ...at8, target: { name: 'm/gpu1', model: 'm', gpu: 1 } };
    expect(kinds([elsewhere, at32(510, { itlMs: 12.2, tpotMs: 13.5, ttftMs: 900 })])).toEqual([]);
  });

  it('is somebody else who used the GPU before the run began', () => {
    const seen = { device: { index: 0, uuid: 'GPU-0' }, simulated: false, samples: 3, powerWatts: 210 };
    const busy = [{ ...seen, utilisationRatio: 0.8 }];
    expect(said([cellOf({ gpu })], busy)).toEqual([
      {
        kind: 'noisy-neighbour',
        words: expect.stringMatching(/GPU 0: a kernel ran for at least 80\.0 % of the time before any load, at 210 W/),
      },
    ]);
    expect(said([cellOf({ gpu })], [{ ...seen, utilisationRatio: 0.05 }])).toEqual([]);
    expect(said([cellOf({ gpu })], [{ ...seen, device: { uuid: 'GPU-1' }, utilisationRatio: 0.8 }])).toEqual([]);
    expect(said([cellOf()], busy)).toEqual([]);
  });

  describe('is a neighbour where one GPU of a model is slower than the others', () => {
    const onGpu = (gpuNumber: number, step: number, tpotMs: number, over: Partial<CellResult> = {}) =>
      cellOf({ target: { name: `m/gpu${gpuNumber}`, model: 'm', gpu: gpuNumber }, step, p50: { tpotMs }, ...over });
    /** Three steps on each of three GPUs, with a little noise; the last GPU by a factor slower. */
    const threeGpus = (factor: number) =>
      [0, 1, 2].flatMap(step =>
        [1, 1.002 + step / 1000, factor * (1 + step / 2000)].map((ratio, gpuNumber) =>
          onGpu(gpuNumber, step, (10 + 10 * step) * ratio),
        ),
      );

    it('by more than the noise, at the steps they were driven alike', () => {
      expect(said(threeGpus(1.2))).toEqual([
        {
          kind: 'noisy-neighbour',
          words: expect.stringMatching(/TPOT p50 × 1\.20 of the median of its like, over 3 steps and repetitions/),
        },
      ]);
      expect(said(threeGpus(1.2).slice(0, -1))).toEqual([]);
    });

    it('but not by little, nor the one that is faster, nor where too few steps tell', () => {
      expect(said(threeGpus(1.02))).toEqual([]);
      expect(said(threeGpus(0.8))).toEqual([]);
      expect(said(threeGpus(1.2).slice(3))).toEqual([]);
    });
  });
});
