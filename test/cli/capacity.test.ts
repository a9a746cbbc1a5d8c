import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schemaVersion } from '../../src/record/run.ts';
import { madeCurve } from '../analysis/capacity/made-curves.ts';
import { commandLine, scratch } from './tgi-bench.ts';

/** A directory with a run directory of each name. */
function directoryOf(runs: Readonly<Record<string, unknown>>): string {
  const cwd = scratch();
  for (const [name, run] of Object.entries(runs)) {
    mkdirSync(join(cwd, name));
    writeFileSync(join(cwd, name, 'run.json'), JSON.stringify({ schemaVersion, ...(run as object) }));
  }
  return cwd;
}

const crossing = ['--objective', 'p95(ttftMs) <= 500'];

describe('tgi-bench capacity', () => {
  it('answers first, in 80 columns, and writes its files', async () => {
    const cwd = directoryOf({ a: madeCurve() });
    const { exitCode, stdout } = await commandLine(['capacity', 'a', ...crossing, '--out', 'o'], { cwd });
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[1]).toBe('hermes/gpu0 chat: 5.00 (4.00–6.00) requests/s per GPU; TTFT binds; interpolated');
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
    expect(readdirSync(join(cwd, 'o')).sort()).toEqual(['capacity.html', 'capacity.json', 'capacity.md', 'charts']);
    const json = JSON.parse(readFileSync(join(cwd, 'o/capacity.json'), 'utf8'));
    expect(json).toMatchObject({
      schemaVersion: 1,
      endpoints: [
        { capacity: { kind: 'found', binding: 'TTFT', perS: { low: 4, high: 6, provenance: 'interpolated' } } },
      ],
    });
    expect(JSON.stringify(json)).not.toContain('"hdr"');
    expect(JSON.parse((await commandLine(['capacity', 'a', ...crossing, '--json'], { cwd })).stdout)).toEqual(json);
  });

  it('takes one curve from several runs, each of them once', async () => {
    const b = madeCurve({ id: 'b', steps: '[{ ratePerS: 5, duration: 30s }]' });
    const cwd = directoryOf({ a: madeCurve({ id: 'a' }), b });
    const { stdout } = await commandLine(['capacity', 'a', 'b', 'b', ...crossing, '--json'], { cwd });
    const { endpoints } = JSON.parse(stdout);
    expect(endpoints).toHaveLength(1);
    expect(
      endpoints[0].points.map((point: { load: number; repetitions: number }) => [point.load, point.repetitions]),
    ).toEqual([2, 4, 5, 6, 8, 10].map(load => [load, 1]));
  });

  it('answers a demand: GPUs, what binds, and what it costs', async () => {
    const cwd = directoryOf({ a: madeCurve({ watts: 500 }) });
    const file = (name: string, rest: string) =>
      writeFileSync(
        join(cwd, name),
        `objectives: "p95(ttftMs) <= 500"\ndemand:\n  - { model: hermes, workload: chat, ${rest} }\n${prices}`,
      );
    const prices = 'prices: { currency: EUR, gpu: { perHour: 2 } }';
    file('d.yaml', 'requestsPerS: 30, peakToMean: 3');
    const { exitCode, stdout } = await commandLine(['capacity', 'a', '--demand', 'd.yaml'], { cwd });
    expect([exitCode, stdout.split('\n')[1]]).toEqual([0, '9–12 GPUs; TTFT binds; interpolated']);
    expect(stdout).toMatch(/cost per month: 13,140–17,520 EUR/);
    const { forecast } = JSON.parse(
      (await commandLine(['capacity', 'a', '--demand', 'd.yaml', '--json'], { cwd })).stdout,
    );
    expect(forecast.plan).toMatchObject({ gpus: { value: 10, low: 9, high: 12 }, binding: 'TTFT' });
    file('other.yaml', 'requestsPerS: 30 }\n  - { model: nobody, workload: chat, requestsPerS: 1');
    const other = await commandLine(['capacity', 'a', '--demand', 'other.yaml'], { cwd });
    expect([other.exitCode, other.stdout]).toEqual([
      8,
      expect.stringContaining('nobody chat was not measured in these'),
    ]);
    const unmet = await commandLine(['capacity', 'a', '--demand', 'd.yaml', '--objective', 'p95(ttftMs) <= 5'], {
      cwd,
    });
    expect([unmet.exitCode, unmet.stdout.split('\n')[1]]).toEqual([3, 'No plan, and no number of GPUs:']);
    expect(unmet.stdout).not.toContain('EUR');
    file('bad.yaml', 'requestsPerS: -1');
    const bad = await commandLine(['capacity', 'a', '--demand', 'bad.yaml'], { cwd });
    expect([bad.exitCode, bad.stderr]).toEqual([2, expect.stringMatching(/bad\.yaml:3:\d+: expected/)]);
  });

  it('names no money where the GPU was a model of one', async () => {
    const cwd = directoryOf({ a: madeCurve({ simulated: true }) });
    const demand =
      'demand: [{ model: hermes, workload: chat, requestsPerS: 30 }]\nprices: { currency: EUR, gpu: { perHour: 2 } }';
    writeFileSync(join(cwd, 'd.yaml'), demand);
    const { exitCode, stdout } = await commandLine(['capacity', 'a', '--demand', 'd.yaml', ...crossing], { cwd });
    expect([exitCode, stdout.split('\n')[1]]).toEqual([0, '9–12 GPUs; TTFT binds; simulated, interpolated']);
    expect(stdout).toContain('No money is named');
    expect(stdout).not.toContain('EUR');
  });

  it('says what it cannot say, and exits by why', async () => {
    const cwd = directoryOf({
      few: madeCurve({ id: 'few', steps: '[{ ratePerS: 2, duration: 5s }]' }),
      bad: madeCurve({ id: 'bad', verdict: 'invalid' }),
      ramp: madeCurve({ id: 'ramp', steps: '[{ ratePerS: { from: 1, to: 2 }, duration: 5s }]' }),
    });
    const of = async (...args: string[]) => {
      const { exitCode, stdout } = await commandLine(['capacity', ...args], { cwd });
      return [exitCode, stdout.split('\n').slice(1, 4).join(' ')];
    };
    expect(await of('few')).toEqual([5, expect.stringContaining('not enough data: too few requests')]);
    expect(await of('bad')).toEqual([6, expect.stringMatching(/^No answer: no run can be used INVALID: not used/)]);
    expect(await of('ramp')).toEqual([8, expect.stringContaining('No answer: there is no step of a steady load')]);
    expect((await of('few', 'bad'))[0]).toBe(6);
    expect((await commandLine(['capacity', 'none'], { cwd })).exitCode).toBe(2);
    const wrong = await commandLine(['capacity', 'few', '--objective', 'interactiv'], { cwd });
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('did you mean interactive?')]);
  });
});
