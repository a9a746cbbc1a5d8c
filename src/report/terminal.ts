import { padded } from './cut-text.ts';
import { allVisible, type Document, figureText, footnotes, type Table, visible } from './document.ts';

export interface TerminalOptions {
  /** Columns of the terminal; a wider table goes on below, its first column repeated. */
  readonly width: number;
  readonly colour: boolean;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A document as lines of text. */
export function terminal(document: Document, { width, colour }: TerminalOptions): string {
  const numbers = footnotes(document);
  const bold = (text: string) => (colour ? `\u001b[1m${text}\u001b[22m` : text);
  const dim = (text: string) => (colour ? `\u001b[2m${text}\u001b[22m` : text);
  const parts = document.blocks.map(block => {
    switch (block.kind) {
      case 'heading':
        return `\n${bold(visible(block.text))}`;
      case 'paragraph':
        return wrap(visible(block.text) + marks(block.notes, numbers), width, '');
      case 'list':
        return bullets(block.items, width);
      case 'callout':
        return [
          wrap(visible(block.text), width, ''),
          ...(block.items?.length ? [bullets(block.items, width)] : []),
        ].join('\n');
      case 'figures':
        return bullets(block.items.map(figureText), width);
      case 'facts':
        return bullets(
          block.items.map(({ label, text }) => `${label}: ${text}`),
          width,
        );
      case 'chart':
        return wrap(`${visible(block.title)}${marks(block.notes, numbers)} (drawn in report.html)`, width, '');
      case 'table':
        return tableLines({ ...block, columns: allVisible(block.columns) }, numbers, width, dim);
    }
  });
  const notes = [...numbers].map(([note, number]) => dim(wrap(`${superscript(number)} ${visible(note)}`, width, '  ')));
  return [bold(visible(document.title)), ...parts, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function tableLines(
  table: Table,
  numbers: ReadonlyMap<string, number>,
  width: number,
  dim: (text: string) => string,
): string {
  const cells = table.rows.map(row => row.map(cell => visible(cell.text) + marks(cell.notes, numbers)));
  const widths = table.columns.map((column, i) =>
    Math.max(column.label.length, ...cells.map(row => row[i]?.length ?? 0)),
  );
  widenToGroups(table, widths);
  // A long text is cut in its middle, so that at least it stands beside what it belongs to.
  const most = Math.max(20, width - Math.min(widths[0] ?? 0, Math.floor(width * 0.35)) - 2);
  for (const i of widths.keys()) widths[i] = Math.min(widths[i] ?? 0, most);
  const natural = widths.reduce((sum, each) => sum + each + 2, -2);
  if (natural > width) widths[0] = Math.min(widths[0] ?? 0, Math.max(12, Math.floor(width * 0.35)));
  return columnBlocks(table, widths, width)
    .map(group => {
      const line = (texts: readonly string[]) =>
        group
          .map(i => padded(texts[i] ?? '', widths[i] ?? 0, table.columns[i]?.align ?? 'left'))
          .join('  ')
          .trimEnd();
      const heads = groupLine(table, group, widths);
      return [
        ...(heads === '' ? [] : [dim(heads)]),
        dim(line(table.columns.map(column => column.label))),
        ...cells.map(line),
      ].join('\n');
    })
    .join('\n\n');
}

/** Makes the columns of each group wide enough for what stands above them. */
function widenToGroups({ columns }: Table, widths: number[]): void {
  columns.forEach(({ group }, i) => {
    if (group === undefined || columns[i - 1]?.group === group) return;
    const members = columns.map((column, j) => (column.group === group ? j : -1)).filter(j => j !== -1);
    const used = members.reduce((sum, j) => sum + (widths[j] ?? 0) + 2, -2);
    widths[i] = (widths[i] ?? 0) + Math.max(0, group.length - used);
  });
}

/** The line above the labels: what neighbouring columns have in common, once, over the first of them. */
function groupLine(table: Table, shown: readonly number[], widths: readonly number[]): string {
  let line = '';
  let at = 0;
  let before: string | undefined;
  for (const i of shown) {
    const group = table.columns[i]?.group;
    if (group !== undefined && group !== before) line = `${line.padEnd(at)}${group}`;
    before = group;
    at += (widths[i] ?? 0) + 2;
  }
  return line;
}

/** Which columns stand side by side: the first in every block, and as many others as fit; a group is not torn apart. */
function columnBlocks({ columns }: Table, widths: readonly number[], width: number): number[][] {
  const blocks: number[][] = [];
  let used = 0;
  for (let from = 1; from < columns.length; ) {
    const { group } = columns[from] as Table['columns'][number];
    let to = from + 1;
    while (group !== undefined && columns[to]?.group === group) to++;
    const unit = Array.from({ length: to - from }, (_, i) => from + i);
    const needs = unit.reduce((sum, i) => sum + (widths[i] ?? 0) + 2, 0);
    if (blocks.length === 0 || used + needs > width) {
      blocks.push([0]);
      used = widths[0] ?? 0;
    }
    blocks.at(-1)?.push(...unit);
    used += needs;
    from = to;
  }
  return blocks.length > 0 ? blocks : [[0]];
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

function bullets(items: readonly string[], width: number): string {
  return items.map(item => wrap(`• ${visible(item)}`, width, '  ')).join('\n');
}

/** The numbers of notes, raised. */
function marks(notes: readonly string[] | undefined, numbers: ReadonlyMap<string, number>): string {
  return (notes ?? []).map(note => superscript(numbers.get(note) ?? 0)).join(' ');
}

function superscript(number: number): string {
  return [...String(number)].map(digit => superscripts[Number(digit)] ?? '').join('');
}
