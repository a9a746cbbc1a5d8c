import { describe, expect, it } from 'vitest';
import type { GpuLine } from '../../src/record/gpu-sample.ts';
import { RunTelemetry } from '../../src/record/run-telemetry.ts';
import { ServerRecorder } from '../../src/record/server-recorder.ts';
import type { ServerLine } from '../../src/record/server-sample.ts';

const sample = (atMs: number, values: object = {}): GpuLine => ({
  atMs,
  source: 'nvidia-smi',
  simulated: false,
  device: { index: 0, uuid: 'GPU-0' },
  ...values,
});
const gap = (atMs: number, text: string): GpuLine => ({ atMs, source: 'nvidia-smi', simulated: false, gap: text });

function seen(lines: readonly GpuLine[], loadFromMs?: number) {
  const telemetry = new RunTelemetry();
  for (const line of lines) {
    if (loadFromMs !== undefined && line.atMs >= loadFromMs) telemetry.load(loadFromMs);
    telemetry.addGpu(line);
  }
  return telemetry;
}

describe('what was watched in a run', () => {
  it('is nothing where nothing was', () => {
    expect(new RunTelemetry().summary()).toBeUndefined();
  });

  it('has its samples, its GPUs each once, and its gaps from their beginning to their end', () => {
    const lines = [
      sample(1),
      gap(2, 'a'),
      gap(3, 'a'),
      gap(4, 'b'),
      sample(5),
      sample(6, { device: { index: 1 } }),
      gap(7, 'c'),
    ];
    const telemetry = seen(lines);
    expect(telemetry.summary()?.gpu).toEqual([
      {
        source: 'nvidia-smi',
        simulated: false,
        samples: 3,
        devices: [{ index: 0, uuid: 'GPU-0' }, { index: 1 }],
        gaps: [
          { fromMs: 2, toMs: 4, text: 'a' },
          { fromMs: 4, toMs: 5, text: 'b' },
          { fromMs: 7, toMs: null, text: 'c' },
        ],
        clockAheadMs: null,
      },
    ]);
    expect(telemetry.devices()).toHaveLength(2);
  });

  it('tells the median of how far a clock was ahead', () => {
    const aheads = [30, 900, 31, 29, 32];
    expect(seen(aheads.map((clockAheadMs, i) => sample(i, { clockAheadMs }))).summary()?.gpu[0]?.clockAheadMs).toBe(31);
  });

  it('knows what GPUs did before any load, but for the first look, which can wake one', () => {
    const lines = [
      sample(1, { utilisationRatio: 1, powerWatts: 145 }),
      sample(2, { utilisationRatio: 0.1, powerWatts: 60 }),
      sample(3, { utilisationRatio: 0.3, powerWatts: 80 }),
      sample(10, { utilisationRatio: 1, powerWatts: 300 }),
    ];
    const device = { index: 0, uuid: 'GPU-0' };
    expect(seen(lines, 10).summary()).toMatchObject({
      loadFromMs: 10,
      before: [{ device, simulated: false, samples: 2, utilisationRatio: 0.1, powerWatts: 60 }],
    });
    // The same of a directory that is read again, where it is known from the start when the load began.
    const again = new RunTelemetry();
    again.load(10);
    for (const line of lines) again.addGpu(line);
    expect(again.summary()).toEqual(seen(lines, 10).summary());
    expect(seen(lines.slice(0, 1), 10).summary()?.before).toEqual([]);
  });
});

describe('what a model server said in a window', () => {
  const said = (atMs: number, values: object = {}): ServerLine => ({
    atMs,
    source: 'tgi',
    target: 'm/gpu0',
    simulated: false,
    ...values,
  });
  function recorded(lines: readonly ServerLine[]) {
    const recorder = new ServerRecorder('m/gpu0', false);
    recorder.open(1_000);
    for (const line of lines) recorder.add(line);
    recorder.close(5_000);
    return recorder.summary();
  }

  it('is the mean of its gauges, and of what was counted from its first word to its last', () => {
    const lines = [
      said(500, { queueSize: 99 }),
      said(1_000, { queueSize: 2, batchSize: 4, successes: 10, queueMs: { sum: 1000, count: 10 } }),
      said(3_000, {
        queueSize: 4,
        batchSize: 8,
        successes: 15,
        queueMs: { sum: 3000, count: 15 },
        inferenceMs: { sum: 500, count: 5 },
      }),
      said(4_000, { gap: 'm/gpu0: its metrics page answered 503' }),
      said(6_000, { queueSize: 99 }),
    ];
    expect(recorded(lines)).toEqual({
      simulated: false,
      samples: 2,
      missed: 1,
      queueSize: { mean: 3, max: 4 },
      batchSize: { mean: 6, max: 8 },
      successes: 5,
      validationMs: null,
      queueMs: 400,
      // A histogram that was not there was empty.
      inferenceMs: 100,
      totalMs: null,
      gaps: ['m/gpu0: its metrics page answered 503'],
    });
  });

  it('says nothing of other targets, of other kinds, of a server that began anew, or where it was never asked', () => {
    expect(recorded([])).toBeUndefined();
    expect(recorded([said(2_000, { target: 'm/gpu1' }), said(2_000, { simulated: true })])).toBeUndefined();
    expect(recorded([said(2_000, { gap: 'no page', absent: true })])).toBeUndefined();
    const lines = [
      said(2_000, { successes: 10, queueMs: { sum: 1000, count: 10 } }),
      said(3_000, { successes: 1, queueMs: { sum: 5, count: 1 } }),
    ];
    expect(recorded(lines)).toMatchObject({ successes: null, queueMs: null });
    expect(recorded(lines.slice(0, 1))).toMatchObject({ samples: 1, successes: null, queueMs: null });
  });
});
