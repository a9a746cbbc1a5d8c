import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { nvidiaSmiOf } from '../../src/simulator/launch.ts';
import { postBytes, type RunningService, runningService, text } from './running-service.ts';

const query = ['--query-gpu=index,name,utilization.gpu,memory.used,power.draw', '--format=csv,noheader,nounits'];

const twoGpus = (faults: readonly Fault[] = []) =>
  runningService({ models: [documentedModel(text, [0, 1])], speed: 1, faults });

/** Runs the look-alike to its end, or until so many lines have come. */
async function nvidiaSmi(service: RunningService, argv: readonly string[], lines = Number.POSITIVE_INFINITY) {
  const { command, env } = nvidiaSmiOf(service);
  const [file = '', ...rest] = command;
  const child = execa(file, [...rest, ...argv], { env, reject: false });
  let seen = 0;
  for await (const _ of child) if (++seen === lines) child.kill();
  const { stdout, exitCode } = await child;
  return { lines: stdout.split('\n'), exitCode };
}

describe('the nvidia-smi look-alike', () => {
  it('lists the GPUs of the service, whose names say that they are simulated', async () => {
    const { lines, exitCode } = await nvidiaSmi(await twoGpus(), ['-L']);
    expect(exitCode).toBe(0);
    expect(lines).toEqual([
      expect.stringMatching(/^GPU 0: NVIDIA A100-SXM4-80GB \(simulated\) \(UUID: GPU-[0-9a-f-]+\)$/),
      expect.stringMatching(/^GPU 1: /),
    ]);
  });

  it('prints a row for each GPU, with a header and units or without', async () => {
    const service = await twoGpus();
    const plain = await nvidiaSmi(service, query);
    expect(plain.lines).toEqual([
      expect.stringMatching(/^0, NVIDIA A100-SXM4-80GB \(simulated\), 0, \d+, 85\.00$/),
      expect.stringMatching(/^1, /),
    ]);
    const full = await nvidiaSmi(service, [
      '--query-gpu=clocks.sm,temperature.gpu,fan.speed',
      '--format=csv',
      '-i',
      '1',
    ]);
    expect(full.lines).toEqual(['clocks.current.sm [MHz], temperature.gpu, fan.speed [%]', '210 MHz, 44, [N/A]']);
  });

  it('shows in a loop that one GPU works and the other does not', async () => {
    const service = await twoGpus();
    const { socket, until } = await service.socket();
    socket.write(
      postBytes(`/${text}/gpu0/generate`, { inputs: 'Hello', parameters: { max_new_tokens: 2000 }, stream: true }),
    );
    await until('"index":40,');
    const { lines } = await nvidiaSmi(service, [...query, '-lms', '100'], 6);
    const utilisation = (gpu: number) =>
      lines.filter(line => line.startsWith(`${gpu},`)).map(line => Number(line.split(', ')[2]));
    expect(lines.length).toBeGreaterThanOrEqual(6);
    expect(Math.min(...utilisation(0))).toBeGreaterThan(90);
    expect(Math.max(...utilisation(1))).toBe(0);
  });

  it('knows its version and its fields', async () => {
    const service = await twoGpus();
    expect((await nvidiaSmi(service, ['--version'])).lines[0]).toContain('(simulated)');
    expect((await nvidiaSmi(service, ['--help-query-gpu'])).lines).toContain('"utilization.gpu"');
  });

  it.each<[string, readonly string[], number, string]>([
    ['an unknown field', ['--query-gpu=colour', '--format=csv'], 2, 'is not a valid field to query'],
    ['a GPU that is not there', [...query, '-i', '7'], 6, 'No devices were found'],
  ])('exits like the real one for %s', async (_, argv, code, message) => {
    const { lines, exitCode } = await nvidiaSmi(await twoGpus(), argv);
    expect([exitCode, lines.join()]).toEqual([code, expect.stringContaining(message)]);
  });

  it('exits like the real one without its driver, and with a GPU that is lost', async () => {
    const lost = await nvidiaSmi(await twoGpus([{ kind: 'gpu_gone', gpu: 1 }]), query);
    expect([lost.exitCode, lost.lines.join()]).toEqual([15, expect.stringContaining('GPU is lost')]);
    const service = await twoGpus();
    await service.close();
    const gone = await nvidiaSmi({ ...service, url: 'http://127.0.0.1:9' }, query);
    expect([gone.exitCode, gone.lines.join()]).toEqual([9, expect.stringContaining("couldn't communicate")]);
  });
});
