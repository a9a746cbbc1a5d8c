/**
 * A scenario from its first request to its last record: what the design calls the one path. Everything it touches is
 * handed in, so that the same function runs against a service in real time and against the engine in virtual time.
 */

import { worstValidity } from '../analysis/validity.ts';
import type { Clock } from '../clock.ts';
import type { Driver } from '../driver/driver.ts';
import { StageStart } from '../driver/driver.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { Environment, Run, RunStatus } from '../record/run.ts';
import { schemaVersion } from '../record/run.ts';
import { type Cell, expand } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Target } from '../scenario/target.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { ProcessSample } from '../telemetry/generator.ts';
import { type RequestSource, requestSource } from '../workload/workload.ts';
import { CellRun } from './cell-run.ts';
import { Ticker } from './ticker.ts';

/** What a run sends to: a service in real time or an engine in virtual time. */
export interface Bench {
  readonly clock: Clock;
  driverOf(target: Target): Driver;
  /** Opens what the given number of requests in flight to a target will need. */
  prepare(target: Target, inFlight: number): Promise<void>;
  sampleProcess(): ProcessSample;
  /** How late the embedded service is; only where it is the target. */
  engineLagMs(): number | undefined;
}

export interface RunOptions {
  readonly id: string;
  readonly scenario: Scenario;
  readonly environment: Environment;
  readonly bench: Bench;
  /** Makes the place to keep the run in, with its first `run.json`. */
  readonly openStore: (run: Run) => Promise<RunStore>;
  readonly progress: (progress: Progress) => void;
  /** Aborted to interrupt the run: the reason becomes its status. */
  readonly signal: AbortSignal;
  /** The wall clock, for `startedAt` and `endedAt` only. */
  readonly wallClock: () => string;
}

/** What goes on, about once a second. */
export interface Progress {
  readonly elapsedMs: number;
  /** Which stage of how many, and the cells in it. */
  readonly stage: number;
  readonly stages: number;
  readonly cells: readonly Cell[];
  readonly part: 'warm-up' | 'measuring' | 'drain';
  readonly sent: number;
  readonly ended: number;
  readonly inFlight: number;
  readonly outputTokensPerS: number;
  readonly rateLimited: number;
  readonly forbidden: number;
  readonly errors: number;
}

/** Runs a scenario and gives the finished run; the store holds its records. Throws a HarnessError on a 401, a ban or a full disk, after closing the store. */
export async function runScenario(options: RunOptions): Promise<Run> {
  const { scenario, bench, signal } = options;
  const cells = expand(scenario);
  const sources = await prepareWorkloads(scenario);
  const startedAt = options.wallClock();
  const finished: CellRun[] = [];
  const fatal = new AbortController();
  const stop = AbortSignal.any([signal, fatal.signal]);

  const runSoFar = (status: RunStatus, unaccounted = 0): Run => {
    const results = finished.map(cell => cell.result(scenario.objectives)).sort((a, b) => a.index - b.index);
    return {
      schemaVersion,
      id: options.id,
      status,
      startedAt,
      endedAt: status === 'running' ? null : options.wallClock(),
      unaccounted,
      environment: options.environment,
      scenario,
      validity: worstValidity(results.map(cell => cell.validity)),
      findings:
        status === 'interrupted' ? [{ text: `interrupted after ${results.length} of ${cells.length} cells` }] : [],
      cells: results,
    };
  };

  const store = await options.openStore(runSoFar('running'));
  const ticker = new Ticker(bench, store, options.progress, error => fatal.abort(error));
  const onEnd = (record: RequestRecord) => {
    const reason = reasonToStop(record);
    if (reason !== undefined) fatal.abort(reason);
  };
  try {
    for (const stage of stagesOf(cells)) {
      if (stop.aborted) break;
      const runs = stage.map(cell => new CellRun(cell, scenario, ticker, store, onEnd));
      await driveStage(runs, {
        scenario,
        bench,
        sources,
        ticker,
        staggerMs: cell => staggerOf(cell, finished),
        stop,
        stages: (cells.at(-1)?.stage ?? 0) + 1,
      });
      finished.push(...runs);
      await store.writeRun(runSoFar('running'));
    }
  } catch (error) {
    fatal.abort(error);
  }
  await ticker.stop();
  const failure = fatal.signal.aborted ? (fatal.signal.reason as unknown) : undefined;
  const status = failure !== undefined ? 'failed' : signal.aborted ? 'interrupted' : 'complete';
  const run = runSoFar(status);
  try {
    await store.writeRun(run);
    await store.close();
  } catch (error) {
    throw failure ?? error;
  }
  if (failure !== undefined) throw failure;
  return run;
}

interface StageOptions {
  readonly scenario: Scenario;
  readonly bench: Bench;
  readonly sources: ReadonlyMap<string, RequestSource>;
  readonly ticker: Ticker;
  readonly staggerMs: (cell: Cell) => number | undefined;
  readonly stop: AbortSignal;
  readonly stages: number;
}

/** Drives the cells of one stage at the same time, each to its end. */
async function driveStage(
  runs: readonly CellRun[],
  { scenario, bench, sources, ticker, staggerMs, stop, stages }: StageOptions,
): Promise<void> {
  const start = new StageStart(runs.length);
  for (const { cell } of runs) await bench.prepare(cell.target, inFlightOf(cell));
  ticker.beginStage(runs, stages);
  await Promise.all(
    runs.map(async run => {
      const { cell } = run;
      const source = sources.get(cell.workload) as RequestSource;
      const phase = {
        cell,
        seed: scenario.seed,
        requestOf: (...names: readonly (string | number)[]) => source(cell.step, cell.repetition, ...names),
        drainMs: scenario.load.drainMs,
        stopIf: scenario.stopIf,
        staggerMs: staggerMs(cell),
        start,
      };
      await bench.driverOf(cell.target).drive(phase, run, stop);
    }),
  );
  await ticker.flush();
}

function stagesOf(cells: readonly Cell[]): Cell[][] {
  return [...new Set(cells.map(cell => cell.stage))].map(stage => cells.filter(cell => cell.stage === stage));
}

async function prepareWorkloads(scenario: Scenario): Promise<Map<string, RequestSource>> {
  const used = new Set(scenario.targets.flatMap(target => target.workloads));
  const sources = new Map<string, RequestSource>();
  for (const [name, workload] of Object.entries(scenario.workloads)) {
    if (used.has(name)) sources.set(name, await requestSource(name, workload, scenario.seed));
  }
  return sources;
}

/** How many requests a cell may have in flight at once; an open loop without a bound opens as it goes. */
function inFlightOf({ load }: Cell): number {
  return load.kind === 'closed' ? load.effectiveConcurrency : Math.min(load.effectiveMaxInFlight ?? 100, 1000);
}

/** The mean service time of the latest cell of the same endpoint and workload. */
function staggerOf({ target, workload }: Cell, finished: readonly CellRun[]): number | undefined {
  const before = finished.findLast(({ cell }) => cell.target.name === target.name && cell.workload === workload);
  return before?.meanServiceTimeMs;
}

/** A 401 or a ban ends a run at once: more of the same would only get everyone banned. */
function reasonToStop({ outcome, target }: RequestRecord): HarnessError | undefined {
  if (outcome.kind === 'unauthorized') {
    return new HarnessError(`${target}: expected the token to be accepted, got 401: ${outcome.detail ?? ''}`, {
      hint: 'check VALID_TOKEN or --token-file; the run was stopped at the first refusal, for repeated ones can ban everyone',
      exitCode: exitCodes.unreachable,
    });
  }
  if (outcome.banned) {
    return new HarnessError(`${target}: expected to be let in, got a ban (403): ${outcome.detail ?? ''}`, {
      hint: 'the gateway bars everyone for some minutes after several wrong tokens: wait, then check the token',
      exitCode: exitCodes.unreachable,
    });
  }
  return undefined;
}
