import { judgeObjectives } from '../analysis/objectives.ts';
import { findings, judgeValidity } from '../analysis/validity.ts';
import type { EndReason, Observer } from '../driver/driver.ts';
import type { CellTelemetry } from '../record/cell-telemetry.ts';
import type { GpuLine } from '../record/gpu-sample.ts';
import { Recorder } from '../record/recorder.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { CellResult, GeneratorSample } from '../record/run.ts';
import type { ServerLine } from '../record/server-sample.ts';
import type { Cell } from '../scenario/expand.ts';
import type { Objective, StopRule } from '../scenario/objective.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { Ticker } from './ticker.ts';

/** One cell while it is driven, and its result afterwards. */
export class CellRun implements Observer {
  readonly cell: Cell;
  readonly #recorder: Recorder;
  readonly #telemetry: CellTelemetry;
  readonly #ticker: Ticker;
  readonly #store: RunStore;
  readonly #onEnd: (record: RequestRecord) => void;
  readonly #samples: GeneratorSample[] = [];
  /** Whether the measured part ended since the last sample. */
  #closedSince = false;
  #result: CellResult | undefined;
  #serviceTimes = { sumMs: 0, count: 0 };
  part: 'warm-up' | 'measuring' | 'drain' = 'warm-up';
  endedBy: EndReason = 'interrupted';
  #stopRule: string | undefined;

  constructor(
    cell: Cell,
    scenario: Scenario,
    telemetry: CellTelemetry,
    ticker: Ticker,
    store: RunStore,
    onEnd: (record: RequestRecord) => void,
  ) {
    this.cell = cell;
    this.#recorder = recorderOf(cell, scenario);
    this.#telemetry = telemetry;
    this.#ticker = ticker;
    this.#store = store;
    this.#onEnd = onEnd;
  }

  opened(atMs: number): void {
    this.part = 'measuring';
    this.#recorder.open(atMs);
    this.#telemetry.open(atMs);
  }

  stopped(rule: StopRule): void {
    this.endedBy = 'stop rule';
    this.#stopRule = rule.text;
  }

  closed(atMs: number, reason: EndReason): void {
    this.part = 'drain';
    this.#closedSince = true;
    this.endedBy = reason;
    this.#recorder.close(atMs);
    this.#telemetry.close(atMs);
  }

  due(sent: boolean): number {
    return this.#ticker.due(sent);
  }

  ended(record: RequestRecord): void {
    this.#recorder.add(record);
    this.#store.add(record);
    this.#ticker.ended(record);
    if (record.outcome.kind === 'ok' && record.sentMs !== undefined) {
      this.#serviceTimes.sumMs += record.endMs - record.sentMs;
      this.#serviceTimes.count++;
    }
    this.#onEnd(record);
  }

  /** Takes in one second of the generator; only what tells of some of the measured part speaks for the cell. */
  sampled(sample: GeneratorSample): void {
    if (this.part === 'measuring' || this.#closedSince) this.#samples.push(sample);
    this.#closedSince = false;
  }

  addGpu(line: GpuLine): void {
    this.#telemetry.addGpu(line);
  }

  addServer(line: ServerLine): void {
    this.#telemetry.addServer(line);
  }

  get meanServiceTimeMs(): number | undefined {
    return this.#serviceTimes.count === 0 ? undefined : this.#serviceTimes.sumMs / this.#serviceTimes.count;
  }

  /** What came of it; made once, when the cell has ended. */
  result(objectives: readonly Objective[]): CellResult {
    const ended = { endedBy: this.endedBy, ...(this.#stopRule === undefined ? {} : { stopRule: this.#stopRule }) };
    this.#result ??= cellResult(this.cell, this.#recorder, this.#telemetry, this.#samples, ended, objectives);
    return this.#result;
  }
}

/** The recorder of a cell. */
export function recorderOf({ target }: Cell, { goodput, limits }: Scenario): Recorder {
  return new Recorder({ goodput, requestTimeoutMs: limits.requestTimeoutMs, isMixed: target.mix !== undefined });
}

/** Everything that is said of one cell, from its recorder and the generator's samples. */
export function cellResult(
  cell: Cell,
  recorder: Recorder,
  telemetry: CellTelemetry,
  samples: readonly GeneratorSample[],
  ended: Pick<CellResult, 'endedBy' | 'stopRule'>,
  objectives: readonly Objective[],
): CellResult {
  const summary = recorder.summary();
  const { target, workload, load, order, step, repetition } = cell;
  const named = {
    index: cell.index,
    target: { name: target.name, model: target.model, ...(target.gpu === undefined ? {} : { gpu: target.gpu }) },
    workload,
    load,
    order,
    step,
    repetition,
    ...ended,
    ...summary,
    ...telemetry.summary(summary.rates),
  };
  return {
    ...named,
    diagnoses: [],
    objectives: judgeObjectives(objectives, named),
    validity: judgeValidity(summary, samples, load),
    findings: findings(summary, load, ended.stopRule),
  };
}
