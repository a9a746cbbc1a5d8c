/** The whole program as its user starts it: how long it takes to its first request, and what it costs to keep watch. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monotonicMs } from '../../src/clock.ts';
import { launchNullTarget } from '../../src/simulator/null-target/launch.ts';

const main = resolve('dist/main.js');

/** Starts a run of one scenario against the null target; what it leaves behind is removed. */
function startRun(url: string, model: string, load: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tgi-bench-'));
  const file = join(folder, 'scenario.yaml');
  writeFileSync(
    file,
    `
name: bench
service: { url: '${url}', token: '\${VALID_TOKEN}' }
targets: [{ model: ${model}, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: any }, output: { maxNewTokens: 1000 } } }
load: ${load}
`,
  );
  const startedMs = monotonicMs();
  const child = spawn(process.execPath, [main, 'run', file, '--out', join(folder, 'run')], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, VALID_TOKEN: 'bench' },
  });
  const ended = once(child, 'exit').finally(() => rmSync(folder, { recursive: true, force: true }));
  return { startedMs, child, ended };
}

/** How long a fresh process takes from being started to its first request, and Node alone to its end; each several times, in turn, in ms. */
export async function startTimes(times: number): Promise<{ toFirstRequestMs: number[]; nodeAloneMs: number[] }> {
  const toFirstRequestMs: number[] = [];
  const nodeAloneMs: number[] = [];
  for (let k = 0; k < times; k++) {
    const target = await launchNullTarget();
    const load = '{ warmup: { turnovers: 0 }, steps: [{ concurrency: 1, requests: 1 }] }';
    const { startedMs, ended } = startRun(target.url, 'flood', load);
    await ended;
    const { firstRequestMs } = await target.statistics();
    await target.stop();
    if (firstRequestMs === null) throw new Error('the program sent nothing');
    toFirstRequestMs.push(firstRequestMs - startedMs);
    const beforeMs = monotonicMs();
    execFileSync(process.execPath, ['--eval', '0']);
    nodeAloneMs.push(monotonicMs() - beforeMs);
  }
  return { toFirstRequestMs, nodeAloneMs };
}

/** The share of a core a run takes while so many streams are open and nothing arrives: progress, telemetry, samples. */
export async function watchRatio(streams: number, seconds: number): Promise<number> {
  const target = await launchNullTarget();
  const load = `{ warmup: 500ms, drain: 0s, steps: [{ concurrency: ${streams}, duration: ${seconds + 3}s }] }`;
  const { child, ended } = startRun(target.url, 'still', load);
  while ((await target.statistics()).requests < streams) await pause(100);
  await pause(1500);
  const [cpuMs, atMs] = [processCpuMs(child.pid as number), monotonicMs()];
  await pause(seconds * 1000);
  const ratio = (processCpuMs(child.pid as number) - cpuMs) / (monotonicMs() - atMs);
  child.kill('SIGTERM');
  await ended;
  await target.stop();
  return ratio;
}

/** CPU time of a process so far and of what it has started and waited for; Linux counts it in hundredths of a second. */
function processCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

const pause = (ms: number) => new Promise(done => setTimeout(done, ms));
