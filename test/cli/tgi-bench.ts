import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { cli } from '../../src/cli/cli.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Run } from '../../src/record/run.ts';
import { type LaunchedService, launchService } from '../../src/simulator/launch.ts';
import type { ServiceOptions } from '../../src/simulator/options.ts';

const main = resolve('dist/main.js');

/** The program as a user starts it, in a directory of its own. */
export function tgiBench(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  return execa(process.execPath, [main, ...args], {
    reject: false,
    cwd: options.cwd ?? scratch(),
    // Nothing that was calibrated on this machine before.
    env: { VALID_TOKEN: '', XDG_CACHE_HOME: join(tmpdir(), 'tgi-bench-no-cache'), ...options.env },
  });
}

/** The program as a function of its arguments, without a process of its own: what it printed and its exit code. */
export async function commandLine(
  args: readonly string[],
  { cwd = scratch(), env = {}, interrupted = new AbortController().signal }: Surroundings = {},
) {
  const printed = { stdout: '', stderr: '' };
  const output = (name: keyof typeof printed) => ({
    write(text: string) {
      printed[name] += text;
    },
    draw: () => {},
    isDrawable: false,
    columns: 80,
    rows: 24,
    colour: false,
  });
  const io = { stdout: output('stdout'), stderr: output('stderr'), environment: env, directory: cwd, interrupted };
  const exitCode = await cli(args, io);
  return { exitCode, stdout: printed.stdout.trimEnd(), stderr: printed.stderr.trimEnd() };
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly interrupted?: AbortSignal;
}

/** The service as documented, in a process of its own, with those models; whoever asks for it stops it. */
export function documentedService(
  token: string,
  models: ServiceOptions['models'],
  speed = 1,
): Promise<LaunchedService> {
  return launchService({
    port: 0,
    host: '127.0.0.1',
    token,
    fidelity: 'documented',
    gpu: 'A100-80G',
    speed,
    seed: 1,
    models,
    faults: [],
  });
}

export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'tgi-bench-'));
}

export function readRunJson(directory: string): Run {
  return JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as Run;
}

/** The complete lines of a file, parsed; every one of them must parse. */
export function readLines<T = RequestRecord>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop(); // what follows the last line feed is not a complete line
  return lines.map(line => JSON.parse(line) as T);
}

/** A scenario small enough for a test; `load` and `rest` are YAML in flow style. */
export function scenarioText(options: { steps: string; service?: string; rest?: string; output?: number }): string {
  return `
name: test
service: ${options.service ?? '{ url: embedded }'}
targets: [{ model: hermes-2-pro-tgi, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: ${options.output ?? 8} } } }
load: { steps: ${options.steps} }
${options.rest ?? ''}
`;
}

/** What a run that did all it was asked to exits with: 6 where the machine was too slow just then for its numbers to count. */
export function exitOf(run: Run): number {
  return run.validity.verdict === 'invalid' ? 6 : 0;
}

/** Resolves once `condition` holds; what must come in the end has a generous bound. */
export async function until(condition: () => boolean, withinMs = 20_000): Promise<void> {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > withinMs) throw new Error('what was waited for did not come');
    await new Promise(done => setTimeout(done, 50));
  }
}
