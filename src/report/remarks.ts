import type { CellResult, Remark } from '../record/run.ts';

/** A remark as it is printed: what was seen, and what to do about it. */
export function remarkText({ text, advice }: Remark): string {
  return advice === undefined ? text : `${text}. ${advice[0]?.toUpperCase()}${advice.slice(1)}`;
}

/** Why the numbers of a cell have to be read with care: footnotes wherever one of them stands. */
export function cellNotes(cell: CellResult): string[] {
  return [...doubts([cell]), ...cell.findings.map(remarkText)];
}

/** What is doubtful of any of these cells, each doubt once: footnotes of a chart that is drawn from them. */
export function doubts(cells: readonly CellResult[]): string[] {
  const all = cells
    .filter(({ validity }) => validity.verdict !== 'valid')
    .map(
      ({ validity: { verdict, reasons } }) =>
        `${verdict}: ${reasons.map(({ subject, text }) => subject ?? text).join('; ')}`,
    );
  return [...new Set(all)];
}
