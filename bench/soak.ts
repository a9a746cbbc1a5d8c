/**
 * What a soak of hours holds in memory: a whole run in virtual time, over a way to send that makes up answers of 150
 * tokens, into a run directory in a temporary folder. Says what is resident every quarter of an hour, and exits with 1
 * where that is ever more than 300 MB.
 *
 * npm run bench:soak [-- HOURS [REQUESTS_A_SECOND]]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleepUntil, virtualClock } from '../src/clock.ts';
import { dispatch } from '../src/driver/dispatch.ts';
import type { Send } from '../src/driver/driver.ts';
import { retrying } from '../src/driver/retry.ts';
import { seededRandom } from '../src/random.ts';
import { type Environment, type GeneratorSample, type Run, schemaVersion } from '../src/record/run.ts';
import { runScenario } from '../src/run/run-scenario.ts';
import { prepareWorkloads } from '../src/run/workloads.ts';
import { parseScenario, type Retry } from '../src/scenario/resolve.ts';
import { type RunStore, RunWriter } from '../src/store/run-directory.ts';
import { watchProcess } from '../src/telemetry/generator.ts';
import { formatBytes, formatDuration } from '../src/units.ts';

const hours = Number(process.argv[2] ?? 3);
const ratePerS = Number(process.argv[3] ?? 100);
const mostBytes = 300e6;
const everyMs = 15 * 60_000;
const tokens = 150;

const text = `
name: soak
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: Hello }, output: { maxNewTokens: ${tokens} } } }
limits: { exceed: true }
retry: { attempts: 2, on: [rate_limited], backoff: 10ms }
stopIf: "errorRatio > 0.9 for 5m"
load: { warmup: 10s, steps: [{ ratePerS: ${ratePerS}, arrivals: poisson, duration: ${hours}h }] }
`;

const environment: Environment = {
  harness: '',
  node: process.versions.node,
  host: { platform: '', cpu: '', cores: cpus().length, memoryBytes: 0 },
  git: {},
  service: { url: '', simulated: true, info: null },
  gpus: [],
  fingerprint: '',
};

const clock = virtualClock();
const random = seededRandom('soak');

/** Answers in full; one in fifty is refused at first. */
const send: Send = async () => {
  const sentMs = clock.nowMs();
  const sent = { sentMs, requestId: 'b9c1ae0e-6f0a-4d53-a0a3-000000000000', requestBytes: 700 };
  if (random.uniform() < 0.02)
    return { ...sent, tokenTimesMs: [], endMs: sentMs, outcome: { kind: 'rate_limited', status: 429, by: 'gateway' } };
  let atMs = sentMs + 50 + 100 * random.uniform();
  const tokenTimesMs = Array.from({ length: tokens }, () => {
    atMs += 10 + 10 * random.uniform();
    return atMs;
  });
  await sleepUntil(clock, atMs);
  return { ...sent, tokenTimesMs, endMs: atMs, outputTokens: tokens, outcome: { kind: 'ok', status: 200 } };
};

const say = (line: string) => void process.stdout.write(`${line}\n`);
const directory = await mkdtemp(join(tmpdir(), 'tgi-bench-soak-'));
try {
  const { scenario, traces, assets } = parseScenario({ file: 'soak', text, overrides: [], environment: {} });
  const self = watchProcess();
  const workloads = await prepareWorkloads(scenario, assets);
  let worstBytes = 0;
  let saidMs = 0;
  const look = ({ atMs }: GeneratorSample) => {
    const bytes = process.memoryUsage.rss();
    worstBytes = Math.max(worstBytes, bytes);
    if (atMs < saidMs + everyMs) return;
    say(`${formatDuration(atMs).padStart(14)}  ${formatBytes(bytes)} resident`);
    saidMs = atMs;
  };
  /** Virtual time must have something to go on to while files are written in real time. */
  const beat = () => void clock.at(clock.nowMs() + 1_000, beat);
  const began = { id: 'soak', status: 'running', startedAt: '', endedAt: null, unaccounted: 0 } as const;
  const nothing = { validity: { verdict: 'valid', reasons: [] }, findings: [], cells: [] } as const;
  const first: Run = { schemaVersion, ...began, environment, scenario, ...nothing };
  const writer = await RunWriter.create(join(directory, 'run'), first, text);
  const openStore = async (): Promise<RunStore> => {
    beat();
    return {
      add: record => writer.add(record),
      addGpu: line => writer.addGpu(line),
      addServer: line => writer.addServer(line),
      writeRun: run => writer.writeRun(run),
      close: () => writer.close(),
      async flush(sample) {
        if (sample !== undefined) look(sample);
        await writer.flush(sample);
      },
    };
  };
  const beganMs = performance.now();
  const run = await clock.run(
    runScenario({
      id: 'soak',
      scenario,
      traces,
      workloads,
      models: new Map(),
      environment,
      bench: {
        clock,
        driverOf: () => dispatch(retrying(send, scenario.retry as Retry, clock, 1), clock),
        startLeadMs: 0,
        prepare: async () => {},
        sampleProcess: () => self.take(),
        engineLateRatio: () => undefined,
      },
      openStore,
      progress: () => {},
      signal: new AbortController().signal,
      wallClock: () => new Date().toISOString(),
    }),
  );
  self.stop();
  const requests = run.cells.reduce((sum, { counts }) => sum + counts.due, 0);
  const tookMs = performance.now() - beganMs;
  say(
    `${requests} requests of ${tokens} tokens in ${formatDuration(tookMs)}; at most ${formatBytes(worstBytes)} resident`,
  );
  if (worstBytes > mostBytes) process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
