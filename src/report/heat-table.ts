/** The endpoints of each model beside each other: which GPU stands out, by more than the noise. */
import { type Deviation, leastBlocks, leastChangeRatio, type Siblings, siblings } from '../analysis/outliers.ts';
import type { CellResult, Run } from '../record/run.ts';
import { formatNumber, formatRatio, missing, plural } from '../units.ts';
import type { Block, Column, TableCell } from './document.ts';
import { left, number, right, share } from './table-cells.ts';

/** The shade is full from here on. */
const fullHeat = 0.25;

/** A table a model, where it was asked at several endpoints. */
export function heatTables(run: Run): Block[] {
  const all = siblings(run.cells);
  if (all.length === 0) return [];
  return [
    { kind: 'heading', text: 'GPUs of a model compared' },
    {
      kind: 'paragraph',
      text: `Each number against the median of its like, over all steps and repetitions, with its 95 % interval. An outlier differs by more than ${formatRatio(leastChangeRatio)}, and by more than the noise: a paired t-test over at least ${leastBlocks} steps or repetitions, at 5 % for all numbers of a model together (Holm). Of two endpoints it can be told that they differ, not which one is odd. It speaks of this run: whether it holds tomorrow, only other runs tell.`,
    },
    ...all.flatMap((each): Block[] => [
      { kind: 'paragraph', text: verdictOf(each) },
      {
        kind: 'table',
        caption: `${each.model}, ${each.workload}`,
        columns: columnsOf(each, run.cells),
        rows: each.endpoints.map(({ target, deviations }) => [
          { text: target },
          ...deviations.map(deviation => deviationCell(deviation, each.endpoints.length > 2)),
          ...gpuCells(run.cells, each, target),
        ]),
      },
    ]),
  ];
}

/** What can be said of them: who stands out, who may, or nobody. */
function verdictOf({ model, workload, endpoints }: Siblings): string {
  const name = `${model}, ${workload}`;
  const all = endpoints.flatMap(({ target, deviations }) => deviations.map(each => ({ target, ...each })));
  if (all.every(({ interval }) => interval === null))
    return `${name}: nothing can be said of the noise: fewer than ${leastBlocks} steps or repetitions have the numbers of all.`;
  const odd = all.filter(({ stands }) => stands);
  if (odd.length > 0)
    return `${name}: ${endpoints.length === 2 ? 'they differ' : plural(new Set(odd.map(({ target }) => target)).size, 'outlier')}: ${odd.map(changeText).join('; ')}.`;
  const perhaps = all.filter(each => isBeyondItsInterval(each) && Math.abs(each.changeRatio ?? 0) > leastChangeRatio);
  if (perhaps.length === 0) return `${name}: no difference stands out from the noise.`;
  return `${name}: perhaps ${perhaps.map(changeText).join('; ')}: by itself beyond the noise, but not among so many numbers looked at. More repetitions would tell.`;
}

function changeText({ target, yardstick, changeRatio }: Deviation & { readonly target: string }): string {
  return `${target}, ${yardstick.symbol} ${signed(changeRatio ?? 0)}`;
}

function isBeyondItsInterval({ interval }: Deviation): boolean {
  return interval !== null && interval[0] * interval[1] > 0;
}

function columnsOf({ endpoints }: Siblings, cells: readonly CellResult[]): Column[] {
  return [
    left('endpoint'),
    ...(endpoints[0]?.deviations ?? []).map(({ yardstick }) => ({
      ...right(yardstick.symbol),
      better: yardstick.better,
    })),
    ...(cells.some(({ gpu }) => gpu !== undefined) ? gpuColumns.map(({ label }) => right(label, 'GPU')) : []),
  ];
}

/** Shaded only where its interval leaves out zero: noise has no colour. */
function deviationCell(deviation: Deviation, canBeOdd: boolean): TableCell {
  const { yardstick, changeRatio, interval, stands, blocks } = deviation;
  if (changeRatio === null) return { text: missing, value: null };
  const worse = yardstick.better === 'lower' ? changeRatio : -changeRatio;
  const range = interval === null ? '' : ` (${signed(interval[0])} to ${signed(interval[1])})`.replace(' %', '');
  return {
    text: `${stands && canBeOdd ? 'outlier: ' : ''}${signed(changeRatio)}${range}`,
    value: changeRatio,
    n: blocks,
    ...(isBeyondItsInterval(deviation) ? { heat: Math.max(-1, Math.min(1, worse / fullHeat)) } : {}),
    ...(stands ? { tone: worse > 0 ? ('bad' as const) : ('good' as const) } : {}),
    ...(interval === null
      ? { notes: [`from ${plural(blocks, 'block')} of a step in a repetition: too few to say anything of the noise`] }
      : {}),
  };
}

function signed(ratio: number): string {
  const percent = Number((ratio * 100).toFixed(1));
  const sign = percent > 0 ? '+' : percent < 0 ? '−' : '';
  return `${sign}${Math.abs(percent).toFixed(1)} %`;
}

const gpuColumns: readonly {
  readonly label: string;
  readonly of: (gpu: NonNullable<CellResult['gpu']>) => number | null;
}[] = [
  { label: 'busy', of: ({ utilisationRatio }) => utilisationRatio?.mean ?? null },
  { label: 'W', of: ({ powerWatts }) => powerWatts?.mean ?? null },
  { label: 'hottest °C', of: ({ temperatureCelsius }) => temperatureCelsius?.max ?? null },
  { label: 'MHz', of: ({ smClockMHz }) => smClockMHz?.mean ?? null },
];

/** What its GPU did meanwhile, which may say why: means over the cells, the temperature the highest. */
function gpuCells(cells: readonly CellResult[], { model, workload }: Siblings, target: string): TableCell[] {
  if (cells.every(({ gpu }) => gpu === undefined)) return [];
  const own = cells.filter(
    cell => cell.target.name === target && cell.target.model === model && cell.workload === workload,
  );
  return gpuColumns.map(({ label, of }) => {
    const values = own.flatMap(({ gpu }) => (gpu === undefined ? [] : (of(gpu) ?? [])));
    if (values.length === 0) return { text: missing, value: null };
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    if (label === 'busy') return share(mean);
    return label === 'hottest °C'
      ? { text: formatNumber(Math.max(...values)), value: Math.max(...values) }
      : number(mean);
  });
}
