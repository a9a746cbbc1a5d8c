import type { Cell } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { type DeviceName, devicesOf, type Telemetry } from '../scenario/telemetry.ts';
import { GpuRecorder } from './gpu-recorder.ts';
import type { GpuLine } from './gpu-sample.ts';
import type { GpuSummary } from './gpu-summary.ts';
import { ServerRecorder } from './server-recorder.ts';
import type { ServerLine } from './server-sample.ts';
import type { ServerSummary } from './server-summary.ts';
import type { Rates } from './summary.ts';

/** Samples further apart than three intervals, or than this, have a gap between them. */
const leastGapMs = 2_000;

/** What was seen of GPUs and servers while one cell was driven. */
export class CellTelemetry {
  readonly #gpu: GpuRecorder;
  readonly #server: ServerRecorder;
  readonly #sharedWith: readonly string[];

  /** Of one of `cells`, which are all of the run. */
  constructor(cell: Cell, scenario: Scenario, cells: readonly Cell[]) {
    const telemetry = scenario.telemetry ?? unwatched;
    const simulated = isSimulated(cell.target, scenario);
    const gapMs = Math.max(leastGapMs, ...telemetry.gpu.map(({ intervalMs }) => 3 * intervalMs));
    const names = devicesOf(cell.target, telemetry);
    this.#gpu = new GpuRecorder(names, { gapMs, simulated });
    this.#server = new ServerRecorder(cell.target.name, simulated);
    this.#sharedWith = cells
      .filter(other => other !== cell && other.stage === cell.stage)
      .filter(other => devicesOf(other.target, telemetry).some(name => names.some(own => isSame(own, name))))
      .map(({ target, workload }) => (target.name === cell.target.name ? `${target.name} ${workload}` : target.name));
  }

  open(atMs: number): void {
    this.#gpu.open(atMs);
    this.#server.open(atMs);
  }

  close(atMs: number): void {
    this.#gpu.close(atMs);
    this.#server.close(atMs);
  }

  addGpu(line: GpuLine): void {
    this.#gpu.add(line);
  }

  addServer(line: ServerLine): void {
    this.#server.add(line);
  }

  /** What goes into the cell's result; what was not seen is left out. */
  summary({ outputTokensPerS, achievedPerS }: Rates): { readonly gpu?: GpuSummary; readonly server?: ServerSummary } {
    const gpu = this.#gpu.summary({ outputTokensPerS, achievedPerS, sharedWith: this.#sharedWith });
    const server = this.#server.summary();
    return { ...(gpu === undefined ? {} : { gpu }), ...(server === undefined ? {} : { server }) };
  }
}

/** Of a run from before there was telemetry. */
export const unwatched: Telemetry = { gpu: [], gpuMap: {} };

/** Whether a target is of the embedded service. */
export function isSimulated({ url }: Cell['target'], { service }: Scenario): boolean {
  return service.url === 'embedded' && url === undefined;
}

function isSame(a: DeviceName, b: DeviceName): boolean {
  return a.id.toLowerCase() === b.id.toLowerCase() && a.host === b.host;
}
