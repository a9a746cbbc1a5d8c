import { findings } from '../analysis/findings.ts';
import { judgeObjectives } from '../analysis/objectives.ts';
import { judgeValidity } from '../analysis/validity.ts';
import type { EndReason, Observer } from '../driver/driver.ts';
import type { CellRecorder } from '../record/cell-recorder.ts';
import type { GpuLine } from '../record/gpu-sample.ts';
import type { QuantileValue } from '../record/metric-summary.ts';
import type { RunPart } from '../record/progress.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { CellResult, GeneratorSample } from '../record/run.ts';
import type { ServerLine } from '../record/server-sample.ts';
import type { Cell } from '../scenario/expand.ts';
import type { Objective, StopRule } from '../scenario/objective.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { Backlog } from './backlog.ts';
import { LiveCell } from './live-cell.ts';
import type { Ticker } from './ticker.ts';

/** One cell while it is driven, and its result afterwards. */
export class CellRun implements Observer {
  readonly cell: Cell;
  /** Let go once the result is made: it holds more than all that is made of it. */
  #recorder: CellRecorder | undefined;
  readonly #ticker: Ticker;
  readonly #store: RunStore;
  readonly #backlog: Backlog;
  readonly #onEnd: (record: RequestRecord) => void;
  /** What is shown of it while it is driven. */
  readonly live: LiveCell;
  #ttftP95Ms: QuantileValue = { value: null, censored: false };
  #result: CellResult | undefined;
  #serviceTimes = { sumMs: 0, count: 0 };
  part: RunPart = 'warm-up';
  endedBy: EndReason = 'interrupted';
  /** How many requests its schedule has, where it has one and came to its end. */
  scheduled: number | undefined;
  #stopRule: string | undefined;

  constructor(
    cell: Cell,
    recorder: CellRecorder,
    ticker: Ticker,
    store: RunStore,
    backlog: Backlog,
    onEnd: (record: RequestRecord) => void,
  ) {
    this.cell = cell;
    this.live = new LiveCell(ticker.nowMs);
    this.#recorder = recorder;
    this.#ticker = ticker;
    this.#store = store;
    this.#backlog = backlog;
    this.#onEnd = onEnd;
  }

  opened(atMs: number): void {
    this.part = 'measuring';
    this.live.openedMs = atMs;
    this.#backlog.add(() => this.#recorder?.open(atMs));
  }

  stopped(rule: Pick<StopRule, 'text'>): void {
    this.endedBy = 'stop rule';
    this.#stopRule = rule.text;
  }

  closed(atMs: number, reason: EndReason): void {
    this.part = 'drain';
    this.live.closedMs = atMs;
    this.endedBy = reason;
    this.#backlog.add(() => this.#recorder?.close(atMs));
  }

  due(sent: boolean): number {
    this.live.due(sent);
    return this.#ticker.due(sent);
  }

  ended(record: RequestRecord): void {
    this.#backlog.add(() => {
      this.#recorder?.add(record);
      this.#store.add(record);
    });
    this.#ticker.ended(record);
    this.live.ended(record);
    if (record.outcome.kind === 'ok' && record.sentMs !== undefined) {
      this.#serviceTimes.sumMs += record.endMs - record.sentMs;
      this.#serviceTimes.count++;
    }
    this.#onEnd(record);
  }

  sampled(sample: GeneratorSample): void {
    this.#recorder?.addSample(sample);
  }

  addGpu(line: GpuLine): void {
    this.#recorder?.addGpu(line);
  }

  addServer(line: ServerLine): void {
    this.#recorder?.addServer(line);
  }

  /** The p95 of its TTFT so far. */
  get ttftP95Ms(): QuantileValue {
    this.#ttftP95Ms = this.#recorder?.quantile('ttftMs', 'p95') ?? this.#ttftP95Ms;
    return this.#ttftP95Ms;
  }

  get meanServiceTimeMs(): number | undefined {
    return this.#serviceTimes.count === 0 ? undefined : this.#serviceTimes.sumMs / this.#serviceTimes.count;
  }

  /** What came of it; made once, when the cell has ended. */
  result(objectives: readonly Objective[]): CellResult {
    if (this.#result === undefined) {
      this.#backlog.drain();
      const ended = {
        endedBy: this.endedBy,
        ...(this.#stopRule === undefined ? {} : { stopRule: this.#stopRule }),
        ...(this.scheduled === undefined ? {} : { scheduled: this.scheduled }),
      };
      this.#result = cellResult(this.cell, this.#recorder as CellRecorder, ended, objectives);
      this.#recorder = undefined;
    }
    return this.#result;
  }
}

/** Everything that is said of one cell, from what was recorded of it. */
export function cellResult(
  cell: Cell,
  recorder: CellRecorder,
  ended: Pick<CellResult, 'endedBy' | 'stopRule' | 'scheduled'>,
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
  };
  const result = { ...named, ...summary };
  return {
    ...named,
    validity: judgeValidity(result),
    findings: findings(result),
    ...summary,
    diagnoses: [],
    objectives: judgeObjectives(objectives, result),
  };
}
