import { type GpuLine, isGap } from '../record/gpu-sample.ts';
import { RunTelemetry } from '../record/run-telemetry.ts';
import type { ServerLine } from '../record/server-sample.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { TelemetryListener } from '../telemetry/watch.ts';
import type { CellRun } from './cell-run.ts';

/** Where everything that is watched passes: into the store, to the cells that are driven, and to what is said of the run. */
export class TelemetryTap implements TelemetryListener {
  readonly run = new RunTelemetry();
  readonly #store: RunStore;
  #runs: readonly CellRun[] = [];
  /** The last that was heard of each GPU, and of each source that says nothing: a cell that begins begins with it. */
  readonly #latest = new Map<string, GpuLine>();

  constructor(store: RunStore) {
    this.#store = store;
  }

  gpu(line: GpuLine): void {
    this.#store.addGpu(line);
    this.run.addGpu(line);
    const gapKey = `${line.source} gap`;
    if (isGap(line)) this.#latest.set(gapKey, line);
    else {
      const { host, uuid, index } = line.device;
      this.#latest.delete(gapKey);
      this.#latest.set(`${line.source} ${uuid ?? `${host} ${index}`}`, line);
    }
    for (const run of this.#runs) run.addGpu(line);
  }

  server(line: ServerLine): void {
    this.#store.addServer(line);
    this.run.addServer(line);
    for (const run of this.#runs) run.addServer(line);
  }

  /** From now on these cells are driven. */
  beginStage(runs: readonly CellRun[], atMs: number): void {
    this.#runs = runs;
    this.run.load(atMs);
    const latest = [...this.#latest.values()].sort((a, b) => a.atMs - b.atMs);
    for (const run of runs) for (const line of latest) run.addGpu(line);
  }

  /** Whether a target is driven at present. */
  isDriven(target: string): boolean {
    return this.#runs.some(({ cell }) => cell.target.name === target);
  }
}
