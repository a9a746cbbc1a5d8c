import { describe, expect, it } from 'vitest';
import { diagnosed } from '../../src/analysis/diagnosis.ts';
import type { GpuLine } from '../../src/record/gpu-sample.ts';
import type { CellResult, Run } from '../../src/record/run.ts';
import { csv, summaryRows } from '../../src/report/csv.ts';
import { markdown } from '../../src/report/markdown.ts';
import { runOverview, runReport } from '../../src/report/run-report.ts';
import { terminal } from '../../src/report/terminal.ts';
import { virtualRun } from '../run/virtual-run.ts';

const sample = (atMs: number, index: number, watts: number): GpuLine => ({
  atMs,
  source: 'nvidia-smi look-alike',
  simulated: true,
  device: { index, uuid: `GPU-${index}`, name: 'NVIDIA A100 (simulated)' },
  utilisationRatio: 0.91,
  memoryUsedBytes: 76e9,
  powerWatts: watts,
  temperatureCelsius: 61,
  smClockMHz: 1410,
  throttled: index === 1 ? ['power cap'] : [],
  clockAheadMs: 7_200_035,
});

/** Two endpoints over a minute; the second GPU falls silent after five seconds. */
const { run } = await virtualRun(
  `
name: gpus
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: 20 } } }
load: { steps: [{ concurrency: 4, duration: 20s, order: parallel }] }
`,
  {
    gpuLines: [
      ...Array.from({ length: 80 }, (_, i) => [
        sample(i * 500, 0, 300),
        ...(i < 10 ? [sample(i * 500, 1, 400)] : []),
      ]).flat(),
      { atMs: 39_000, source: 'nvidia-smi look-alike', simulated: true, gap: 'it exited with 15: GPU is lost' },
    ],
  },
);

const text = markdown(runReport(run, []));

describe('GPUs in a report', () => {
  it('stand beside the times of the same cells, marked as simulated', () => {
    expect(text).toContain('## GPUs and model servers (simulated)');
    // Endpoint, load, its times, and then what its GPU did.
    expect(text).toMatch(
      /\| m\/gpu0 chat<sup>\d+<\/sup> \| concurrency 4 each \| [\d.]+ \| [\d,.]+ \| 91\.0 % \| 91\.0 % \| 76\.0 GB \| 300 \| – \| 61\.0 \| 1,410 \| never \| [\d.]+ \| [\d.]+ \|/,
    );
    expect(text).toContain('simulated: no GPU was there');
    expect(text).toMatch(/utilization\.gpu\)\. It does not say how much of the GPU worked/);
    expect(terminal(runOverview(run), { width: 80, colour: false })).toMatch(
      /GPUs and model servers \(simulated\)\nendpoint +load +busy +W +tokens\/J\n/,
    );
    expect(summaryRows(run)[0]).toMatchObject({ 'gpu.powerWatts.mean': 300, 'gpu.simulated': true });
    expect(csv(summaryRows(run), { header: true })).toContain('gpu.energyJoules');
  });

  it('are not made up where they were not seen: the gap is told and no energy', () => {
    const second = run.cells.find(({ target }) => target.gpu === 1) as CellResult;
    expect(second.gpu?.coverageRatio).toBeLessThan(0.5);
    expect(second.gpu).toMatchObject({ energyJoules: null, tokensPerJoule: null });
    expect(text).toMatch(/\| m\/gpu1 chat<sup>.*\| 61\.0 \| 1,410 \| power cap 100 %.*\| – \| – \|/);
    expect(text).toMatch(/samples tell of \d\d\.\d % of the window/);
  });

  it('are told of with their source, the clock of their host, and when nothing came', () => {
    expect(text).toMatch(
      /\*\*GPUs\*\*: nvidia-smi look-alike, simulated: \d+ samples of 2 GPUs \(NVIDIA A100 \(simulated\)\); its clock seemed \+2 h 0 min \(a time zone\) and \+35\.0 ms off ours/,
    );
    const gap = { fromMs: 1_000, toMs: 3_500, text: 'nvidia-smi exited with 9: no driver' };
    const [source] = run.telemetry?.gpu ?? [];
    const telemetry = { gpu: [{ ...source, gaps: [gap] }], servers: [], before: [], loadFromMs: 0 } as Run['telemetry'];
    expect(markdown(runReport({ ...run, telemetry } as Run, []))).toContain(
      'nothing from 1.00 s to 3.50 s: nvidia-smi exited with 9: no driver',
    );
  });

  it('that were not there, and servers that have no page, are said once', () => {
    const absent = {
      fromMs: 0,
      toMs: null,
      text: 'neither nvidia-smi nor xpu-smi is on the path',
      absent: true as const,
    };
    const servers = ['m/gpu0', 'm/gpu1'].map(target => ({ target, answered: 0, missed: 1, gaps: [absent] }));
    const gpu = [
      { source: 'nvidia-smi', simulated: false, samples: 0, devices: [], gaps: [absent], clockAheadMs: null },
    ];
    const shown = markdown(runReport({ ...run, telemetry: { gpu, servers, before: [], loadFromMs: 0 } }, []));
    expect(shown).toContain('not watched: neither nvidia-smi nor xpu-smi is on the path');
    expect(shown).toContain('no metrics page was found: m/gpu0, m/gpu1');
  });

  it('that are none of an endpoint, or of another kind than its times, are said not to stand beside them', () => {
    const at = (scenario: Partial<Run['scenario']>) =>
      markdown(runReport({ ...run, scenario: { ...run.scenario, ...scenario } }, []));
    const gpuMap = { 1: ['GPU-7'] };
    expect(at({ telemetry: { ...run.scenario.telemetry, gpuMap } })).toContain(
      'none that was seen is GPU-7 for m/gpu1: say which it is in telemetry.gpuMap',
    );
    expect(at({ service: { ...run.scenario.service, url: 'http://h:1' } })).toContain(
      'those of m/gpu0 are simulated and its times are not: kept, and not laid beside them',
    );
    expect(text).not.toContain('not laid beside');
  });
});

describe('servers in a report', () => {
  const server = {
    simulated: true,
    samples: 9,
    missed: 1,
    queueSize: { mean: 12, max: 20 },
    batchSize: { mean: 31, max: 32 },
    successes: 50,
    validationMs: 1,
    queueMs: 900,
    inferenceMs: 300,
    totalMs: 1201,
    gaps: ['m/gpu0: its metrics page answered 503'],
  };
  const metric = { ...(run.cells[0] as CellResult).metrics.queueMs, n: 40, mean: 250 };
  const cells = run.cells.map((cell, i) =>
    i === 0
      ? { ...cell, server, metrics: { ...cell.metrics, queueMs: metric, inferenceMs: metric, networkMs: metric } }
      : cell,
  );
  const servers = [{ target: 'm/gpu0', answered: 9, missed: 1, gaps: [] }];
  const telemetry = { gpu: [], servers, before: [], loadFromMs: 0 };
  const shown = markdown(runReport({ ...run, cells: diagnosed(cells, []), telemetry }, []));

  it('say where the time went, by the headers of answers and by their own pages', () => {
    expect(shown).toMatch(
      /endpoint \| load \| answers \| .*in all \| .*network and gateway \| .*queue \| .*inference \|/,
    );
    expect(shown).toMatch(/\| m\/gpu\d chat \| concurrency 4 each \| 40 \| [\d.]+ \| 250 \| 250 \| 250 \|/);
    expect(shown).toMatch(
      /\| m\/gpu\d chat<sup>.*\| concurrency 4 each \| 31\.0 \| 32\.0 \| 12\.0 \| 20\.0 \| 900 \| 300 \| 1,201 \|/,
    );
    expect(shown).toContain('the model server did not answer 1 time');
    expect(shown).toContain('its metrics page answered 503');
  });

  it('were asked so often, which is told as a share of all that their gateway was asked', () => {
    expect(shown).toMatch(/m\/gpu0: asked 10 times, 9 answered; \d\.\d\d % of all that its gateway was asked/);
  });

  it('are why it was slow, with the evidence', () => {
    expect(shown).toMatch(
      /## What held it back\n\n- The batch was full, not the GPU.*m\/gpu\d at concurrency 4\. Evidence: 12\.0 requests waited/,
    );
  });
});
