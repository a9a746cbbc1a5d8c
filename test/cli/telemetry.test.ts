import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GpuLine } from '../../src/record/gpu-sample.ts';
import { commandLine, readLines, readRunJson, scenarioText, scratch, tgiBench, until } from './tgi-bench.ts';

/** A tool that prints rows as an H100's driver does, notes its process, and does not want to end. */
function fakeTool(directory: string): string {
  const path = join(directory, 'nvidia-smi');
  const row =
    '2026/07/14 08:12:53.353, 0, GPU-0c0ffee0, NVIDIA H100 80GB HBM3, 00000000:18:00.0, 97, 11, 19818, 81559, 631.95, 700.00, 59, 1980, 1980, 0x0000000000000000';
  const script = `#!/bin/sh\ntrap '' TERM INT HUP PIPE\necho $$ > ${directory}/pid\nwhile :; do echo '${row}' 2>/dev/null; sleep 0.1; done\n`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('tgi-bench run with a tool of its own', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'leaves no process behind after %s, and keeps what was seen',
    async signal => {
      const cwd = scratch();
      const tool = fakeTool(cwd);
      writeFileSync(join(cwd, 's.yaml'), scenarioText({ steps: '[{ concurrency: 2, duration: 60s }]' }));
      const child = tgiBench(
        [
          'run',
          's.yaml',
          '--out',
          'run',
          '--set',
          `telemetry.gpu.command=["${tool}"]`,
          '--set',
          'telemetry.gpu.interval=100ms',
        ],
        { cwd },
      );
      const file = join(cwd, 'run/gpu.jsonl');
      await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('H100'));
      const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'));
      expect(isAlive(pid)).toBe(true);
      child.kill(signal);
      await child;
      await until(() => !isAlive(pid));
      const samples = readLines<GpuLine>(file);
      expect(samples[0]).toMatchObject({
        source: 'nvidia-smi',
        simulated: false,
        utilisationRatio: 0.97,
        powerWatts: 631.95,
      });
      if (signal === 'SIGKILL') return;
      // Real samples are kept, and never laid beside the times of the embedded service.
      const run = readRunJson(join(cwd, 'run'));
      expect(run.cells[0]?.gpu).toBeUndefined();
      expect(run.telemetry?.gpu[0]).toMatchObject({ source: 'nvidia-smi', simulated: false, gaps: [] });
      expect(run.environment.gpus).toMatchObject([{ name: 'NVIDIA H100 80GB HBM3' }]);
    },
  );
});

describe('tgi-bench telemetry', () => {
  /** Nobody listens there, and nobody is asked: only GPUs are watched. */
  const watching = (args: readonly string[], cwd = scratch()) =>
    tgiBench(
      [
        'telemetry',
        '--url',
        'http://127.0.0.1:9',
        '--model',
        'm',
        '--for',
        '200ms',
        '--set',
        'telemetry.metrics=off',
        ...args,
      ],
      { cwd, env: { VALID_TOKEN: 'x' } },
    );

  it('shows the command, what comes of it, and which GPU stands behind which endpoint', async () => {
    const cwd = scratch();
    const tool = fakeTool(cwd);
    const args = ['--gpu', '0', '--gpu', '1', '--set', `telemetry.gpu.command=["${tool}"]`];
    const { stdout, exitCode } = await watching(args, cwd);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`nvidia-smi: ${tool} --query-gpu=timestamp,index,uuid,name,`);
    expect(stdout).toMatch(/s {2}nvidia-smi, GPU 0: busy 97\.0 % · 20\.8 GB · 632 W · 59\.0 °C · 1,980 MHz\n/);
    expect(stdout).toMatch(/\nm\/gpu0: GPU 0 NVIDIA H100 80GB HBM3 GPU-0c0ffee0\n/);
    expect(stdout).toMatch(/\nm\/gpu1: no GPU 1 was seen; say which it is in telemetry\.gpuMap/);
  });

  it('says what is wrong and exits 8 where nothing is seen, and 2 where it is asked amiss', async () => {
    const { stdout, exitCode } = await watching(['--set', 'telemetry.gpu.command=["/nowhere/nvidia-smi"]']);
    expect(stdout).toMatch(/gap: nvidia-smi exited with 127: .*not found/);
    expect(exitCode).toBe(8);
    const { exitCode: wrong, stderr } = await commandLine(['telemetry', '--model', 'm', '--for', 'ever']);
    expect(stderr).toContain('--for: expected a duration, got "ever"');
    expect(wrong).toBe(2);
  });
});
