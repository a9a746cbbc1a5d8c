import { checkedYaml, type Path } from '../schema/checked-yaml.ts';
import { type AssetReader, type Assets, readAssets } from './assets.ts';
import type { DriverChoice } from './driver-limits.ts';
import { type AskedLoad, askedOf, type End } from './load.ts';
import type { Objective, StopRule } from './objective.ts';
import { capOf, problemsOf } from './problems.ts';
import {
  type Fault,
  type Order,
  type ProtocolName,
  type ScenarioFile,
  scenarioSchema,
  type Warmup,
} from './scenario.ts';
import { type Search, searchOf } from './search.ts';
import { matches, type Target, type TargetEntry, targetsOf } from './target.ts';
import { type Telemetry, telemetryOf } from './telemetry.ts';
import { type Trace, type TraceFile, type TraceReader, traceReader } from './trace.ts';
import type { Workload } from './workload.ts';

/** One load step: what a list in the file stands for is taken apart into several. */
export interface Step {
  readonly index: number;
  readonly load: AskedLoad;
  readonly end: End;
  readonly warmup: Warmup;
  readonly order: Order;
  readonly driver: DriverChoice;
}

/** A validated experiment. It holds no secret: tokens and header values are in `Secrets`. */
export interface Scenario {
  readonly name: string;
  readonly seed: number;
  readonly service: {
    readonly url: string;
    readonly protocol: ProtocolName;
    readonly headerNames: readonly string[];
    readonly ca?: string;
    readonly embedded: {
      readonly gpu: string;
      readonly fidelity: 'documented' | 'deployed';
      readonly speed: number;
      readonly faults: readonly Fault[];
    };
    readonly imageSyntax: 'tag' | 'markdown';
  };
  readonly targets: readonly Target[];
  readonly limits: {
    /** Requests in flight per model over all of its GPUs; undefined: no bound. */
    readonly concurrentPerModel?: number;
    readonly requestTimeoutMs: number;
    readonly maxInputTokens?: number;
  };
  readonly workloads: Readonly<Record<string, Workload>>;
  readonly load: {
    readonly drainMs: number;
    readonly repetitions: number;
    /** Whether the way to the gateway and back is measured before the run. */
    readonly floor: boolean;
    /** None where a search finds its loads itself. */
    readonly steps: readonly Step[];
    readonly search?: Search;
  };
  readonly stopIf: readonly StopRule[];
  readonly retry?: Retry;
  readonly goodput?: Readonly<Record<string, number>>;
  readonly objectives: readonly Objective[];
  readonly telemetry: Telemetry;
}

/** When a request is sent again, and how often. */
export interface Retry {
  /** How often a request may be sent again. */
  readonly attempts: number;
  /** The longest wait before the first retry; it doubles with each, up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Retries per request, over all requests of the endpoint: beyond it nothing is sent again. */
  readonly budgetRatio: number;
  readonly on: readonly string[];
}

/** What must be sent and never written: by target name, with `''` for the service. */
export interface Secrets {
  readonly tokens: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the command line and the environment add to a scenario file. */
export interface ScenarioSource {
  readonly file: string;
  readonly text: string;
  readonly overrides: readonly { readonly path: Path; readonly value: unknown }[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The token for the service, already read from `--token-file` or the environment. */
  readonly token?: string | undefined;
  /** Only targets whose name matches this glob (`*` and `?`). */
  readonly targetGlob?: string | undefined;
  /** Reads a trace that the file names. Throws where it cannot. */
  readonly readTrace?: ((file: string) => TraceFile) | undefined;
  /** Reads the files that a workload names. */
  readonly readFiles?: AssetReader | undefined;
}

/** A scenario, and what is kept outside it. */
export interface ParsedScenario {
  readonly scenario: Scenario;
  readonly secrets: Secrets;
  /** The requests of every trace, by the name it has in the scenario. */
  readonly traces: ReadonlyMap<string, Trace>;
  /** Prompt files, tokenizers and pictures, by the path they have in the scenario. */
  readonly assets: Assets;
}

/** Headers that open doors: the file is copied into the run directory, so their values may stand in it as references only. */
const sensitiveHeader = /^service\.headers\..*(auth|cookie|key|secret|token)/i;

/** Reads, checks and completes a scenario. Throws a HarnessError that lists every problem of the file and its traces. */
export function parseScenario(source: ScenarioSource): ParsedScenario {
  const traceOf = traceReader(source.readTrace);
  let assets: Assets = new Map();
  const file = checkedYaml(
    scenarioSchema,
    { ...source, interpolated: ['service', 'targets'], secretKeys: ['token'], guardedKeys: sensitiveHeader },
    value => {
      const found = readAssets(value.workloads, source.readFiles);
      assets = found.assets;
      return [...problemsOf(value, targetsOf(value), source.token, source.targetGlob, traceOf), ...found.problems];
    },
  );
  const targets = targetsOf(file);
  const chosen = targets.map(({ target }) => target).filter(({ name }) => matches(name, source.targetGlob));
  const named = (file.load.steps ?? []).flatMap(({ trace }) => (trace === undefined ? [] : [trace]));
  return {
    scenario: scenarioOf(file, chosen, traceOf),
    secrets: secretsOf(file, targets, source),
    traces: new Map(named.map(name => [name, traceOf(name).trace])),
    assets,
  };
}

function scenarioOf(file: ScenarioFile, targets: readonly Target[], traceOf: TraceReader): Scenario {
  const { service, limits, load } = file;
  const concurrentPerModel = capOf(file);
  return {
    name: file.name,
    seed: file.seed,
    service: {
      url: service.url === 'embedded' ? 'embedded' : service.url.replace(/\/+$/, ''),
      protocol: service.protocol,
      headerNames: Object.keys(service.headers),
      ...(service.tls === undefined ? {} : { ca: service.tls.ca }),
      embedded: service.embedded,
      imageSyntax: service.imageSyntax,
    },
    targets,
    limits: {
      ...(concurrentPerModel === undefined ? {} : { concurrentPerModel }),
      requestTimeoutMs: limits.requestTimeout,
      ...(limits.maxInputTokens === undefined ? {} : { maxInputTokens: limits.maxInputTokens }),
    },
    workloads: file.workloads,
    load: {
      drainMs: load.drain,
      repetitions: load.repetitions,
      floor: load.floor,
      steps: stepsOf(file, traceOf),
      ...(load.search === undefined ? {} : { search: searchOf(load.search) }),
    },
    stopIf: [file.stopIf].flat(),
    ...(file.retry.attempts === 0 ? {} : { retry: retryOf(file.retry) }),
    ...(file.goodput === undefined ? {} : { goodput: file.goodput as Record<string, number> }),
    objectives: file.objectives,
    telemetry: telemetryOf(file.telemetry),
  };
}

function retryOf({ backoff, maxBackoff, budget, ...rest }: ScenarioFile['retry']): Retry {
  return { ...rest, backoffMs: backoff, maxBackoffMs: maxBackoff, budgetRatio: budget };
}

function stepsOf(file: ScenarioFile, traceOf: TraceReader): Step[] {
  const asked = (file.load.steps ?? []).flatMap(step => askedOf(step, traceOf).map(each => ({ step, ...each })));
  return asked.map(({ step, load, end }, index) => ({
    index,
    load,
    end,
    warmup: step.warmup ?? file.load.warmup,
    order: step.order ?? file.order,
    driver: step.driver,
  }));
}

function secretsOf(file: ScenarioFile, targets: readonly TargetEntry[], source: ScenarioSource): Secrets {
  const tokens = new Map<string, string>();
  const token = source.token ?? (file.service.token || undefined);
  if (token !== undefined) tokens.set('', token);
  for (const { target, token: own } of targets) if (own !== undefined) tokens.set(target.name, own);
  return { tokens, headers: file.service.headers };
}
