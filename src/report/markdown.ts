import type { Chart } from './chart/chart.ts';
import { type Callout, type Document, figureText, footnotes, type Table, visible } from './document.ts';

/** A document as GitHub's Markdown. */
export function markdown(document: Document): string {
  const numbers = footnotes(document);
  const parts = document.blocks.map(block => {
    switch (block.kind) {
      case 'heading':
        return `${'#'.repeat(block.level ?? 2)} ${plain(block.text)}`;
      case 'paragraph':
        return plain(block.text) + marks(block.notes, numbers);
      case 'list':
        return bullets(block.items);
      case 'callout':
        return alert(block);
      case 'figures':
        return bullets(block.items.map(figureText));
      case 'facts':
        return block.items.map(({ label, text }) => `- **${plain(label)}**: ${plain(text)}`).join('\n');
      case 'chart':
        return [
          `### ${plain(block.title)}${marks(block.notes, numbers)}`,
          `![${plain(block.title)}](${chartPath(block)})`,
          plain(block.summary),
        ].join('\n\n');
      case 'table':
        return tableLines(block, numbers);
    }
  });
  const notes = [...numbers].map(([note, number]) => `<sup>${number}</sup> ${plain(note)}`).join('<br>\n');
  return `${[`# ${plain(document.title)}`, ...parts, ...(notes === '' ? [] : [notes])].join('\n\n')}\n`;
}

/** Where the picture of a chart is, from beside the Markdown: GitHub shows files, and takes SVG out of the text. */
export function chartPath({ name }: Chart): string {
  return `charts/${name}.svg`;
}

const alerts = { bad: 'CAUTION', doubt: 'WARNING', plain: 'NOTE', good: 'TIP' } as const;

/** As GitHub sets apart what must not be overlooked; elsewhere a quotation. */
function alert({ tone, text, items = [] }: Callout): string {
  const list = items.length === 0 ? [] : ['', ...items.map(item => `- ${plain(item)}`)];
  return [`[!${alerts[tone]}]`, plain(text), ...list].map(line => `> ${line}`.trimEnd()).join('\n');
}

function bullets(items: readonly string[]): string {
  return items.map(item => `- ${plain(item)}`).join('\n');
}

function marks(notes: readonly string[] | undefined, numbers: ReadonlyMap<string, number>): string {
  return (notes ?? []).map(note => `<sup>${numbers.get(note)}</sup>`).join(' ');
}

function tableLines({ caption, columns, rows }: Table, numbers: ReadonlyMap<string, number>): string {
  const line = (texts: readonly string[]) => `| ${texts.join(' | ')} |`;
  const lines = [
    line(columns.map(({ group, label }) => plain(group === undefined ? label : `${group} ${label}`))),
    line(columns.map(column => (column.align === 'right' ? '--:' : ':--'))),
    ...rows.map(row => line(row.map(cell => plain(cell.text) + marks(cell.notes, numbers)))),
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
