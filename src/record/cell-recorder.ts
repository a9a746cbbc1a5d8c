import type { Cell } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { CellTelemetry } from './cell-telemetry.ts';
import { type Evidence, EvidenceRecorder } from './evidence.ts';
import { GeneratorRecorder, type GeneratorSummary } from './generator-recorder.ts';
import type { GpuLine } from './gpu-sample.ts';
import type { GpuSummary } from './gpu-summary.ts';
import type { QuantileValue } from './metric-summary.ts';
import type { MetricName } from './metrics.ts';
import { Recorder } from './recorder.ts';
import type { RequestRecord } from './request-record.ts';
import type { GeneratorSample } from './run.ts';
import type { ServerLine } from './server-sample.ts';
import type { ServerSummary } from './server-summary.ts';
import type { QuantileKey, Summary } from './summary.ts';

/** All that was recorded of one cell; what was not seen is left out. */
export interface CellSummary extends Summary {
  readonly evidence: Evidence;
  readonly generator?: GeneratorSummary;
  /** Only where samples of its GPUs were taken, of the same kind as its times: simulated ones beside simulated ones. */
  readonly gpu?: GpuSummary;
  /** Only where its model server was asked, and answered. */
  readonly server?: ServerSummary;
}

/**
 * Everything that is recorded of one cell, as it is driven or as its files are read again: its requests, and the
 * samples of the generator, of its GPUs and of its model server.
 */
export class CellRecorder {
  readonly #recorder: Recorder;
  readonly #evidence: EvidenceRecorder;
  readonly #generator = new GeneratorRecorder();
  readonly #telemetry: CellTelemetry;

  /** Of one of `cells`, which are all of the run. */
  constructor(cell: Cell, scenario: Scenario, cells: readonly Cell[]) {
    const { target, load } = cell;
    const { goodput, limits } = scenario;
    const isMixed = target.mix !== undefined;
    this.#recorder = new Recorder({ goodput, requestTimeoutMs: limits.requestTimeoutMs, isMixed });
    this.#evidence = new EvidenceRecorder({ load, oneTokenAnEvent: target.protocol === 'tgi' });
    this.#telemetry = new CellTelemetry(cell, scenario, cells);
  }

  /** The window begins; said before anything later is added. */
  open(atMs: number): void {
    for (const each of this.#each) each.open(atMs);
  }

  close(atMs: number): void {
    for (const each of this.#each) each.close(atMs);
  }

  add(record: RequestRecord): void {
    this.#recorder.add(record);
    this.#evidence.add(record);
  }

  addSample(sample: GeneratorSample): void {
    this.#generator.add(sample);
  }

  addGpu(line: GpuLine): void {
    this.#telemetry.addGpu(line);
  }

  addServer(line: ServerLine): void {
    this.#telemetry.addServer(line);
  }

  /** A quantile of its requests so far. */
  quantile(metric: MetricName, key: QuantileKey): QuantileValue {
    return this.#recorder.quantile(metric, key);
  }

  summary(): CellSummary {
    const summary = this.#recorder.summary();
    const generator = this.#generator.summary();
    return {
      ...summary,
      evidence: this.#evidence.evidence(),
      ...(generator === undefined ? {} : { generator }),
      ...this.#telemetry.summary(summary.rates),
    };
  }

  get #each() {
    return [this.#recorder, this.#evidence, this.#generator, this.#telemetry];
  }
}
