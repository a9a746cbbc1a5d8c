/** What was seen of GPUs and model servers while each cell was driven, and what that says held it back. */
import type { CellResult, Run } from '../record/run.ts';
import { loadLabel } from '../scenario/expand.ts';
import { formatBytes, formatRatio, missing, plural } from '../units.ts';
import type { Block, TableCell } from './document.ts';
import { left, number, right, share } from './table-cells.ts';

/** A table of GPUs and one of model servers, a row a cell, where any of either was seen; and the diagnoses. */
export function hardware(run: Run): Block[] {
  const cells = [...run.cells].sort(
    (a, b) => a.target.name.localeCompare(b.target.name, 'en', { numeric: true }) || a.step - b.step,
  );
  const blocks = [...gpuTable(cells), ...serverTable(cells)];
  return [
    ...(blocks.length === 0 ? [] : [{ kind: 'heading' as const, text: 'GPUs and model servers' }, ...blocks]),
    ...diagnoses(cells),
  ];
}

function gpuTable(cells: readonly CellResult[]): Block[] {
  const rows = cells.flatMap(cell => (cell.gpu === undefined ? [] : [gpuRow(cell, cell.gpu)]));
  if (rows.length === 0) return [];
  const columns = [
    left('endpoint'),
    left('load'),
    right('mean', 'busy'),
    right('most', 'busy'),
    right('memory'),
    right('mean', 'W'),
    right('limit', 'W'),
    right('hottest °C'),
    right('mean', 'MHz'),
    right('held down'),
    right('tokens/J'),
    right('J/answer'),
  ];
  return [{ kind: 'table', caption: 'GPUs, in each window', columns, rows }];
}

function gpuRow(cell: CellResult, gpu: NonNullable<CellResult['gpu']>): TableCell[] {
  const { utilisationRatio, memoryUsedBytes, powerWatts, throttledRatio } = gpu;
  const notes = [
    ...(gpu.simulated ? ['simulated: no GPU was there'] : []),
    ...(gpu.coverageRatio < 0.95 ? [`samples tell of ${formatRatio(gpu.coverageRatio)} of the window`] : []),
    ...(gpu.sharedWith.length > 0 ? [`the GPU was shared with ${gpu.sharedWith.join(', ')} at that time`] : []),
    ...gpu.gaps,
  ];
  const throttled = Object.entries(throttledRatio ?? {});
  return [
    { ...endpoint(cell), notes },
    { text: loadLabel(cell.load) },
    share(utilisationRatio?.mean ?? null),
    share(utilisationRatio?.max ?? null),
    memoryUsedBytes === null
      ? { text: missing, value: null }
      : { text: formatBytes(memoryUsedBytes.max), value: memoryUsedBytes.max },
    number(powerWatts?.mean ?? null),
    number(gpu.powerLimitWatts),
    number(gpu.temperatureCelsius?.max ?? null),
    number(gpu.smClockMHz?.mean ?? null),
    throttledRatio === null
      ? { text: missing }
      : {
          text:
            throttled.length === 0
              ? 'never'
              : throttled.map(([why, ratio]) => `${why} ${formatRatio(ratio)}`).join(', '),
          ...(throttled.length === 0 ? {} : { tone: 'doubt' as const }),
        },
    number(gpu.tokensPerJoule),
    number(gpu.joulesPerRequest),
  ];
}

function serverTable(cells: readonly CellResult[]): Block[] {
  const rows = cells.flatMap(cell => {
    const { server } = cell;
    if (server === undefined) return [];
    const notes = [
      ...(server.missed > 0 ? [`the model server did not answer ${plural(server.missed, 'time')}`] : []),
      ...server.gaps,
    ];
    return [
      [
        { ...endpoint(cell), notes },
        { text: loadLabel(cell.load) },
        number(server.batchSize?.mean ?? null),
        number(server.batchSize?.max ?? null),
        number(server.queueSize?.mean ?? null),
        number(server.queueSize?.max ?? null),
        number(server.queueMs),
        number(server.inferenceMs),
        number(server.totalMs),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const columns = [
    left('endpoint'),
    left('load'),
    right('mean', 'batch'),
    right('most', 'batch'),
    right('mean', 'queue'),
    right('most', 'queue'),
    right('queued', 'mean ms'),
    right('computed', 'mean ms'),
    right('in all', 'mean ms'),
  ];
  return [{ kind: 'table', caption: 'Model servers, by their own count', columns, rows }];
}

function endpoint({ target, repetition }: CellResult): TableCell {
  return { text: target.name + (repetition > 1 ? ` #${repetition}` : '') };
}

function diagnoses(cells: readonly CellResult[]): Block[] {
  const items = cells.flatMap(cell =>
    (cell.diagnoses ?? []).map(
      ({ text, evidence }) =>
        `${cell.target.name}, ${loadLabel(cell.load)}: ${text}${evidence.length === 0 ? '' : ` (${evidence.join('; ')})`}`,
    ),
  );
  return items.length === 0
    ? []
    : [
        { kind: 'heading', text: 'What kept it from being faster' },
        { kind: 'list', items },
      ];
}
