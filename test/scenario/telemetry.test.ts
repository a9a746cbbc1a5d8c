import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { devicesOf } from '../../src/scenario/telemetry.ts';
import { parseSetArgument } from '../../src/schema/set-argument.ts';

const text = (telemetry: string) => `name: t
service: { url: "http://127.0.0.1:8000" }
targets:
  - { model: m, gpus: [0, 1], workloads: [chat] }
  - { name: big, url: "http://127.0.0.1:8000/x", devices: ["h2:0-2", "MIG-7"], workloads: [chat] }
workloads: { chat: { kind: text, prompt: { tokens: 8 }, output: { maxNewTokens: 4 } } }
load: { steps: [{ concurrency: 1, requests: 5 }] }
${telemetry}
`;
const scenarioOf = (telemetry: string, set: readonly string[] = []) =>
  parseScenario({
    file: 's.yaml',
    text: text(telemetry),
    overrides: set.map(parseSetArgument),
    environment: {},
    token: 'x',
  }).scenario;
function problem(telemetry: string): string {
  try {
    scenarioOf(telemetry);
  } catch (error) {
    if (error instanceof HarnessError) return error.message;
  }
  return '';
}

describe('telemetry', () => {
  it('looks for GPUs and metrics by itself where the file says nothing', () => {
    expect(scenarioOf('').telemetry).toEqual({
      gpu: [{ intervalMs: 500, from: { kind: 'auto' } }],
      metrics: { intervalMs: 2_000, urls: {} },
      gpuMap: {},
    });
  });

  it.each([
    ['telemetry: { gpu: off, metrics: off }', []],
    ['telemetry: { gpu: { command: off } }', []],
    [
      'telemetry: { gpu: { command: [ssh, h, nvidia-smi], interval: 1s } }',
      [{ intervalMs: 1_000, from: { kind: 'command', command: ['ssh', 'h', 'nvidia-smi'], tool: 'nvidia-smi' } }],
    ],
    [
      'telemetry: { gpu: [{ command: [/opt/xpu-smi], host: h1 }, { url: "http://h2:9400/metrics", host: h2 }] }',
      [
        { host: 'h1', intervalMs: 500, from: { kind: 'command', command: ['/opt/xpu-smi'], tool: 'xpu-smi' } },
        { host: 'h2', intervalMs: 500, from: { kind: 'dcgm', url: 'http://h2:9400/metrics' } },
      ],
    ],
    [
      'telemetry: { gpu: { command: [wrapper], tool: xpu-smi } }',
      [{ intervalMs: 500, from: { kind: 'command', command: ['wrapper'], tool: 'xpu-smi' } }],
    ],
  ])('is read of %s', (yaml, gpu) => {
    expect(scenarioOf(yaml).telemetry.gpu).toEqual(gpu);
  });

  it('is set from the command line as the manual has it', () => {
    const { gpu } = scenarioOf('', ['telemetry.gpu.command=["nvidia-smi"]']).telemetry;
    expect(gpu[0]?.from).toEqual({ kind: 'command', command: ['nvidia-smi'], tool: 'nvidia-smi' });
  });

  it('is as the README shows it', () => {
    const [, block = ''] = /```yaml\n(telemetry:[\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
    expect(scenarioOf(block).telemetry.gpuMap).toEqual({ 0: ['3'], 1: ['GPU-0c0ffee0-aaaa'] });
  });

  it.each([
    ['telemetry: { gpu: { interval: 50ms } }', /expected at least 100ms, got 50ms/],
    ['telemetry: { metrics: { interval: 100ms } }', /expected at least 500ms, got 100ms/],
    ['telemetry: { gpu: { command: [a], url: "http://h/metrics" } }', /expected a command or a url, got both/],
    ['telemetry: { gpu: { url: "ftp://h/metrics" } }', /expected an http or https URL/],
    [
      'telemetry: { metrics: { urls: { m/gpu3: "http://h/metrics" } } }',
      /expected a target of this file, got "m\/gpu3"/,
    ],
    ['telemetry: { gpuMap: { 7: 0 } }', /expected the number of a GPU of a target, got "7".*there are: 0, 1/],
    ['telemetry: { gpu: { comand: [a] } }', /telemetry|comand/],
  ])('refuses %s', (yaml, says) => {
    expect(problem(yaml)).toMatch(says);
  });
});

describe('the GPUs behind an endpoint', () => {
  const { targets, telemetry } = scenarioOf('telemetry: { gpuMap: { 1: [GPU-ab, "0000:3b:00.0"] } }');
  it('are those of its number, of the map, or those it names', () => {
    expect(targets.map(target => devicesOf(target, telemetry))).toEqual([
      [{ id: '0' }],
      [{ id: 'GPU-ab' }, { id: '0000:3b:00.0' }],
      [{ host: 'h2', id: '0' }, { host: 'h2', id: '1' }, { host: 'h2', id: '2' }, { id: 'MIG-7' }],
    ]);
    expect(devicesOf({}, telemetry)).toEqual([]);
  });
});
