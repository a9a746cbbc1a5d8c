import type { CellResult } from '../record/run.ts';
import type { Before } from '../record/run-telemetry.ts';
import type { Diagnosis } from '../record/server-summary.ts';
import { formatNumber, formatRatio } from '../units.ts';

/** Busier than this before any load of ours is somebody else's. */
const foreignRatio = 0.1;

/** Slower by more than this, at every step, is more than chance leaves between equal GPUs. */
const slowerBy = 1.1;

/** Fewer answers than these say nothing of a GPU. */
const fewestAnswers = 30;

/** Somebody else on the same GPU: seen before the load, or by how much slower it is than the others of its model. */
export function neighbours(cell: CellResult, cells: readonly CellResult[], before: readonly Before[]): Diagnosis[] {
  return [...foreign(cell, before), ...slowerThanSiblings(cell, cells)];
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

/** One GPU of a model that is slower than the fastest of its siblings wherever they were driven alike. */
function slowerThanSiblings(cell: CellResult, cells: readonly CellResult[]): Diagnosis[] {
  if (cell.target.gpu === undefined || perTokenMs(cell) === undefined) return [];
  const own = cells.filter(({ target, workload }) => target.name === cell.target.name && workload === cell.workload);
  const ratios = own.flatMap(each => againstFastest(each, cells) ?? []);
  const slowest = againstFastest(cell, cells);
  if (slowest === undefined || ratios.length === 0 || ratios.some(({ ratio }) => ratio <= slowerBy)) return [];
  const text =
    'This GPU is slower than another of the same model: something else runs on it, or it is hotter or set otherwise.';
  const evidence = [
    `TPOT p50 × ${formatNumber(slowest.ratio)} of that of ${slowest.than}`,
    ...(ratios.length > 1 ? [`so at each of ${ratios.length} steps they were driven alike`] : []),
  ];
  return [{ kind: 'noisy-neighbour', text, evidence }];
}

function againstFastest(cell: CellResult, cells: readonly CellResult[]): { ratio: number; than: string } | undefined {
  const own = perTokenMs(cell);
  const [fastest] = cells
    .filter(other => isAlike(other, cell) && perTokenMs(other) !== undefined)
    .sort((a, b) => (perTokenMs(a) as number) - (perTokenMs(b) as number));
  if (own === undefined || fastest === undefined) return undefined;
  return { ratio: own / (perTokenMs(fastest) as number), than: fastest.target.name };
}

/** Another GPU of the same model, driven in the same way. */
function isAlike(other: CellResult, { target, workload, step, repetition }: CellResult): boolean {
  return (
    other.target.model === target.model &&
    other.target.name !== target.name &&
    other.target.gpu !== undefined &&
    other.workload === workload &&
    other.step === step &&
    other.repetition === repetition
  );
}

/** What an answer takes per token; undefined where too few stand behind it, or the generator is in doubt. */
function perTokenMs({ metrics, counts, validity }: CellResult): number | undefined {
  if (counts.ok < fewestAnswers || validity.verdict !== 'valid') return undefined;
  return metrics.tpotMs.p50 ?? metrics.serviceTimeMs.p50 ?? undefined;
}
