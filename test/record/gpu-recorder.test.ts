import { describe, expect, it } from 'vitest';
import { GpuRecorder } from '../../src/record/gpu-recorder.ts';
import { type GpuSample, isDevice } from '../../src/record/gpu-sample.ts';
import type { DeviceName } from '../../src/scenario/telemetry.ts';

const sample = (atMs: number, values: Partial<GpuSample> = {}): GpuSample => ({
  atMs,
  source: 'nvidia-smi',
  simulated: false,
  device: { index: 0, uuid: 'GPU-0' },
  ...values,
});

const alone = { outputTokensPerS: 100, achievedPerS: 2, sharedWith: [] };

function recorded(
  lines: readonly Parameters<GpuRecorder['add']>[0][],
  window: readonly [number, number],
  names: readonly DeviceName[] = [{ id: '0' }],
  from = alone,
) {
  const recorder = new GpuRecorder(names, { gapMs: 2_000, simulated: false });
  const early = lines.filter(({ atMs }) => atMs < window[0]);
  for (const line of early) recorder.add(line);
  recorder.open(window[0]);
  for (const line of lines.slice(early.length)) recorder.add(line);
  recorder.close(window[1]);
  return recorder.summary(from);
}

describe('what GPUs did in a window', () => {
  it('integrates power by trapezium over the window only, cut between samples where it begins', () => {
    // 100 W rising by 100 W a second from 0 s on; the window is [0.5 s, 2.5 s].
    const lines = [0, 1000, 2000, 3000].map(atMs => sample(atMs, { powerWatts: 100 + atMs / 10 }));
    const gpu = recorded(lines, [500, 2500]);
    // 150 → 200 → 300 W, and what was last shown holds to the end: 87.5 + 250 + 150 J.
    expect(gpu?.energyJoules).toBeCloseTo(87.5 + 250 + 150, 9);
    expect(gpu?.powerWatts?.mean).toBeCloseTo(487.5 / 2, 9);
    expect(gpu?.coverageRatio).toBe(1);
    expect(gpu?.samples).toBe(2);
    // 100 tokens a second for 2 s, and 2 requests a second.
    expect(gpu?.tokensPerJoule).toBeCloseTo(200 / 487.5, 9);
    expect(gpu?.joulesPerRequest).toBeCloseTo(487.5 / 4, 9);
  });

  it('gives the same whether the end of the window is known at once or later', () => {
    const lines = Array.from({ length: 40 }, (_, i) =>
      sample(i * 500, { powerWatts: 100 + i, utilisationRatio: i / 40 }),
    );
    const late = recorded(lines, [1_250, 17_750]);
    const early = new GpuRecorder([{ id: '0' }], { gapMs: 2_000, simulated: false });
    early.open(1_250);
    early.close(17_750);
    for (const line of lines) early.add(line);
    expect(early.summary(alone)).toEqual(late);
  });

  it('leaves out what was not shown, never as 0', () => {
    const gpu = recorded([sample(0), sample(500), sample(1000)], [0, 1000]);
    expect(gpu).toMatchObject({
      utilisationRatio: null,
      powerWatts: null,
      energyJoules: null,
      tokensPerJoule: null,
      throttledRatio: null,
      memoryUsedBytes: null,
      temperatureCelsius: null,
    });
  });

  it('bridges no gap: what is not known is not energy, and the gap is named', () => {
    const lines = [
      sample(0, { powerWatts: 100 }),
      sample(1000, { powerWatts: 100 }),
      { atMs: 1500, source: 'nvidia-smi', simulated: false, gap: 'exited with 9' },
      sample(8000, { powerWatts: 100 }),
      sample(9000, { powerWatts: 100 }),
    ];
    const gpu = recorded(lines, [0, 10_000]);
    expect(gpu).toMatchObject({ coverageRatio: 0.3, energyJoules: null, gaps: ['exited with 9'] });
    expect(gpu?.powerWatts).toEqual({ mean: 100, max: 100 });
  });

  it('names a gap that lasts, and forgets one that was over before', () => {
    const gap = { atMs: 100, source: 'nvidia-smi', simulated: false, gap: 'hung' };
    expect(recorded([gap], [1000, 2000])).toMatchObject({ gaps: ['hung'], samples: 0, coverageRatio: 0 });
    expect(recorded([gap, sample(500), sample(1500)], [1000, 2000])?.gaps).toEqual([]);
    expect(recorded([], [1000, 2000])).toBeUndefined();
  });

  it('adds up the power of several GPUs and takes the mean of how busy they were', () => {
    const lines = [0, 500, 1000].flatMap(atMs => [
      sample(atMs, { powerWatts: 100, utilisationRatio: 1, memoryUsedBytes: 5, temperatureCelsius: 60 }),
      sample(atMs, {
        device: { index: 1, uuid: 'GPU-1' },
        powerWatts: 50,
        utilisationRatio: 0,
        memoryUsedBytes: 7,
        temperatureCelsius: 40,
      }),
      sample(atMs, { device: { index: 2, uuid: 'GPU-2' }, powerWatts: 1000 }),
    ]);
    expect(recorded(lines, [0, 1000], [{ id: '0' }, { id: 'gpu-1' }])).toMatchObject({
      powerWatts: { mean: 150, max: 150 },
      energyJoules: 150,
      utilisationRatio: { mean: 0.5, max: 1 },
      memoryUsedBytes: { max: 12 },
      temperatureCelsius: { max: 60 },
      devices: [{ index: 0 }, { index: 1 }],
    });
  });

  it('knows one GPU that two sources show, and takes the counter of the one that counts', () => {
    const lines = [0, 500, 1000].flatMap(atMs => [
      sample(atMs, { powerWatts: 100 }),
      sample(atMs, { source: 'dcgm', energyCounterJoules: 5_000 + atMs * 0.12, smActiveRatio: 0.5 }),
    ]);
    const gpu = recorded(lines, [0, 1000]);
    expect(gpu?.devices).toHaveLength(1);
    expect(gpu?.powerWatts?.mean).toBe(100);
    expect(gpu?.smActiveRatio).toEqual({ mean: 0.5 });
    // The counter says 120 W; it tells of the window up to the last sample, which is its end.
    expect(gpu?.energyJoules).toBeCloseTo(120, 9);
  });

  it('says for how long what held the clocks down', () => {
    const lines = [
      sample(0, { throttled: ['power cap'] }),
      sample(500, { throttled: [] }),
      sample(1000, { throttled: [] }),
      sample(1500, { throttled: ['power cap', 'software thermal'] }),
    ];
    expect(recorded(lines, [0, 2000])?.throttledRatio).toEqual({ 'power cap': 0.5, 'software thermal': 0.25 });
  });

  it('tells no price of a token where another endpoint used the same GPU', () => {
    const lines = [0, 500, 1000].map(atMs => sample(atMs, { powerWatts: 100 }));
    const gpu = recorded(lines, [0, 1000], [{ id: '0' }], { ...alone, sharedWith: ['b/gpu0'] as never[] });
    expect(gpu).toMatchObject({
      energyJoules: 100,
      tokensPerJoule: null,
      joulesPerRequest: null,
      sharedWith: ['b/gpu0'],
    });
  });

  it('lays no simulated sample beside real times', () => {
    expect(recorded([sample(0, { simulated: true }), sample(500, { simulated: true })], [0, 500])).toBeUndefined();
  });
});

describe('a name of a GPU', () => {
  const device = { host: 'h2', index: 3, uuid: 'GPU-ab12', busId: '00000000:0A:00.0', instances: ['MIG-77'] };
  it.each<[DeviceName, boolean]>([
    [{ id: '3' }, true],
    [{ id: '03' }, false],
    [{ id: '4' }, false],
    [{ id: 'GPU-AB12' }, true],
    [{ id: 'MIG-77' }, true],
    [{ id: '0000:0a:00.0' }, true],
    [{ id: '0a:00.0' }, true],
    [{ id: '0b:00.0' }, false],
    [{ host: 'h2', id: '3' }, true],
    [{ host: 'h1', id: '3' }, false],
    [{ id: 'undefined' }, false],
  ])('%j means it: %s', (name, means) => {
    expect(isDevice(device, name)).toBe(means);
    expect(isDevice({}, name)).toBe(false);
  });
});
