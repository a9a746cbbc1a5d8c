/**
 * A scenario from its first request to its last record: what the design calls the one path. Everything it touches is
 * handed in, so that the same function runs against a service in real time and against the engine in virtual time.
 */

import { worstValidity } from '../analysis/validity.ts';
import { type Arrival, arrivals, replay, warmupLaw } from '../arrival/arrivals.ts';
import type { Clock } from '../clock.ts';
import type { Driver, Part, Phase } from '../driver/driver.ts';
import { StageFinish, StageStart } from '../driver/driver.ts';
import { StopWatch } from '../driver/stop-watch.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import { CellTelemetry } from '../record/cell-telemetry.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { Environment, Run, RunStatus } from '../record/run.ts';
import { schemaVersion } from '../record/run.ts';
import type { DriverName } from '../scenario/driver-limits.ts';
import { type Cell, expand, type OpenLoad } from '../scenario/expand.ts';
import type { StopRule } from '../scenario/objective.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Target } from '../scenario/target.ts';
import type { Trace } from '../scenario/trace.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { ProcessSample } from '../telemetry/generator.ts';
import type { PreparedWorkload } from '../workload/prepare.ts';
import { mixedSource, type RequestSource, requestSource } from '../workload/workload.ts';
import { CellRun } from './cell-run.ts';
import { Ticker } from './ticker.ts';
import { factsOf, type Models, type PreparedWorkloads, remarksOn } from './workloads.ts';

/** What a run sends to: a service in real time or an engine in virtual time. */
export interface Bench {
  readonly clock: Clock;
  driverOf(target: Target, driver: DriverName): Driver;
  /** Opens the connections that all of these will need at the same time. */
  prepare(needs: readonly Need[]): Promise<void>;
  sampleProcess(): ProcessSample;
  /** The share of its tokens that the embedded service wrote late of late; only where it is the target. */
  engineLateRatio(): number | undefined;
}

/** How many requests a driver will have in flight to a target. */
export interface Need {
  readonly target: Target;
  readonly driver: DriverName;
  readonly inFlight: number;
}

export interface RunOptions {
  readonly id: string;
  readonly scenario: Scenario;
  /** The requests of the traces that the scenario names. */
  readonly traces: ReadonlyMap<string, Trace>;
  /** The workloads that are used, ready, and what the service has said of its models. */
  readonly workloads: PreparedWorkloads;
  readonly models: Models;
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
  const requestsOf = ({ target, workload }: Cell): RequestSource => {
    const facts = factsOf(scenario, options.models, target.model);
    const sourceOf = (name: string) =>
      requestSource(options.workloads.get(name) as PreparedWorkload, scenario.seed, facts);
    const { mix, workloads } = target;
    if (mix === undefined) return sourceOf(workload);
    const sources = workloads.map((name, i) => ({ name, weight: mix[i] ?? 0, source: sourceOf(name) }));
    return mixedSource(sources, scenario.seed);
  };
  const startedAt = options.wallClock();
  const finished: CellRun[] = [];
  const fatal = new AbortController();
  /** Aborted by a rule that ends the run, which is the reason. */
  const halted = new AbortController();
  const stop = AbortSignal.any([signal, fatal.signal, halted.signal]);

  const runSoFar = (status: RunStatus, unaccounted = 0): Run => {
    const results = finished.map(cell => cell.result(scenario.objectives)).sort((a, b) => a.index - b.index);
    const rule = status === 'stopped' ? (halted.signal.reason as StopRule).text : undefined;
    const measured = finished.filter(({ endedBy }) => endedBy !== 'interrupted').length;
    const [verb, by] = rule === undefined ? ['interrupted', ''] : ['ended by stopIf', `: ${rule}`];
    const early = rule !== undefined || status === 'interrupted';
    return {
      schemaVersion,
      id: options.id,
      status,
      ...(rule === undefined ? {} : { stopRule: rule }),
      startedAt,
      endedAt: status === 'running' ? null : options.wallClock(),
      unaccounted,
      environment: options.environment,
      scenario,
      validity: worstValidity(results.map(cell => cell.validity)),
      findings: [
        ...(early ? [{ text: `${verb} after ${measured} of ${cells.length} cells${by}` }] : []),
        ...remarksOn(scenario, options.workloads, options.models),
      ],
      cells: results,
    };
  };

  const store = await options.openStore(runSoFar('running'));
  const ticker = new Ticker(bench, store, options.progress, error => fatal.abort(error));
  const watches = scenario.stopIf.filter(({ ends }) => ends === 'run').map(rule => new StopWatch(rule));
  const onEnd = (record: RequestRecord) => {
    const reason = reasonToStop(record);
    if (reason !== undefined) fatal.abort(reason);
    for (const watch of watches) if (watch.isBeyond(record)) halted.abort(watch.rule);
  };
  try {
    for (const stage of stagesOf(cells)) {
      if (stop.aborted) break;
      const runs = stage.map(
        cell => new CellRun(cell, scenario, new CellTelemetry(cell, scenario, cells), ticker, store, onEnd),
      );
      await driveStage(runs, {
        scenario,
        traces: options.traces,
        bench,
        requestsOf,
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
  const status = statusOf({
    failed: failure !== undefined,
    interrupted: signal.aborted,
    stopped: halted.signal.aborted,
  });
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

function statusOf(is: {
  readonly failed: boolean;
  readonly interrupted: boolean;
  readonly stopped: boolean;
}): RunStatus {
  if (is.failed) return 'failed';
  if (is.interrupted) return 'interrupted';
  return is.stopped ? 'stopped' : 'complete';
}

interface StageOptions {
  readonly scenario: Scenario;
  readonly traces: ReadonlyMap<string, Trace>;
  readonly bench: Bench;
  readonly requestsOf: (cell: Cell) => RequestSource;
  readonly ticker: Ticker;
  readonly staggerMs: (cell: Cell) => number | undefined;
  readonly stop: AbortSignal;
  readonly stages: number;
}

/** Drives the cells of one stage at the same time, each to its end. */
async function driveStage(
  runs: readonly CellRun[],
  { scenario, traces, bench, requestsOf, ticker, staggerMs, stop, stages }: StageOptions,
): Promise<void> {
  const start = new StageStart(runs.length);
  const finish = new StageFinish(runs.length);
  await bench.prepare(
    runs.map(({ cell }) => ({ target: cell.target, driver: cell.driver, inFlight: inFlightOf(cell) })),
  );
  ticker.beginStage(runs, stages);
  await Promise.all(
    runs.map(async run => {
      const { cell } = run;
      const source = requestsOf(cell);
      const phase: Phase = {
        cell,
        arrivals: (load, part) => arrivalsOf(load, part, traces, scheduleNames(scenario, cell, part)),
        requestOf: (part, index, lengths) => source([cell.step, cell.repetition, part, index], lengths),
        drainMs: scenario.load.drainMs,
        stopIf: scenario.stopIf.filter(({ ends }) => ends === 'step'),
        staggerMs: staggerMs(cell),
        start,
        finish,
      };
      await bench.driverOf(cell.target, cell.driver).drive(phase, run, stop);
    }),
  );
  await ticker.flush();
}

/**
 * What names a schedule. Endpoints that are driven in turn get the same one, so that they can be compared; driven at
 * once each has its own, or all of them would send in step.
 */
function scheduleNames({ seed }: Scenario, { order, target, step, repetition }: Cell, part: string) {
  return [seed, part, step, repetition, ...(order === 'parallel' ? [target.name] : [])];
}

/** What a part of an open loop is due by: what counts by the schedule itself, what is sent before and after by a law. */
function arrivalsOf(
  load: OpenLoad,
  part: Part,
  traces: StageOptions['traces'],
  seed: readonly (string | number)[],
): Iterable<Arrival> {
  if (part !== 'measured') return arrivals(warmupLaw(load), ...seed);
  return load.arrivals === 'trace'
    ? replay(traces.get(load.trace.file) as Trace, load.timeScale)
    : arrivals(load, ...seed);
}

function stagesOf(cells: readonly Cell[]): Cell[][] {
  return [...new Set(cells.map(cell => cell.stage))].map(stage => cells.filter(cell => cell.stage === stage));
}

/** How many connections a cell needs from the start: autocannon opens its own, an open loop without a bound as it goes. */
function inFlightOf({ load, driver }: Cell): number {
  if (driver === 'autocannon') return 0;
  return load.kind === 'closed' ? load.effectiveConcurrency : Math.min(load.effectiveMaxInFlight ?? 100, 1000);
}

/** The mean service time of the latest cell of the same endpoint and workload. */
function staggerOf({ target, workload }: Cell, finished: readonly CellRun[]): number | undefined {
  const before = finished.findLast(({ cell }) => cell.target.name === target.name && cell.workload === workload);
  return before?.meanServiceTimeMs;
}

/** A 401 or a ban ends a run at once: more of the same would only get everyone banned. */
export function reasonToStop({ outcome, target }: Pick<RequestRecord, 'outcome' | 'target'>): HarnessError | undefined {
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
