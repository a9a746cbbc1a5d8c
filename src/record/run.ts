/** A finished run, as `run.json` keeps it: what every report, comparison and gate is made from. */
import type { Load } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Order } from '../scenario/scenario.ts';
import type { ModelFacts } from '../workload/prompt.ts';
import type { Calibration } from './calibration.ts';
import type { CellSummary } from './cell-recorder.ts';
import type { GpuDevice } from './gpu-sample.ts';
import type { Machine } from './machine.ts';
import type { TelemetrySummary } from './run-telemetry.ts';
import type { SearchResult } from './search.ts';
import type { Diagnosis } from './server-summary.ts';

export const schemaVersion = 1;

/** `running` is what a run leaves that was killed: a reader takes it for interrupted. `stopped`: by a rule of its scenario. */
export type RunStatus = 'running' | 'complete' | 'stopped' | 'interrupted' | 'failed';

/** A reason to doubt a number, or something noticed, with its figure and what to do about it. */
export interface Remark {
  readonly text: string;
  /** The same without its figure, so that what several cells have in common is said once. */
  readonly subject?: string;
  /** How much of it there was, and from where on it matters: durations in ms, shares from 0 to 1. */
  readonly figure?: number;
  readonly limit?: number;
  readonly advice?: string;
}

/** Whether the generator could do what it was asked: it alone makes a cell suspect or invalid. */
export interface Validity {
  readonly verdict: 'valid' | 'suspect' | 'invalid';
  readonly reasons: readonly Remark[];
}

export interface ObjectiveResult {
  readonly text: string;
  readonly measured: number | null;
  /** null: not enough data to say. */
  readonly held: boolean | null;
}

/** One cell with what it was and what came of it. */
export interface CellResult extends CellSummary {
  readonly index: number;
  readonly target: { readonly name: string; readonly model: string; readonly gpu?: number };
  readonly workload: string;
  readonly load: Load;
  readonly order: Order;
  readonly step: number;
  readonly repetition: number;
  readonly endedBy: string;
  /** The rule of `stopIf` that ended it early. */
  readonly stopRule?: string;
  /** How many requests the schedule has in the window; only of an open loop that came to its end. */
  readonly scheduled?: number;
  /** What kept it from being faster, as far as the figures tell; the most telling first. */
  readonly diagnoses: readonly Diagnosis[];
  readonly objectives: readonly ObjectiveResult[];
  readonly validity: Validity;
  readonly findings: readonly Remark[];
}

/** How long the way to a gateway and back took before the run, in ms, by requests that cost a model nothing. */
export interface Floor {
  /** Its address; `embedded` for the embedded service. */
  readonly service: string;
  readonly path: string;
  readonly connections: number;
  readonly n: number;
  /** null: too few answers to say. */
  readonly p50: number | null;
  readonly p95: number | null;
}

/** What the numbers depend on. */
export interface Environment extends Machine {
  /** How many threads sent requests; 1: the one that kept the run as well. */
  readonly threads?: number;
  /** What this machine was found able to do, where it was calibrated. */
  readonly calibration?: Omit<Calibration, 'rungs'>;
  readonly git: { readonly commit?: string; readonly dirty?: boolean };
  readonly service: {
    readonly url: string;
    readonly simulated: boolean;
    readonly info: unknown;
    /** What it said of its models, by their name. */
    readonly models?: Readonly<Record<string, ModelFacts>>;
    /** Only where the scenario asks for it. */
    readonly floorMs?: readonly Floor[];
  };
  /** The GPUs that were seen, of all sources. */
  readonly gpus?: readonly GpuDevice[];
  /** Prompt files, tokenizers and pictures that the scenario names: a digest of the content of each. */
  readonly files?: Readonly<Record<string, string>>;
  /** A digest of scenario, host class and service, to tell runs apart that must not be compared. */
  readonly fingerprint: string;
}

export interface Run {
  readonly schemaVersion: typeof schemaVersion;
  readonly id: string;
  readonly status: RunStatus;
  /** The rule of `stopIf` that stopped it. */
  readonly stopRule?: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Requests that were sent and of which no record exists. */
  readonly unaccounted: number;
  readonly environment: Environment;
  readonly scenario: Scenario;
  readonly validity: Validity;
  readonly findings: readonly Remark[];
  /** What was watched, and how well; only where anything was. */
  readonly telemetry?: TelemetrySummary;
  readonly cells: readonly CellResult[];
  /** The run whose search it went on with. */
  readonly resumes?: string;
  /** What a search for the highest load found, one for each endpoint and workload; only where the scenario asks for one. */
  readonly searches?: readonly SearchResult[];
}

/** One thread of the generator over the last second. */
export interface ThreadSample {
  /** How late its event loop was. */
  readonly loopDelayMs: { readonly mean: number; readonly p99: number; readonly max: number };
  /** Its own CPU time, 1 for one core. */
  readonly cpuRatio: number;
  /** How long it was ready to run and had no core; only where the system tells. */
  readonly coreWaitMs?: number;
  readonly gcMs: number;
  readonly longestGcMs?: number;
}

/** One second of the generator itself, a line of `generator.jsonl`. */
export interface GeneratorSample {
  readonly atMs: number;
  /** The cells driven at that time. */
  readonly cells: readonly number[];
  /** Since the run began. */
  readonly sent: number;
  readonly ended: number;
  readonly inFlight: number;
  /** How late the event loop was, over the last second; of several threads that send, of the latest. */
  readonly loopDelayMs: { readonly mean: number; readonly p99: number; readonly max: number };
  /** CPU time of this process over the last second, 1 for one core; of several threads, that of the busiest. */
  readonly cpuRatio: number;
  /** Of several threads, of the one that collected the longest. */
  readonly gcMs: number;
  /** The longest of its collections. */
  readonly longestGcMs?: number;
  readonly memoryBytes: number;
  /** How long the main thread was ready to run and had no core; only where the system tells. */
  readonly coreWaitMs?: number;
  /** By how much the wall clock went ahead of the monotonic one, a step forward or, below zero, back; only where it did by more than a little. */
  readonly clockStepMs?: number;
  /** For how long the machine slept; only where it did. */
  readonly suspendedMs?: number;
  /** Each thread that sends, in the order of its stripes; only where threads of their own do. */
  readonly threads?: readonly ThreadSample[];
  /** The share of its tokens that the embedded service wrote late, by more than a tenth of their step, since it was last asked; only where it was the target. */
  readonly engineLateRatio?: number;
}
