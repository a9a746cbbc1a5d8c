import { checkedYaml, type Path } from '../schema/checked-yaml.ts';
import type { Objective, StopRule } from './objective.ts';
import { documentedConcurrency, problemsOf } from './problems.ts';
import {
  type Order,
  type ScenarioFile,
  type ScenarioStep,
  scenarioSchema,
  type Warmup,
  type Workload,
} from './scenario.ts';
import { matches, type Target, type TargetEntry, targetsOf } from './target.ts';

/** One load step: what a list in the file stands for is taken apart into several. */
export interface Step {
  readonly index: number;
  readonly load:
    | {
        readonly kind: 'closed';
        readonly concurrency: number;
        readonly thinkTimeMs: number;
        readonly per: 'endpoint' | 'model';
      }
    | {
        readonly kind: 'open';
        readonly arrivals: 'constant' | 'poisson';
        readonly ratePerS: number;
        readonly maxInFlight?: number;
        readonly whenFull: 'drop' | 'queue';
      };
  readonly end: { readonly requests?: number; readonly durationMs?: number };
  readonly warmup: Warmup;
  readonly order: Order;
}

/** A validated experiment. It holds no secret: tokens and header values are in `Secrets`. */
export interface Scenario {
  readonly name: string;
  readonly seed: number;
  readonly service: {
    readonly url: string;
    readonly protocol: 'tgi';
    readonly headerNames: readonly string[];
    readonly ca?: string;
    readonly embedded: { readonly gpu: string; readonly fidelity: 'documented' | 'deployed'; readonly speed: number };
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
  readonly load: { readonly drainMs: number; readonly repetitions: number; readonly steps: readonly Step[] };
  readonly stopIf?: StopRule;
  readonly goodput?: Readonly<Record<string, number>>;
  readonly objectives: readonly Objective[];
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
}

/** Reads, checks and completes a scenario. Throws a HarnessError that lists every problem of the file. */
export function parseScenario(source: ScenarioSource): { scenario: Scenario; secrets: Secrets } {
  const file = checkedYaml(
    scenarioSchema,
    { ...source, interpolated: ['service', 'targets'], secretKeys: ['token'] },
    value => problemsOf(value, value.targets.flatMap(targetsOf), source.token, source.targetGlob),
  );
  const targets = file.targets.flatMap(targetsOf);
  const chosen = targets.map(({ target }) => target).filter(({ name }) => matches(name, source.targetGlob));
  return { scenario: scenarioOf(file, chosen), secrets: secretsOf(file, targets, source) };
}

function scenarioOf(file: ScenarioFile, targets: readonly Target[]): Scenario {
  const { service, limits, load } = file;
  const concurrentPerModel = limits.concurrentPerModel ?? (limits.exceed ? undefined : documentedConcurrency);
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
    load: { drainMs: load.drain, repetitions: load.repetitions, steps: stepsOf(file) },
    ...(file.stopIf === undefined ? {} : { stopIf: file.stopIf }),
    ...(file.goodput === undefined ? {} : { goodput: file.goodput as Record<string, number> }),
    objectives: file.objectives,
  };
}

function stepsOf(file: ScenarioFile): Step[] {
  const loads = file.load.steps.flatMap(step => {
    const values = [step.concurrency ?? step.ratePerS ?? []].flat();
    return values.map(value => ({ step, value }));
  });
  return loads.map(({ step, value }, index) => ({
    index,
    load:
      step.concurrency === undefined
        ? {
            kind: 'open',
            arrivals: step.arrivals ?? 'poisson',
            ratePerS: value,
            ...(step.maxInFlight === undefined ? {} : { maxInFlight: step.maxInFlight }),
            whenFull: step.whenFull ?? 'drop',
          }
        : { kind: 'closed', concurrency: value, thinkTimeMs: step.thinkTime ?? 0, per: step.per },
    end: endOf(step),
    warmup: step.warmup ?? file.load.warmup,
    order: step.order ?? file.order,
  }));
}

function endOf(step: ScenarioStep): Step['end'] {
  const durationMs = step.duration ?? step.atMost;
  return {
    ...(step.requests === undefined ? {} : { requests: step.requests }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}

function secretsOf(file: ScenarioFile, targets: readonly TargetEntry[], source: ScenarioSource): Secrets {
  const tokens = new Map<string, string>();
  const token = source.token ?? (file.service.token || undefined);
  if (token !== undefined) tokens.set('', token);
  for (const { target, token: own } of targets) if (own !== undefined) tokens.set(target.name, own);
  return { tokens, headers: file.service.headers };
}
