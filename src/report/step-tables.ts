/** The endpoints side by side, step by step, and what was to be held of them. */
import type { CellResult, Run } from '../record/run.ts';
import type { QuantileKey } from '../record/summary.ts';
import { askedLabel, loadLabel } from '../scenario/expand.ts';
import { formatNumber, missing } from '../units.ts';
import type { Block, Column, Table, TableCell } from './document.ts';
import { cellNotes } from './remarks.ts';
import { loadsDiffer, stepLabel } from './steps.ts';
import { count, left, number, quantileCell, right, share } from './table-cells.ts';
import { withParts } from './workload-tables.ts';

/** One table a step, one row an endpoint. */
export function stepTables(run: Run): Block[] {
  const steps = [...new Set(run.cells.map(cell => cell.step))];
  return steps.flatMap(step => {
    const cells = run.cells
      .filter(cell => cell.step === step)
      .sort(
        (a, b) =>
          a.target.name.localeCompare(b.target.name) ||
          a.workload.localeCompare(b.workload) ||
          a.repetition - b.repetition,
      );
    return [
      { kind: 'heading' as const, level: 3 as const, text: stepLabel(run, step) },
      endpointTable(cells.flatMap(withParts), loadsDiffer(cells)),
    ];
  });
}

interface EndpointColumn extends Column {
  readonly of: (cell: CellResult) => TableCell;
}

const quantileColumns = (
  group: string,
  metric: keyof CellResult['metrics'],
  keys: readonly QuantileKey[],
): EndpointColumn[] =>
  keys.map(key => ({ ...right(key, group), better: 'lower', of: cell => quantileCell(cell.metrics[metric], key) }));

const endpointColumns: readonly EndpointColumn[] = [
  { label: 'endpoint', align: 'left', of: endpointCell },
  { ...right('ok'), of: cell => count(cell.counts.ok) },
  { ...right('req/s'), better: 'higher', of: cell => number(cell.rates.achievedPerS) },
  { ...right('tokens/s'), better: 'higher', of: cell => number(cell.rates.outputTokensPerS) },
  ...quantileColumns('TTFT ms', 'ttftMs', ['p50', 'p95', 'p99']),
  ...quantileColumns('ITL ms', 'itlMs', ['p50', 'p99']),
  ...quantileColumns('TPOT ms', 'tpotMs', ['p50', 'p95']),
  ...quantileColumns('response ms', 'responseTimeMs', ['p50', 'p95', 'p99']),
  { ...right('429'), of: ({ rates }) => trouble(refusedRatio(rates), 'doubt') },
  { ...right('403'), of: cell => trouble(cell.rates.forbiddenRatio, 'doubt') },
  { ...right('errors'), of: cell => trouble(cell.rates.errorRatio, 'bad') },
];

function trouble(ratio: number | null, tone: 'doubt' | 'bad'): TableCell {
  return { ...share(ratio), ...(ratio === null || ratio === 0 ? {} : { tone }) };
}

/** By the gateway or by the model server. */
function refusedRatio({ rateLimitedRatio, overloadedRatio }: CellResult['rates']): number | null {
  return rateLimitedRatio === null ? null : rateLimitedRatio + (overloadedRatio ?? 0);
}

function endpointTable(cells: readonly CellResult[], showsLoad: boolean): Table {
  const several = new Set(cells.map(cell => cell.workload)).size > 1;
  return {
    kind: 'table',
    caption: '',
    columns: endpointColumns.map(({ of: _, ...column }) => column),
    rows: cells.map(cell =>
      endpointColumns.map(({ of }, i) => {
        const shown = of(cell);
        if (i > 0) return shown;
        const names = [shown.text, ...(several ? [cell.workload] : []), ...(showsLoad ? [askedLabel(cell.load)] : [])];
        return { ...shown, text: names.join(' ') };
      }),
    ),
  };
}

function endpointCell(cell: CellResult): TableCell {
  const notes = cellNotes(cell);
  const repetition = cell.repetition > 1 ? ` #${cell.repetition}` : '';
  return { text: cell.target.name + repetition, ...(notes.length > 0 ? { notes } : {}) };
}

/** One row an objective: how many cells held it, and the one that came closest to missing it or missed it by most. */
export function objectives(run: Run): Block[] {
  const judged = run.cells.flatMap(cell => cell.objectives.map(objective => ({ cell, ...objective })));
  const rows = [...new Set(judged.map(({ text }) => text))].map(text => {
    const results = judged.filter(result => result.text === text);
    const cellsWhere = (held: boolean | null) => results.filter(result => result.held === held).length;
    const { comparator } = run.scenario.objectives.find(objective => objective.text === text) ?? {};
    const sign = comparator?.startsWith('>') ? -1 : 1;
    const [worst] = results
      .filter(({ measured }) => measured !== null)
      .sort((a, b) => sign * ((b.measured ?? 0) - (a.measured ?? 0)));
    return [
      { text },
      cellsWhere(false) > 0
        ? { text: 'MISSED', tone: 'bad' as const }
        : cellsWhere(null) === results.length
          ? { text: 'not enough data', tone: 'doubt' as const }
          : { text: 'held', tone: 'good' as const },
      { text: `${cellsWhere(true)} of ${results.length}` },
      { text: String(cellsWhere(null)) },
      { text: worst?.measured === undefined || worst.measured === null ? missing : formatNumber(worst.measured) },
      { text: worst === undefined ? missing : `${worst.cell.target.name}, ${loadLabel(worst.cell.load)}` },
    ];
  });
  if (rows.length === 0) return [];
  const columns: Column[] = [
    left('objective'),
    left('result'),
    right('cells held'),
    right('unjudged'),
    right('worst'),
    left('where'),
  ];
  return [
    { kind: 'heading', text: 'Objectives' },
    { kind: 'table', caption: '', columns, rows },
  ];
}
