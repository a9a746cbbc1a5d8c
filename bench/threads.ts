/**
 * What several threads cost: whole runs with one thread, two and three, each with as many paced streams, and the CPU time
 * per token event of all threads together and of the one that keeps the run. Runs take turns, so that a busy machine
 * hurts all of them alike. On few cores this says what threads cost, not what they buy.
 *
 * npm run bench:threads
 * npm run bench:threads -- --rounds 1 --threads 1,2
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launchNullTarget } from '../src/simulator/null-target/launch.ts';
import { readRun } from '../src/store/run-directory.ts';
import { median } from './performance/results.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1,2,3' },
    streams: { type: 'string', default: '200' },
  },
});
const rounds = Number(options.rounds);
const counts = options.threads.split(',').map(Number);
const perThread = Number(options.streams);
const tokensPerS = 50;
const warmupMs = 2_000;
const watchedMs = 5_000;

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** CPU time per token event in µs: of the whole process, and of its first thread. */
interface Cost {
  readonly allUs: number;
  readonly keeperUs: number;
}

async function measure(threads: number): Promise<Cost> {
  const streams = perThread * threads;
  const target = await launchNullTarget();
  const folder = mkdtempSync(join(tmpdir(), 'tgi-bench-'));
  const [file, directory] = [join(folder, 'scenario.yaml'), join(folder, 'run')];
  writeFileSync(
    file,
    `
name: threads
service: { url: '${target.url}', token: '\${VALID_TOKEN}' }
targets: [{ model: staggered-${tokensPerS}, gpus: [0], workloads: [chat] }]
limits: { exceed: true }
workloads: { chat: { kind: text, prompt: { text: any }, output: { maxNewTokens: 100 } } }
load: { warmup: ${warmupMs}ms, drain: 2s, steps: [{ concurrency: ${streams}, duration: ${watchedMs + 2_000}ms }] }
telemetry: { gpu: off, metrics: off }
`,
  );
  const args = ['run', file, '--out', directory, '--threads', `${threads}`];
  const child = spawn(process.execPath, [resolve('dist/main.js'), ...args], {
    stdio: 'ignore',
    env: { ...process.env, VALID_TOKEN: 'bench' },
  });
  const ended = once(child, 'exit');
  while ((await target.statistics()).requests < streams) await pause(50);
  await pause(warmupMs + 500);
  const before = cpuNs(child.pid as number);
  await pause(watchedMs);
  const after = cpuNs(child.pid as number);
  await ended;
  await target.stop();
  const eventsPerS = (await readRun(directory)).cells[0]?.rates.outputTokensPerS ?? Number.NaN;
  const events = (eventsPerS * watchedMs) / 1_000;
  return {
    allUs: (after.all - before.all) / 1_000 / events,
    keeperUs: (after.keeper - before.keeper) / 1_000 / events,
  };
}

/** CPU time so far of all threads of a process, and of its first. */
function cpuNs(pid: number): { readonly all: number; readonly keeper: number } {
  const ranNs = (task: string) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  const all = readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + ranNs(task), 0);
  return { all, keeper: ranNs(`${pid}`) };
}

const costs = new Map<number, Cost[]>(counts.map(count => [count, []]));
for (let round = 0; round < rounds; round++) for (const count of counts) costs.get(count)?.push(await measure(count));

say(
  `CPU per token event, ${perThread} streams of ${tokensPerS} tokens/s for each thread, staggered; medians of ${rounds} runs`,
);
const alone = costs.get(counts[0] as number) as Cost[];
for (const [count, measured] of costs) {
  const us = (of: (cost: Cost) => number) => `${median(measured.map(of)).toFixed(2)} µs`;
  const ratio = median(measured.map(({ allUs }, round) => allUs / (alone[round] as Cost).allUs));
  say(
    `  --threads ${count}: ${us(({ allUs }) => allUs)}, ${us(({ keeperUs }) => keeperUs)} of it in the first thread; ${ratio.toFixed(2)} of --threads ${counts[0]}`,
  );
}
