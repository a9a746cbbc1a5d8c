import { type Document, footnotes, type Table, visible } from './document.ts';

/** A document as GitHub's Markdown. */
export function markdown(document: Document): string {
  const numbers = footnotes(document);
  const parts = document.blocks.map(block => {
    switch (block.kind) {
      case 'heading':
        return `## ${plain(block.text)}`;
      case 'paragraph':
        return plain(block.text);
      case 'list':
        return block.items.map(item => `- ${plain(item)}`).join('\n');
      case 'table':
        return tableLines(block, numbers);
    }
  });
  const notes = [...numbers].map(([note, number]) => `<sup>${number}</sup> ${plain(note)}`).join('<br>\n');
  return `${[`# ${plain(document.title)}`, ...parts, ...(notes === '' ? [] : [notes])].join('\n\n')}\n`;
}

function tableLines({ caption, columns, rows }: Table, numbers: ReadonlyMap<string, number>): string {
  const line = (texts: readonly string[]) => `| ${texts.join(' | ')} |`;
  const lines = [
    line(columns.map(({ group, label }) => plain(group === undefined ? label : `${group} ${label}`))),
    line(columns.map(column => (column.align === 'right' ? '--:' : ':--'))),
    ...rows.map(row =>
      line(
        row.map(cell => plain(cell.text) + (cell.notes ?? []).map(note => `<sup>${numbers.get(note)}</sup>`).join(' ')),
      ),
    ),
  ];
  return caption === '' ? lines.join('\n') : `**${plain(caption)}**\n\n${lines.join('\n')}`;
}

/** Text that stands for itself: nothing in it is taken for markup. */
function plain(text: string): string {
  return visible(text)
    .replaceAll(/[\\`*_[\]|~#$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/(https?):\/\//g, '$1:&#47;&#47;')
    .replaceAll('@', '&#64;');
}
