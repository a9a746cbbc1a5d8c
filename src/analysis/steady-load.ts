import type { CellResult } from '../record/run.ts';

/** How hard a cell was driven, in one number: requests in flight of a closed loop, requests due per second of an open one. */
export interface SteadyLoad {
  readonly kind: 'closed' | 'open';
  readonly value: number;
}

/** The one number that says how hard a cell was driven; undefined where that changed while it lasted. */
export function steadyLoad({ load }: Pick<CellResult, 'load'>): SteadyLoad | undefined {
  if (load.kind === 'closed')
    return load.ramp === undefined ? { kind: 'closed', value: load.effectiveConcurrency } : undefined;
  if (load.arrivals === 'trace' || load.ramp !== undefined) return undefined;
  return { kind: 'open', value: load.ratePerS };
}
