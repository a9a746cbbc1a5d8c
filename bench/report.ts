/**
 * What `tgi-bench report` takes for a directory of many long answers: makes one in a temporary folder, has its reports
 * made in a process of its own, as of a run that was killed and once more, says how long each took and how much memory,
 * and removes it. Exits with 1 where a million records of 150 tokens would take more than a minute or 600 MB.
 *
 * npm run bench:report [-- RECORDS [TOKENS]]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../src/random.ts';
import type { RequestRecord } from '../src/record/request-record.ts';
import { type GeneratorSample, schemaVersion } from '../src/record/run.ts';
import { parseScenario } from '../src/scenario/resolve.ts';
import { fileNames, RunWriter } from '../src/store/run-directory.ts';
import { formatBytes, formatDuration } from '../src/units.ts';

const recordCount = Number(process.argv[2] ?? 1_000_000);
const tokenCount = Number(process.argv[3] ?? 150);
const ratePerS = 700;
const gpus = 4;
const [mostMsARecord, mostBytes] = [60_000 / 1_000_000, 600e6];

const text = `
name: report
targets: [{ model: m, gpus: [0, 1, 2, 3], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: ${tokenCount} } } }
limits: { exceed: true }
load: { steps: [{ ratePerS: ${ratePerS / gpus}, duration: ${Math.ceil(recordCount / ratePerS)}s, order: parallel }] }
`;
const random = seededRandom('report');
const microseconds = (ms: number) => Math.round(ms * 1000) / 1000;

/** One answer in full; one in a hundred was refused. */
function recordOf(seq: number): RequestRecord {
  const dueMs = microseconds((seq * 1000) / ratePerS);
  const sentMs = microseconds(dueMs + random.uniform());
  const cell = seq % gpus;
  const named = { seq, cell, phase: 'measured', target: `m/gpu${cell}`, workload: 'chat', dueMs, sentMs } as const;
  const sent = { ...named, requestId: `b9c1ae0e-6f0a-4d53-a0a3-${String(seq).padStart(12, '0')}`, requestBytes: 700 };
  if (seq % 100 === 99) {
    const outcome = { kind: 'rate_limited', status: 429, by: 'gateway', detail: 'Too Many Requests' } as const;
    return { ...sent, tokenTimesMs: [], endMs: microseconds(sentMs + 2), outcome };
  }
  let atMs = sentMs + 50 + 100 * random.uniform();
  const tokenTimesMs = Array.from({ length: tokenCount }, () => {
    atMs += 10 + 10 * random.uniform();
    return microseconds(atMs);
  });
  const counted = { inputTokens: 64, outputTokens: tokenCount, tokensFrom: 'server', finishReason: 'length' } as const;
  return { ...sent, tokenTimesMs, endMs: microseconds(atMs), ...counted, outcome: { kind: 'ok', status: 200 } };
}

function sampleOf(atMs: number, sent: number): GeneratorSample {
  const loopDelayMs = { mean: 0.1, p99: 1, max: 3 };
  return {
    atMs,
    cells: [0, 1, 2, 3],
    sent,
    ended: sent,
    inFlight: 0,
    loopDelayMs,
    cpuRatio: 0.5,
    gcMs: 5,
    memoryBytes: 2e8,
  };
}

/** A directory as a run leaves it that was killed at its end. */
async function makeDirectory(directory: string): Promise<void> {
  const { scenario } = parseScenario({ file: 'report', text, overrides: [], environment: {} });
  const host = { platform: '', cpu: '', cores: cpus().length, memoryBytes: 0 };
  const service = { url: 'http://127.0.0.1:1', simulated: false, info: null };
  const environment = { harness: '', node: process.versions.node, host, git: {}, service, fingerprint: '' };
  const began = { id: 'report', status: 'running', startedAt: new Date().toISOString(), endedAt: null } as const;
  const nothing = { unaccounted: 0, validity: { verdict: 'valid', reasons: [] }, findings: [], cells: [] } as const;
  const run = { schemaVersion, ...began, environment, scenario, ...nothing } as const;
  const writer = await RunWriter.create(directory, run, text);
  for (let seq = 0; seq < recordCount; seq++) {
    writer.add(recordOf(seq));
    if (seq % ratePerS === ratePerS - 1) await writer.flush(sampleOf((seq * 1000) / ratePerS, seq + 1));
  }
  await writer.close();
}

interface Taken {
  readonly tookMs: number;
  /** Of all threads together. */
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** How long `tgi-bench report` takes, and the most memory it holds. */
async function report(directory: string): Promise<Taken> {
  const watch = `data:text/javascript,process.on('exit',()=>process.stderr.write('used '+JSON.stringify(process.resourceUsage())))`;
  const beganMs = performance.now();
  const child = spawn(process.execPath, ['--import', watch, 'dist/main.js', 'report', directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const [, usage] = /used (\{.*\})/.exec(said) ?? [];
  if (code !== 0 || usage === undefined) throw new Error(`report ended with ${code}: ${said}`);
  const used = JSON.parse(usage) as NodeJS.ResourceUsage;
  return {
    tookMs: performance.now() - beganMs,
    cpuMs: (used.userCPUTime + used.systemCPUTime) / 1000,
    peakBytes: used.maxRSS * 1024,
  };
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
const parent = await mkdtemp(join(tmpdir(), 'tgi-bench-report-'));
try {
  const directory = join(parent, 'run');
  await makeDirectory(directory);
  const bytes = statSync(join(directory, fileNames.requests)).size;
  say(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`);
  say(`${recordCount} records of ${tokenCount} tokens, ${formatBytes(bytes)}`);
  for (const name of ['a run that was killed', 'the same once more']) {
    const { tookMs, cpuMs, peakBytes } = await report(directory);
    const isOver = tookMs > mostMsARecord * recordCount || peakBytes > mostBytes;
    const took = `${formatDuration(tookMs)}, ${formatDuration(cpuMs)} of CPU`;
    say(`${name}: ${took}, ${formatBytes(peakBytes)} resident at most${isOver ? ': TOO MUCH' : ''}`);
    if (isOver) process.exitCode = 1;
  }
} finally {
  await rm(parent, { recursive: true, force: true });
}
