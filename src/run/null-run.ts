import { monotonicMs, systemClock } from '../clock.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { CellResult } from '../record/run.ts';
import { parseScenario } from '../scenario/resolve.ts';
import { openBench } from './bench.ts';
import { inspectEnvironment } from './environment.ts';
import { runScenario } from './run-scenario.ts';
import { serviceBench } from './service-bench.ts';
import { prepareWorkloads } from './workloads.ts';

/** One step against the null target. */
export interface NullStep {
  /** The pace it is asked for, such as `staggered-50`. */
  readonly pace: string;
  readonly tokens: number;
  readonly stream: boolean;
  /** The warm-up and the step of the scenario, in YAML. */
  readonly warmup: string;
  readonly step: string;
}

export interface NullRun {
  readonly cell: CellResult;
  /** Those of its window that were answered well. */
  readonly records: readonly RequestRecord[];
  /** All tokens and answers that came, in the warm-up and the drain as well, and the CPU time of the whole. */
  readonly tokens: number;
  readonly answers: number;
  readonly cpuMs: number;
  /** The zero of its times on the machine's monotonic clock. */
  readonly beganMs: number;
}

/** Runs one step the way every run goes, in one thread, and keeps its records in memory. Undefined where it was interrupted. */
export async function runNull(url: string, step: NullStep, signal: AbortSignal): Promise<NullRun | undefined> {
  const given = {
    file: 'calibration',
    text: scenarioText(url, step),
    overrides: [],
    environment: { VALID_TOKEN: 'none' },
  };
  const { scenario, secrets, traces, assets } = parseScenario(given);
  const material = { scenario, traces, workloads: await prepareWorkloads(scenario, assets), models: new Map() };
  const cpu = process.cpuUsage();
  const beganMs = monotonicMs();
  const connection = { secrets, serviceUrl: url, ca: undefined };
  const service = serviceBench({ scenario, ...connection, clock: systemClock(beganMs) });
  const bench = await openBench(service, 1, { material, ...connection, beganMs }, () => undefined);
  const records: RequestRecord[] = [];
  try {
    const { cells, status } = await runScenario({
      ...material,
      id: 'calibration',
      environment: inspectEnvironment(scenario, { url, simulated: true, info: null }, assets, '/', 1),
      bench,
      openStore: async () => ({
        add: record => void records.push(record),
        flush: async () => {},
        addGpu: () => {},
        addServer: () => {},
        writeRun: async () => {},
        close: async () => {},
      }),
      progress: () => {},
      signal,
      wallClock: () => new Date().toISOString(),
    });
    const { user, system } = process.cpuUsage(cpu);
    const [cell] = cells;
    if (status !== 'complete' || cell === undefined) return undefined;
    return {
      cell,
      records: records.filter(({ phase, outcome }) => phase === 'measured' && outcome.kind === 'ok'),
      tokens: records.reduce((sum, { tokenTimesMs }) => sum + tokenTimesMs.length, 0),
      answers: records.length,
      cpuMs: (user + system) / 1000,
      beganMs,
    };
  } finally {
    await bench.close();
    await service.close();
  }
}

function scenarioText(url: string, { pace, tokens, stream, warmup, step }: NullStep): string {
  return `
name: calibration
service: { url: '${url}', token: '\${VALID_TOKEN}' }
targets: [{ model: ${pace}, gpus: [0], workloads: [chat] }]
limits: { exceed: true, concurrentPerModel: 100000, requestTimeout: 30s }
workloads:
  chat: { kind: text, prompt: { text: 'What would you ask? What would you ask?' }, output: { maxNewTokens: ${tokens} }, stream: ${stream} }
load: { warmup: ${warmup}, drain: 5s, steps: [${step}] }
telemetry: { gpu: off, metrics: off }
`;
}
