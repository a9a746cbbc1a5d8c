import type { CellResult } from '../record/run.ts';
import type { Before } from '../record/run-telemetry.ts';
import type { Diagnosis } from '../record/server-summary.ts';
import { formatNumber, formatRatio } from '../units.ts';
import type { Deviation, Siblings } from './outliers.ts';

/** Busier than this before any load of ours is somebody else's. */
const foreignRatio = 0.1;

/** Somebody else on the same GPU: seen before the load, or by how much slower it is than the others of its model. */
export function neighbours(cell: CellResult, models: readonly Siblings[], before: readonly Before[]): Diagnosis[] {
  return [...foreign(cell, before), ...slowerThanSiblings(cell, models)];
}

function foreign({ gpu }: CellResult, before: readonly Before[]): Diagnosis[] {
  const own = new Set(gpu?.devices.map(({ uuid, index, host }) => uuid ?? `${host} ${index}`));
  const busy = before.filter(
    ({ device: { uuid, index, host }, simulated, utilisationRatio }) =>
      simulated === gpu?.simulated && own.has(uuid ?? `${host} ${index}`) && (utilisationRatio ?? 0) > foreignRatio,
  );
  if (busy.length === 0) return [];
  const text = 'Somebody else was using the GPU before the run began: these figures are of what was left of it.';
  const evidence = busy.map(({ device, utilisationRatio, powerWatts }) => {
    const watts = powerWatts === null ? '' : `, at ${formatNumber(powerWatts)} W`;
    return `GPU ${device.index ?? device.uuid}: a kernel ran for at least ${formatRatio(utilisationRatio ?? 0)} of the time before any load${watts}`;
  });
  return [{ kind: 'noisy-neighbour', text, evidence }];
}

/** One GPU of a model that is slower than the others by more than the noise. */
function slowerThanSiblings({ target, workload }: CellResult, models: readonly Siblings[]): Diagnosis[] {
  if (target.gpu === undefined) return [];
  const own = models.find(each => each.model === target.model && each.workload === workload);
  const worse = (own?.endpoints.find(each => each.target === target.name)?.deviations ?? []).filter(isWorse);
  if (worse.length === 0) return [];
  const like = own?.endpoints.length === 2 ? 'the other' : 'the median of its like';
  const text =
    'This GPU is slower than others of the same model, by more than the noise: something else runs on it, or it is hotter or set otherwise.';
  const evidence = worse.map(
    ({ yardstick, changeRatio, blocks }) =>
      `${yardstick.symbol} × ${formatNumber(1 + (changeRatio ?? 0))} of ${like}, over ${blocks} steps and repetitions`,
  );
  return [{ kind: 'noisy-neighbour', text, evidence }];
}

function isWorse({ stands, yardstick, changeRatio }: Deviation): boolean {
  return stands && (yardstick.better === 'lower') === (changeRatio ?? 0) > 0;
}
