/**
 * A scenario from its first request to its last record: what the design calls the one path. Everything it touches is
 * handed in, so that the same function runs against a service in real time and against the engine in virtual time.
 */

import { setMaxListeners } from 'node:events';
import { beyondCalibration } from '../analysis/calibration.ts';
import { diagnosed } from '../analysis/diagnosis.ts';
import type { Clock } from '../clock.ts';
import type { Driver, Phase } from '../driver/driver.ts';
import { StageFinish, StageStart } from '../driver/driver.ts';
import { StopWatch } from '../driver/stop-watch.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import { endsEverything } from '../protocol/outcome.ts';
import { CellRecorder } from '../record/cell-recorder.ts';
import type { Progress } from '../record/progress.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { Environment, Run, RunStatus } from '../record/run.ts';
import { schemaVersion } from '../record/run.ts';
import type { DriverName } from '../scenario/driver-limits.ts';
import { type Cell, expand } from '../scenario/expand.ts';
import type { StopRule } from '../scenario/objective.ts';
import { heaviestCells } from '../scenario/probe-cell.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Target } from '../scenario/target.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { ProcessSample } from '../telemetry/generator.ts';
import { settledWithin, type TelemetryListener, type Watch } from '../telemetry/watch.ts';
import { plural } from '../units.ts';
import { Backlog } from './backlog.ts';
import { CellRun } from './cell-run.ts';
import { type Material, phaseOf, scheduledIn } from './phase.ts';
import { type Resumed, Searching, validityOf } from './search.ts';
import { TelemetryTap } from './telemetry-tap.ts';
import { Ticker } from './ticker.ts';
import { remarksOn, repeatsIn } from './workloads.ts';

/** What a run sends to: a service in real time or an engine in virtual time. */
export interface Bench {
  readonly clock: Clock;
  driverOf(target: Target, driver: DriverName): Driver;
  /** Opens the connections that all of these will need at the same time. */
  prepare(cells: readonly Cell[]): Promise<void>;
  sampleProcess(): ProcessSample;
  /** The share of its tokens that the embedded service wrote late of late; only where it is the target. */
  engineLateRatio(): number | undefined;
  /** How long ahead its drivers must be told when to begin; not at all where they are not. */
  readonly startLeadMs?: number;
}

export interface RunOptions extends Material {
  readonly id: string;
  readonly environment: Environment;
  readonly bench: Bench;
  /** Makes the place to keep the run in, with its first `run.json`. */
  readonly openStore: (run: Run) => Promise<RunStore>;
  /** Begins to watch GPUs and servers, until it is told to stop. */
  readonly watch?: (listener: TelemetryListener) => Watch;
  readonly progress: (progress: Progress) => void;
  /** An earlier run whose search is gone on with. */
  readonly resumed?: Resumed | undefined;
  /** Aborted to interrupt the run: the reason becomes its status. */
  readonly signal: AbortSignal;
  /** The wall clock, for `startedAt` and `endedAt` only. */
  readonly wallClock: () => string;
}

/** Runs a scenario and gives the finished run; the store holds its records. Throws a HarnessError on a 401, a ban or a full disk, after closing the store. */
export async function runScenario(options: RunOptions): Promise<Run> {
  const { scenario, bench, signal } = options;
  const { calibration, threads } = options.environment;
  const { search } = scenario.load;
  const searching = search === undefined ? undefined : new Searching(scenario, search, options.resumed);
  const cells = expand(scenario);
  const startedAt = options.wallClock();
  const finished: CellRun[] = [];
  const fatal = new AbortController();
  /** Aborted by a rule that ends the run, which is the reason. */
  const halted = new AbortController();
  const stop = AbortSignal.any([signal, fatal.signal, halted.signal]);
  setMaxListeners(0, stop); // every cell that is driven listens

  let tap: TelemetryTap | undefined;
  const runSoFar = (status: RunStatus, unaccounted = 0): Run => {
    const results = finished.map(cell => cell.result(scenario.objectives)).sort((a, b) => a.index - b.index);
    const telemetry = tap?.run.summary();
    const rule = status === 'stopped' ? (halted.signal.reason as StopRule).text : undefined;
    const measured = finished.filter(({ endedBy }) => endedBy !== 'interrupted').length;
    const done = searching === undefined ? `${measured} of ${cells.length} cells` : plural(measured, 'probe');
    const [verb, by] = rule === undefined ? ['interrupted', ''] : ['ended by stopIf', `: ${rule}`];
    const early = rule !== undefined || status === 'interrupted';
    return {
      schemaVersion,
      id: options.id,
      status,
      validity: validityOf(results, searching?.results()),
      ...(rule === undefined ? {} : { stopRule: rule }),
      startedAt,
      endedAt: status === 'running' ? null : options.wallClock(),
      unaccounted,
      environment: { ...options.environment, gpus: tap?.run.devices() ?? [] },
      ...(telemetry === undefined ? {} : { telemetry }),
      scenario,
      findings: [
        ...(early ? [{ text: `${verb} after ${done}${by}` }] : []),
        ...(calibration === undefined
          ? []
          : beyondCalibration(scenario, heaviestCells(scenario), calibration, threads ?? 1)),
        ...remarksOn(scenario, options.workloads, options.models),
        ...repeatsIn(options.workloads, results, options.environment.service.simulated),
      ],
      cells: diagnosed(results, telemetry?.before ?? []),
      ...(options.resumed === undefined ? {} : { resumes: options.resumed.run }),
      ...(searching === undefined ? {} : { searches: searching.results() }),
    };
  };

  const store = await options.openStore(runSoFar('running'));
  tap = new TelemetryTap(store);
  const watch = options.watch?.(tap);
  const backlog = new Backlog(bench.clock);
  const stages = stagesOf(cells);
  const plan = { stages: searching?.mostStages() ?? stages, mayBeFewer: searching !== undefined };
  const ticker = new Ticker(bench, plan, store, backlog, options.progress, error => fatal.abort(error));
  const watches = scenario.stopIf.filter(({ ends }) => ends === 'run').map(rule => new StopWatch(rule));
  const onEnd = (record: RequestRecord) => {
    const reason = reasonToStop(record);
    if (reason !== undefined) fatal.abort(reason);
    for (const watch of watches) if (watch.isBeyond(record)) halted.abort(watch.rule);
  };
  try {
    if (watch !== undefined) await settledWithin(watch, quietMs, bench.clock, stop);
    for (const stage of searching?.stages() ?? stages) {
      if (stop.aborted) break;
      const beganMs = bench.clock.nowMs();
      const runs = stage.map(cell => {
        const recorder = new CellRecorder(cell, scenario, searching === undefined ? cells : stage);
        const run: CellRun = new CellRun(cell, recorder, ticker, store, backlog, record => {
          onEnd(record);
          searching?.saw(record, run.live.inFlight);
        });
        return run;
      });
      await driveStage(runs, {
        material: options,
        bench,
        ticker,
        fail: error => fatal.abort(error),
        tap,
        staggerMs: cell => staggerOf(cell, finished),
        stop: searching === undefined ? stop : AbortSignal.any([stop, searching.hopeless]),
      });
      finished.push(...runs);
      for (const run of runs) endProbe(run, searching, stop, scenario, bench.clock.nowMs() - beganMs);
      await store.writeRun(runSoFar('running'));
    }
  } catch (error) {
    fatal.abort(error);
  }
  await watch?.stop();
  await ticker.stop();
  const failure = fatal.signal.aborted ? (fatal.signal.reason as unknown) : undefined;
  const status = statusOf({
    failed: failure !== undefined,
    interrupted: signal.aborted,
    stopped: halted.signal.aborted,
  });
  const run = runSoFar(status, ticker.inFlight);
  try {
    await store.writeRun(run);
    await store.close();
  } catch (error) {
    throw failure ?? error;
  }
  if (failure !== undefined) throw failure;
  return run;
}

/** A probe that has no hope is ended as by a rule; what came of it goes to its search. */
function endProbe(
  run: CellRun,
  searching: Searching | undefined,
  stop: AbortSignal,
  { objectives }: Scenario,
  tookMs: number,
): void {
  if (searching === undefined) return;
  const { hopeless } = searching;
  if (hopeless.aborted && !stop.aborted) run.stopped({ text: `search: no hope, ${hopeless.reason}` });
  searching.ended(run.result(objectives), tookMs);
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

/** How long GPUs are looked at before the first load, at most: it begins then, whatever they showed. */
const quietMs = 3_000;

interface StageOptions {
  readonly material: Material;
  readonly bench: Bench;
  readonly ticker: Ticker;
  readonly tap: TelemetryTap;
  readonly staggerMs: (cell: Cell) => number | undefined;
  /** Ends all that is driven, for one cell cannot be. */
  readonly fail: (error: unknown) => void;
  readonly stop: AbortSignal;
}

/** Drives the cells of one stage at the same time, each to its end. */
async function driveStage(
  runs: readonly CellRun[],
  { material, bench, ticker, tap, staggerMs, fail, stop }: StageOptions,
): Promise<void> {
  const { scenario } = material;
  const start = new StageStart(runs.length, bench.startLeadMs);
  const finish = runs.length === 1 ? undefined : new StageFinish(runs.length);
  await bench.prepare(runs.map(({ cell }) => cell));
  ticker.beginStage(runs);
  tap.beginStage(runs, bench.clock.nowMs());
  await Promise.all(
    runs.map(run => {
      const { cell } = run;
      const phase: Phase = {
        ...phaseOf(cell, material),
        stopIf: scenario.stopIf.filter(({ ends }) => ends === 'step'),
        staggerMs: staggerMs(cell),
        start,
        finish,
      };
      return bench.driverOf(cell.target, cell.driver).drive(phase, run, stop).catch(fail);
    }),
  );
  await ticker.flush();
  for (const run of runs)
    if (run.endedBy === 'complete') run.scheduled = scheduledIn(run.cell, phaseOf(run.cell, material).arrivals);
}

function stagesOf(cells: readonly Cell[]): Cell[][] {
  return [...new Set(cells.map(cell => cell.stage))].map(stage => cells.filter(cell => cell.stage === stage));
}

/** The mean service time of the latest cell of the same endpoint and workload. */
function staggerOf({ target, workload }: Cell, finished: readonly CellRun[]): number | undefined {
  const before = finished.findLast(({ cell }) => cell.target.name === target.name && cell.workload === workload);
  return before?.meanServiceTimeMs;
}

/** A 401 or a ban ends a run at once: more of the same would only get everyone banned. */
export function reasonToStop({ outcome, target }: Pick<RequestRecord, 'outcome' | 'target'>): HarnessError | undefined {
  if (!endsEverything(outcome)) return undefined;
  if (outcome.kind === 'unauthorized') {
    return new HarnessError(`${target}: expected the token to be accepted, got 401: ${outcome.detail ?? ''}`, {
      hint: 'check VALID_TOKEN or --token-file; the run was stopped at the first refusal, for repeated ones can ban everyone',
      exitCode: exitCodes.unreachable,
    });
  }
  return new HarnessError(`${target}: expected to be let in, got a ban (403): ${outcome.detail ?? ''}`, {
    hint: 'the gateway bars everyone for some minutes after several wrong tokens: wait, then check the token',
    exitCode: exitCodes.unreachable,
  });
}
