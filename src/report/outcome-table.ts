/** What became of all requests: by outcome and by who said so, with the first words that were said. */
import { outcomeKinds } from '../protocol/outcome.ts';
import type { CellResult, Run } from '../record/run.ts';
import { loadLabel } from '../scenario/expand.ts';
import { missing, plural } from '../units.ts';
import type { Block, TableCell } from './document.ts';
import { count, left, right, share } from './table-cells.ts';

type Example = CellResult['examples'][number];

/** One row an outcome and source; only where something else than success came of some. */
export function outcomes(run: Run): Block[] {
  const due = run.cells.reduce((sum, { counts }) => sum + counts.due, 0);
  const ok = run.cells.reduce((sum, { counts }) => sum + counts.ok, 0);
  if (due === ok) return [];
  const rows = outcomeKinds.flatMap(kind => {
    const total = run.cells.reduce((sum, { counts }) => sum + counts[kind], 0);
    if (total === 0) return [];
    const sources = sourcesOf(run.cells, kind);
    const told = sources.reduce((sum, source) => sum + source.count, 0);
    const rest = { count: total - told, details: [], cells: run.cells.filter(({ counts }) => counts[kind] > 0) };
    return [...sources, ...(rest.count > 0 ? [rest] : [])].map(source => rowOf(kind, source, due));
  });
  return [
    { kind: 'heading', text: 'What became of the requests' },
    {
      kind: 'table',
      caption: '',
      columns: [
        left('outcome'),
        left('status'),
        left('said by'),
        right('requests'),
        right('of all due'),
        left('where'),
        left('what was said first'),
      ],
      rows,
    },
  ];
}

interface Source {
  readonly status?: number | undefined;
  readonly by?: string | undefined;
  readonly count: number;
  readonly details: readonly string[];
  readonly cells: readonly CellResult[];
}

function sourcesOf(cells: readonly CellResult[], kind: Example['kind']): Source[] {
  const all = cells.flatMap(cell =>
    cell.examples.filter(example => example.kind === kind).map(example => ({ cell, example })),
  );
  const keyOf = ({ status, by }: Example) => JSON.stringify([status, by]);
  return [...new Set(all.map(({ example }) => keyOf(example)))].map(key => {
    const own = all.filter(({ example }) => keyOf(example) === key);
    const [{ example }] = own as [(typeof own)[number]];
    return {
      status: example.status,
      by: example.by,
      count: own.reduce((sum, each) => sum + each.example.count, 0),
      details: [...new Set(own.flatMap(each => each.example.detail ?? []))],
      cells: [...new Set(own.map(each => each.cell))],
    };
  });
}

/** So many different words are shown; bodies of errors tend to differ in a number only. */
const maxDetails = 3;

function rowOf(kind: string, { status, by, count: requests, details, cells }: Source, due: number): TableCell[] {
  const more = details.length > maxDetails ? ` (and ${plural(details.length - maxDetails, 'other')})` : '';
  return [
    { text: kind, tone: kind === 'ok' ? 'good' : 'bad' },
    { text: status === undefined ? missing : String(status) },
    { text: by ?? missing },
    count(requests),
    { ...share(requests / due), bar: requests / due },
    { text: kind === 'ok' ? missing : whereText(cells) },
    { text: details.slice(0, maxDetails).join(' · ') + more },
  ];
}

function whereText(cells: readonly CellResult[]): string {
  const [first] = cells;
  if (first === undefined) return missing;
  const place = `${first.target.name}, ${loadLabel(first.load)}`;
  return cells.length === 1 ? place : `${place} and ${plural(cells.length - 1, 'cell')} more`;
}
