/** What was seen of GPUs and model servers while each cell was driven, beside its times, and what that says held it back. */
import type { CellResult, Run } from '../record/run.ts';
import { loadLabel } from '../scenario/expand.ts';
import { formatBytes, formatRatio, missing, plural } from '../units.ts';
import { diagnoses } from './diagnoses.ts';
import type { Block, TableCell } from './document.ts';
import { count, left, number, quantileCell, right, share } from './table-cells.ts';

/** A table of GPUs and one of model servers, a row a cell, where any of either was seen; and the diagnoses. */
export function hardware(run: Run): Block[] {
  const cells = inOrder(run);
  const blocks = [...gpuTable(cells), ...timesTable(cells), ...serverTable(cells)];
  return [
    ...(blocks.length === 0 ? [] : [{ kind: 'heading' as const, text: headingOf(cells) }, ...blocks]),
    ...diagnoses(run),
  ];
}

/** The same for a narrow place: what the GPUs did, and what held the cells back. */
export function hardwareOverview(run: Run): Block[] {
  const cells = inOrder(run).filter(({ gpu }) => gpu !== undefined);
  const columns = [left('endpoint'), left('load'), right('busy'), right('W'), right('tokens/J')];
  const rows = cells.map(cell => [
    endpoint(cell),
    loadCell(cell),
    share(cell.gpu?.utilisationRatio?.mean ?? null),
    number(cell.gpu?.powerWatts?.mean ?? null),
    number(cell.gpu?.tokensPerJoule ?? null),
  ]);
  return [
    ...(rows.length === 0
      ? []
      : [
          { kind: 'heading' as const, text: headingOf(cells) },
          { kind: 'table' as const, caption: '', columns, rows },
          busy,
        ]),
    ...diagnoses(run),
  ];
}

/** Said wherever it is shown. */
const busy: Block = {
  kind: 'paragraph',
  text: 'Busy: the share of time in which any kernel ran (utilization.gpu). It does not say how much of the GPU worked: one small kernel at a time is 100 %, and a GPU at an eighth of what it can do shows about 94 %.',
};

function inOrder({ cells }: Run): CellResult[] {
  return [...cells].sort(
    (a, b) => a.target.name.localeCompare(b.target.name, 'en', { numeric: true }) || a.step - b.step,
  );
}

function headingOf(cells: readonly CellResult[]): string {
  const isSimulated = cells.some(({ gpu, server }) => gpu?.simulated || server?.simulated);
  return `GPUs and model servers${isSimulated ? ' (simulated)' : ''}`;
}

function gpuTable(cells: readonly CellResult[]): Block[] {
  const rows = cells.flatMap(cell => (cell.gpu === undefined ? [] : [gpuRow(cell, cell.gpu)]));
  if (rows.length === 0) return [];
  const columns = [
    left('endpoint'),
    left('load'),
    right('p50', 'TTFT ms'),
    right('p50', 'response ms'),
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
  return [{ kind: 'table', caption: 'GPUs, in each window', columns, rows }, busy];
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
    loadCell(cell),
    quantileCell(cell.metrics.ttftMs, 'p50'),
    quantileCell(cell.metrics.responseTimeMs, 'p50'),
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
        loadCell(cell),
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

/** Where the answers themselves say that their time went, as TGI's do that come in one piece. */
function timesTable(cells: readonly CellResult[]): Block[] {
  const rows = cells
    .filter(({ metrics }) => metrics.queueMs.n > 0)
    .map(cell => [
      endpoint(cell),
      loadCell(cell),
      count(cell.metrics.queueMs.n),
      number(cell.metrics.serviceTimeMs.mean),
      number(cell.metrics.networkMs.mean),
      number(cell.metrics.queueMs.mean),
      number(cell.metrics.inferenceMs.mean),
    ]);
  if (rows.length === 0) return [];
  const columns = [
    left('endpoint'),
    left('load'),
    right('answers'),
    right('in all', 'mean ms'),
    right('network and gateway', 'mean ms'),
    right('queue', 'mean ms'),
    right('inference', 'mean ms'),
  ];
  return [{ kind: 'table', caption: 'Where the time went, by the headers of the answers', columns, rows }];
}

function endpoint({ target, workload, repetition }: CellResult): TableCell {
  return { text: `${target.name} ${workload}${repetition > 1 ? ` #${repetition}` : ''}` };
}

function loadCell({ load, order }: CellResult): TableCell {
  return { text: `${loadLabel(load)}${order === 'parallel' ? ' each' : ''}` };
}
