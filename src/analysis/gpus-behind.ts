import type { CellResult } from '../record/run.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { devicesOf } from '../scenario/telemetry.ts';

/** How many GPUs an endpoint runs on: those that were seen, else those that the scenario names, else one. */
export function gpusBehind({ targets, telemetry }: Scenario, cell: Pick<CellResult, 'target' | 'gpu'>): number {
  const target = targets.find(({ name }) => name === cell.target.name);
  const named = target === undefined || telemetry === undefined ? 1 : devicesOf(target, telemetry).length;
  return Math.max(1, cell.gpu?.devices.length ?? named);
}
