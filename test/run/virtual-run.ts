import { type Clock, virtualClock } from '../../src/clock.ts';
import { dispatch } from '../../src/driver/dispatch.ts';
import type { Driver, Send } from '../../src/driver/driver.ts';
import { retrying } from '../../src/driver/retry.ts';
import { simulatedSend } from '../../src/driver/simulated.ts';
import { stripedDriver } from '../../src/driver/striped.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { GpuLine } from '../../src/record/gpu-sample.ts';
import type { Progress } from '../../src/record/progress.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Environment, GeneratorSample, Run } from '../../src/record/run.ts';
import { phaseOf } from '../../src/run/phase.ts';
import { runScenario } from '../../src/run/run-scenario.ts';
import type { Resumed } from '../../src/run/search.ts';
import { prepareWorkloads } from '../../src/run/workloads.ts';
import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { wordForToken } from '../../src/workload/wording.ts';
import type { GenerationRequest } from '../../src/workload/workload.ts';
import { memoryLanes } from '../driver/memory-lanes.ts';

const environment: Environment = {
  harness: '0.0.0',
  node: '20.19.0',
  host: { platform: 'test', cpu: 'test', cores: 1, memoryBytes: 1e9 },
  git: {},
  service: { url: 'embedded', simulated: true, info: null },
  fingerprint: 'test',
};

export interface VirtualRun {
  readonly run: Run;
  readonly records: readonly RequestRecord[];
  readonly samples: readonly GeneratorSample[];
  readonly progress: readonly Progress[];
}

/** A whole run of a scenario against engines in virtual time, an engine a target; `prepare` gets each engine before the run. */
export async function virtualRun(
  text: string,
  options: {
    prepare?: (engine: Engine, target: string) => void;
    interruptAtMs?: number;
    /** What the engine's jitter is drawn from. */
    engineSeed?: number;
    requestTimeoutMs?: number;
    /** The texts of the traces that the scenario names. */
    traceTexts?: Readonly<Record<string, string>>;
    /** Stands between the drivers and the engine. */
    between?: (send: Send, clock: Clock) => Send;
    /** What a sample of the generator says besides, by when it is taken. */
    sampleProcess?: (atMs: number) => Partial<GeneratorSample>;
    /** What is seen of the GPUs, each when its time comes. */
    gpuLines?: readonly GpuLine[];
    /** When they have shown themselves; at once where it does not say. */
    gpusSettle?: Promise<void>;
    /** Told of every request as it is sent. */
    onRequest?: (request: GenerationRequest) => void;
    /** An earlier run whose search is gone on with. */
    resumed?: Resumed;
    /** Spreads every cell over so many lanes, as a run does over threads. */
    lanes?: number;
    /** When the first lane comes to an end of its own. */
    laneLostAtMs?: number;
    /** Told of every `run.json`, also where the run fails. */
    onRun?: (run: Run) => void;
  } = {},
): Promise<VirtualRun> {
  const { scenario, traces, assets } = parseScenario({
    file: 'test.yaml',
    text,
    overrides: [],
    environment: {},
    readTrace: name => ({ text: options.traceTexts?.[name] ?? '', sha256: name }),
  });
  const { between = send => send } = options;
  const workloads = await prepareWorkloads(scenario, assets);
  const clock = virtualClock();
  const drivers = new Map<string, Driver>();
  for (const target of scenario.targets) {
    const limits = { maxConcurrentRequests: 100, maxInputTokens: 4096, maxTotalTokens: 8192 };
    const { send, engine } = simulatedSend({
      clock,
      gpu: 'A100-80G',
      model: 'mistral-7b',
      limits,
      requestTimeoutMs: scenario.limits.requestTimeoutMs,
      seed: options.engineSeed ?? 1,
    });
    options.prepare?.(engine, target.name);
    const sendBetween = between(send, clock);
    const watched: Send = (request, signal) => {
      options.onRequest?.(request);
      return sendBetween(request, signal);
    };
    const again = scenario.retry === undefined ? watched : retrying(watched, scenario.retry, clock, scenario.seed);
    drivers.set(target.name, dispatch(again, clock));
  }
  const models = new Map(scenario.targets.map(({ model }) => [model, { tokensOfWords: wordForToken }]));
  const material = { scenario, traces, workloads, models };
  const lanes = memoryLanes(options.lanes ?? 0, {
    clock,
    driverOf: ({ cell }) => drivers.get(cell.target.name) as Driver,
    phaseOf: ({ cell }) => phaseOf(cell, material),
  });
  if (options.laneLostAtMs !== undefined)
    clock.at(options.laneLostAtMs, () => lanes[0]?.lose(new Error('out of memory')));
  const striped = stripedDriver(lanes, clock, driverLimits.undici);
  const records: RequestRecord[] = [];
  const samples: GeneratorSample[] = [];
  const progress: Progress[] = [];
  const interrupt = new AbortController();
  if (options.interruptAtMs !== undefined) clock.at(options.interruptAtMs, () => interrupt.abort());
  const run = await clock.run(
    runScenario({
      ...material,
      id: 'test',
      resumed: options.resumed,
      environment,
      bench: {
        clock,
        driverOf: target => (lanes.length > 0 ? striped : (drivers.get(target.name) as Driver)),
        startLeadMs: lanes.length > 0 ? 50 : 0,
        prepare: async () => {},
        sampleProcess: () => ({
          loopDelayMs: { mean: 0, p99: 0, max: 0 },
          cpuRatio: 0,
          gcMs: 0,
          memoryBytes: 0,
          ...options.sampleProcess?.(clock.nowMs()),
        }),
        engineLateRatio: () => undefined,
      },
      openStore: async () => ({
        add: record => void records.push(record),
        addGpu: () => {},
        addServer: () => {},
        flush: async sample => void (sample && samples.push(sample)),
        writeRun: async run => options.onRun?.(run),
        close: async () => {},
      }),
      watch: listener => {
        const cancels = (options.gpuLines ?? []).map(line => clock.at(line.atMs, () => listener.gpu(line)));
        return {
          settled: options.gpusSettle ?? Promise.resolve(),
          stop: async () => {
            for (const cancel of cancels) cancel();
          },
        };
      },
      progress: each => void progress.push(each),
      signal: interrupt.signal,
      wallClock: () => '2026-01-01T00:00:00.000Z',
    }),
  );
  return { run, records, samples, progress };
}
