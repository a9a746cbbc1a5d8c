/**
 * What watching costs this process: CPU time over the same time with nothing watched, with eight GPUs at 500 ms through
 * a command, and with eight model servers asked every 2 s. What the watched tools themselves take is theirs.
 *
 * npm run bench:telemetry
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import { pageReader } from '../src/http/page.ts';
import type { Run } from '../src/record/run.ts';
import { RunTelemetry } from '../src/record/run-telemetry.ts';
import { RunWriter } from '../src/store/run-directory.ts';
import { watchGpuCommand } from '../src/telemetry/gpu-command.ts';
import { nvidiaSmi } from '../src/telemetry/gpu-tools.ts';
import { watchServerPages } from '../src/telemetry/server-pages.ts';
import type { TelemetryListener, Watch } from '../src/telemetry/watch.ts';
import { formatRatio } from '../src/units.ts';

const gpus = 8;
const intervalMs = 500;
const windowMs = 10_000;
const rounds = 3;

/** Prints as nvidia-smi does, a row a GPU and interval. */
const tool = `
i=0; rows=''
while [ $i -lt ${gpus} ]; do
  rows="\${rows}2026/07/14 08:12:53.353, $i, GPU-0c0ffee0-0000-1111-2222-33334444000$i, NVIDIA H100 80GB HBM3, 00000000:1$i:00.0, 100, 11, 19818, 81559, 631.95, 700.00, 59, 1980, 1980, 0x0000000000000004
"
  i=$((i + 1))
done
while :; do printf '%s' "$rows"; sleep ${intervalMs / 1000}; done`;

/** Serves a page as long as TGI's under load. */
const pageServer = `
const buckets = (name, n) => Array.from({ length: n }, (_, i) => name + '_bucket{le="' + (i + 1) / 7 + '"} ' + i * 3).join('\\n') + '\\n' + name + '_sum 12.5\\n' + name + '_count 300\\n';
const page = ['request_duration','request_validation_duration','request_queue_duration','request_inference_duration','request_mean_time_per_token_duration'].map(n => buckets('tgi_' + n, 35)).join('') + ['request_input_length','request_generated_tokens','request_max_new_tokens'].map(n => buckets('tgi_' + n, 100)).join('') + buckets('tgi_batch_next_size', 1024) + 'tgi_queue_size 3\\ntgi_batch_current_size 7\\n';
require('node:http').createServer((_, r) => r.end(page)).listen(0, '127.0.0.1', function () { console.log(this.address().port + ' ' + page.length); });`;

/** The share of a core that this process takes over a window. */
async function cpuRatio(): Promise<number> {
  const before = process.cpuUsage();
  const fromMs = performance.now();
  await new Promise(resolve => setTimeout(resolve, windowMs));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - fromMs);
}

/** The same while something is watched, all of it written as a run does. */
async function whileWatching(start: (listener: TelemetryListener) => Watch): Promise<{ ratio: number; lines: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'tgi-bench-telemetry-'));
  const store = await RunWriter.create(join(directory, 'run'), {} as Run, '');
  const run = new RunTelemetry();
  let lines = 0;
  const watch = start({
    gpu(line) {
      lines++;
      store.addGpu(line);
      run.addGpu(line);
    },
    server(line) {
      lines++;
      store.addServer(line);
      run.addServer(line);
    },
    isDriven: () => true,
  });
  const timer = setInterval(() => void store.flush(), 1_000);
  await watch.settled;
  const ratio = await cpuRatio();
  await watch.stop();
  clearInterval(timer);
  await store.close();
  rmSync(directory, { recursive: true });
  return { ratio, lines };
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const server = spawn(process.execPath, ['-e', pageServer], { stdio: ['ignore', 'pipe', 'inherit'] });
const [greeting] = (await once(server.stdout, 'data')) as [Buffer];
const [port, bytes] = greeting.toString().trim().split(' ');
const clock = systemClock();
const reader = pageReader({ timeoutMs: 5_000, mostBytes: 4_000_000 });
const results = { nothing: [] as number[], gpus: [] as number[], servers: [] as number[] };
for (let round = 0; round < rounds; round++) {
  results.nothing.push(await cpuRatio());
  const byCommand = await whileWatching(listener =>
    watchGpuCommand({
      command: ['sh', '-c', tool],
      dialogue: nvidiaSmi(intervalMs),
      source: 'nvidia-smi',
      simulated: false,
      clock,
      listen: line => listener.gpu(line),
      settlesAfter: 1,
      patienceMs: 15_000,
    }),
  );
  results.gpus.push(byCommand.ratio);
  const byPages = await whileWatching(listener =>
    watchServerPages({
      pages: Array.from({ length: gpus }, (_, gpu) => ({
        target: `m/gpu${gpu}`,
        simulated: false,
        urls: [`http://127.0.0.1:${port}/metrics`],
        headers: {},
        isNamed: true,
      })),
      intervalMs: 2_000,
      reader,
      clock,
      listen: line => listener.server(line),
      isDriven: listener.isDriven,
    }),
  );
  results.servers.push(byPages.ratio);
  say(`round ${round + 1}: ${byCommand.lines} lines of ${gpus} GPUs, ${byPages.lines} of ${gpus} servers`);
}
await reader.close();
server.kill();
const nothing = median(results.nothing);
const shown = (values: readonly number[]) =>
  `${formatRatio(median(values))} of a core (${values.map(formatRatio).join(', ')})`;
say(`nothing watched: ${shown(results.nothing)}`);
say(`${gpus} GPUs every ${intervalMs} ms through a command: ${shown(results.gpus)}`);
say(`${gpus} pages of ${Number(bytes) / 1000} kB every 2 s: ${shown(results.servers)}`);
const cost = median(results.gpus) - nothing;
say(`so watching the GPUs costs ${formatRatio(Math.max(0, cost))} of a core, where less than 1.00 % is asked for`);
process.exitCode = cost < 0.01 ? 0 : 1;
