/** The endpoints of a run as charts tell them apart: a name and a colour each, the same all over a report. */
import type { CellResult, Run } from '../record/run.ts';
import { loadLabel } from '../scenario/expand.ts';

export interface Endpoint {
  readonly label: string;
  readonly target: string;
  readonly model: string;
  readonly workload: string;
  /** Its place in the palette. */
  readonly colour: number;
  readonly cells: readonly CellResult[];
}

/** The endpoints of a run with what each was asked, by name; the workload stands in it where the run has several. */
export function endpoints({ cells }: Pick<Run, 'cells'>): Endpoint[] {
  const several = new Set(cells.map(cell => cell.workload)).size > 1;
  const byLabel = new Map<string, CellResult[]>();
  for (const cell of cells) {
    const label = several ? `${cell.target.name} ${cell.workload}` : cell.target.name;
    byLabel.set(label, [...(byLabel.get(label) ?? []), cell]);
  }
  return [...byLabel]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([label, of], colour) => {
      const { target, workload } = of[0] as CellResult;
      return { label, target: target.name, model: target.model, workload, colour, cells: of };
    });
}

/** More lines than this in one panel cannot be told apart; tables hold all. */
const maxLines = 16;

/** As many as can be drawn over each other, with a sentence that says so where they are not all. */
export function drawable<T>(all: readonly T[]): { readonly drawn: readonly T[]; readonly rest: string } {
  const rest =
    all.length > maxLines ? ` The first ${maxLines} of ${all.length} endpoints by name; the table holds all.` : '';
  return { drawn: all.slice(0, maxLines), rest };
}

/** What an endpoint was asked in a cell, and under which circumstances. */
export function conditionOf(cell: CellResult): string {
  const together = cell.order === 'parallel' ? ', all at once' : '';
  return `${loadLabel(cell.load)}${together}${cell.repetition > 1 ? ` #${cell.repetition}` : ''}`;
}
