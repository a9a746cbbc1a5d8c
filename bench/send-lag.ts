/**
 * How late an open loop sends: whole runs, in real time, over a way to send that is answered at once, so that what is
 * late is this program and the machine it runs on.
 *
 * npm run bench:send-lag
 */
import { cpus, loadavg } from 'node:os';
import { sleepUntil, systemClock } from '../src/clock.ts';
import { dispatch } from '../src/driver/dispatch.ts';
import type { Send } from '../src/driver/driver.ts';
import { tgi } from '../src/protocol/tgi.ts';
import type { CellResult, Environment, GeneratorSample } from '../src/record/run.ts';
import { runScenario } from '../src/run/run-scenario.ts';
import { prepareWorkloads } from '../src/run/workloads.ts';
import { parseScenario } from '../src/scenario/resolve.ts';
import { watchProcess } from '../src/telemetry/generator.ts';
import { formatDuration, formatRatio, missing } from '../src/units.ts';

const text = `
name: send-lag
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: 16 } } }
limits: { exceed: true }
load: { warmup: 1s, steps: [{ ratePerS: [100, 1000, 5000], arrivals: poisson, duration: 5s }] }
`;

/** Nobody reads it: no run directory is left. */
const environment: Environment = {
  harness: '',
  node: process.versions.node,
  host: { platform: '', cpu: '', cores: cpus().length, memoryBytes: 0 },
  git: {},
  service: { url: '', simulated: true, info: null },
  fingerprint: '',
};

/** Every cell with what this process did meanwhile. */
async function measure(): Promise<{ cells: readonly CellResult[]; samples: readonly GeneratorSample[] }> {
  const { scenario, traces, assets } = parseScenario({ file: 'send-lag', text, overrides: [], environment: {} });
  const clock = systemClock();
  const protocol = tgi('tag');
  const send: Send = async request => {
    const requestBytes = protocol.encode(request).length;
    const sentMs = clock.nowMs();
    return { sentMs, tokenTimesMs: [], endMs: sentMs, requestId: '', requestBytes, outcome: { kind: 'ok' } };
  };
  const driver = dispatch(send, clock);
  const self = watchProcess();
  const samples: GeneratorSample[] = [];
  const { cells } = await runScenario({
    id: 'send-lag',
    scenario,
    traces,
    workloads: await prepareWorkloads(scenario, assets),
    models: new Map(),
    environment,
    bench: {
      clock,
      driverOf: () => driver,
      prepare: async () => {},
      sampleProcess: () => self.take(),
      engineLateRatio: () => undefined,
    },
    openStore: async () => ({
      add: () => {},
      addGpu: () => {},
      addServer: () => {},
      flush: async sample => void (sample && samples.push(sample)),
      writeRun: async () => {},
      close: async () => {},
    }),
    progress: () => {},
    signal: new AbortController().signal,
    wallClock: () => new Date().toISOString(),
  });
  self.stop();
  return { cells, samples };
}

/** How late a timer is that is set again and again for 5 s and does nothing: the machine's own share, in ms and in order. */
async function bareTimerMs(ratePerS: number): Promise<number[]> {
  const clock = systemClock();
  const lateMs: number[] = [];
  for (let index = 0; index < ratePerS * 5; index++) {
    const dueMs = (index * 1000) / ratePerS;
    await sleepUntil(clock, dueMs);
    lateMs.push(clock.nowMs() - dueMs);
  }
  return lateMs.sort((a, b) => a - b);
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
const row = (what: string, figures: readonly (number | null)[], rest = '') =>
  say(
    `${what.padStart(22)} ${figures.map(ms => (ms === null ? missing : formatDuration(ms)).padStart(9)).join(' ')}   ${rest}`,
  );

say(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; load before: ${loadavg()[0]?.toFixed(2)}`);
say('send lag (sent − due), Poisson arrivals for 5 s');
say('                             p50       p99       max   CPU of a core');
const bare = await bareTimerMs(1000);
row(
  'a bare timer, 1000/s',
  [0.5, 0.99, 1].map(q => bare[Math.ceil(q * bare.length) - 1] ?? null),
);
const { cells, samples } = await measure();
for (const { index, load, metrics } of cells) {
  const { p50, p99, max } = metrics.sendLagMs;
  const during = samples.filter(sample => sample.cells.includes(index));
  const cpuRatio = during.reduce((sum, sample) => sum + sample.cpuRatio, 0) / during.length;
  row(`${load.kind === 'open' ? load.ratePerS : missing} requests/s`, [p50, p99, max], formatRatio(cpuRatio));
}
