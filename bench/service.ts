/**
 * The speed of the embedded service: token events a second over 400 streams and how late they are, on one core, and
 * what idle streams cost in memory. The service is a process of its own; the client here reads and throws away.
 *
 * npm run bench:service
 */

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { cpus } from 'node:os';
import { createEngine } from '../src/engine/engine.ts';
import { documentedModel, type ServedModel } from '../src/simulator/catalogue.ts';
import { type LaunchedService, launchService } from '../src/simulator/launch.ts';

const token = 'bench';
const answerTokens = 1000;
const streams = 400;

/** The routes of one measurement, and how fast their engines are to step. */
interface Load {
  readonly name: string;
  readonly engines: number;
  readonly stepMs: number;
}

const loads: readonly Load[] = [
  { name: '40,000 events/s: 4 engines × 100 streams, a step every 10 ms', engines: 4, stepMs: 9.7 },
  { name: '20,000 events/s in step: 1 engine × 400 streams, a step every 20 ms', engines: 1, stepMs: 19.8 },
  { name: 'as many as it can: 4 engines × 100 streams, a step every 5 ms', engines: 4, stepMs: 4.8 },
];

const say = (line: string) => void process.stdout.write(`${line}\n`);

function servedModel(gpus: number, perGpu: number): ServedModel {
  const gpuNumbers = Array.from({ length: gpus }, (_, gpu) => gpu);
  return { ...documentedModel('bench', gpuNumbers), maxConcurrentRequests: gpus * perGpu };
}

/** The speed at which an engine with so many sequences steps every `stepMs`: what it takes as it is, over that. */
function speedFor(served: ServedModel, sequences: number, stepMs: number): number {
  let endMs = 0;
  const onToken = (_id: number, _index: number, atMs: number) => {
    endMs = atMs;
  };
  const engine = createEngine({ gpu: 'A100-80G', model: served.model, limits: served, jitter: 'none', onToken });
  const lengths = { inputTokens: 10, images: 0, maxNewTokens: answerTokens, outputTokens: answerTokens };
  for (let id = 0; id < sequences; id++) engine.submit({ ...lengths, id }, 0);
  engine.advance(Number.MAX_SAFE_INTEGER);
  return endMs / answerTokens / stepMs;
}

function launch(served: readonly ServedModel[], speed: number, stalls = false): Promise<LaunchedService> {
  return launchService({
    port: 0,
    host: '127.0.0.1',
    token,
    fidelity: 'documented',
    gpu: 'A100-80G',
    speed,
    seed: 1,
    models: served,
    faults: stalls ? [{ kind: 'stall' }] : [],
    requestTimeoutMs: 600_000,
  });
}

/** Opens one stream; resolves with its socket when the headers are there. */
function openStream(url: string, path: string, tokens: number): Promise<Socket> {
  const body = JSON.stringify({ inputs: 'Hello there', parameters: { max_new_tokens: tokens }, stream: true });
  const head = `POST ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect({
      port: Number(new URL(url).port),
      host: '127.0.0.1',
      onread: {
        buffer: Buffer.allocUnsafe(65_536),
        callback: () => {
          resolve(socket);
          return true;
        },
      },
    });
    socket.on('error', reject);
    socket.on('connect', () => socket.write(head + body));
  });
}

/** CPU time of a process so far, user and system; Linux counts it in hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMB(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1000;
}

async function measure({ name, engines, stepMs }: Load): Promise<void> {
  const perEngine = streams / engines;
  const served = servedModel(engines, perEngine);
  const service = await launch([served], speedFor(served, perEngine, stepMs));
  const opened = Array.from({ length: streams }, (_, at) =>
    openStream(service.url, `/bench/gpu${at % engines}/generate`, answerTokens),
  );
  const sockets = await Promise.all(opened);
  const startMs = performance.now();
  const startCpuMs = cpuMs(service.pid);
  const before = await service.statistics();
  let after = before;
  while (after.endpoints.every(({ engine }) => engine.running === perEngine) || performance.now() - startMs < 1000) {
    await new Promise(resolve => setTimeout(resolve, 500));
    after = await service.statistics();
  }
  const elapsedMs = after.uptimeMs - before.uptimeMs;
  const tokens = (statistics: typeof after) =>
    statistics.endpoints.reduce((sum, { engine }) => sum + engine.outputTokens, 0);
  const cpuRatio = (cpuMs(service.pid) - startCpuMs) / (performance.now() - startMs);
  const lags = after.endpoints.map(({ lagMs }) => lagMs);
  const worst = (of: (lag: (typeof lags)[0]) => number) => Math.max(...lags.map(of)).toFixed(2);
  say(name);
  say(
    `  ${Math.round(((tokens(after) - tokens(before)) / elapsedMs) * 1000)} events/s, ${Math.round(cpuRatio * 100)} % of a core`,
  );
  say(`  lag p50 ${worst(lag => lag.p50)} ms, p99 ${worst(lag => lag.p99)} ms, max ${worst(lag => lag.max)} ms`);
  for (const socket of sockets) socket.destroy();
  await service.stop();
}

async function measureIdle(): Promise<void> {
  const models = Array.from({ length: 10 }, (_, at) => documentedModel(`idle-${at}`, [0]));
  const service = await launch(models, 1, true);
  const emptyMB = residentMB(service.pid);
  const sockets = await Promise.all(
    Array.from({ length: 1000 }, (_, at) => openStream(service.url, `/idle-${at % 10}/gpu0/generate`, 100)),
  );
  await new Promise(resolve => setTimeout(resolve, 1000));
  const fullMB = residentMB(service.pid);
  say('1,000 idle streams');
  say(`  ${Math.round(fullMB)} MB resident, ${Math.round(fullMB - emptyMB)} MB more than without them`);
  for (const socket of sockets) socket.destroy();
  await service.stop();
}

say(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`);
for (const load of loads) await measure(load);
await measureIdle();
