import type { Column, Table, TableCell } from '../document.ts';
import { html, joined, type Markup } from './markup.ts';

/** A table that scrolls by itself where it is wider than the page; `marks` gives the numbers of notes. */
export function table(of: Table, marks: (notes: readonly string[] | undefined) => Markup): Markup {
  const { caption, columns, rows } = of;
  const name = caption === '' ? (columns[0]?.label ?? 'table') : caption;
  const body = rows.map(
    row => html`<tr>${row.map((cell, i) => cellMarkup(cell, columns[i] as Column, i, marks))}</tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table: ${name}"><table>${
    caption === '' ? undefined : html`<caption>${caption}</caption>`
  }<thead>${heads(columns)}</thead><tbody>${body}</tbody></table></div>\n`;
}

/** One line of labels, or two where columns have something in common. */
function heads(columns: readonly Column[]): Markup {
  if (columns.every(({ group }) => group === undefined)) {
    return html`<tr>${columns.map(column => head(column, html``))}</tr>`;
  }
  const above: Markup[] = [];
  const below: Markup[] = [];
  for (let i = 0; i < columns.length; ) {
    const column = columns[i] as Column;
    let to = i + 1;
    if (column.group === undefined) above.push(head(column, html` rowspan="2"`));
    else {
      while (columns[to]?.group === column.group) to++;
      const own = columns.slice(i, to);
      above.push(html`<th scope="colgroup" colspan="${to - i}" class="group">${column.group}${arrow(column)}</th>`);
      below.push(...own.map(({ better: _, ...each }, at) => head(each, at === 0 ? html` data-first` : html``)));
    }
    i = to;
  }
  return joined([html`<tr>${above}</tr>`, html`<tr>${below}</tr>`]);
}

function head(column: Column, attributes: Markup): Markup {
  return html`<th scope="col" class="${column.align}"${attributes}>${column.label}${arrow(column)}</th>`;
}

/** Which way is good. */
function arrow({ better }: Column): Markup {
  if (better === undefined) return html``;
  return html`<span class="better" title="${better} is better"><span aria-hidden="true">${better === 'lower' ? '↓' : '↑'}</span><span class="unseen"> (${better} is better)</span></span>`;
}

function cellMarkup(cell: TableCell, column: Column, i: number, marks: (notes: TableCell['notes']) => Markup): Markup {
  const { text, n, notes, tone, heat, bar } = cell;
  // To the right is what most are: in a large table it counts.
  const classes = [
    ...(column.align === 'left' ? ['left'] : []),
    ...(tone === undefined ? [] : [tone]),
    ...(heat === undefined ? [] : [heat > 0 ? 'hot' : 'cool']),
    ...(bar === undefined ? [] : ['bar']),
  ].join(' ');
  const shade =
    heat === undefined
      ? bar === undefined
        ? undefined
        : html` style="--bar:${(bar * 100).toFixed(1)}%"`
      : html` style="--heat:${(Math.abs(heat) * 60).toFixed(0)}%"`;
  const named = classes === '' ? undefined : html` class="${classes}"`;
  const title = n === undefined ? undefined : html` title="n = ${n.toLocaleString('en-US')}"`;
  return i === 0 && column.align === 'left'
    ? html`<th scope="row"${named}${shade}${title}>${text}${marks(notes)}</th>`
    : html`<td${named}${shade}${title}>${text}${marks(notes)}</td>`;
}
