import { type Chart, legendOf } from '../chart/chart.ts';
import { heightOf } from '../chart/drawing.ts';
import { drawings, panelSvgs } from '../chart/svg.ts';
import type { Block, Callout, Figure, Table } from '../document.ts';
import { html, joined, type Markup, trusted } from './markup.ts';
import { table } from './table.ts';

/** What blocks need to know of their document: the numbers of notes, how often each was referred to so far, and its stamp. */
export interface Context {
  readonly numbers: ReadonlyMap<string, number>;
  readonly references: Map<number, number>;
  readonly stamp: string | undefined;
}

export const noteId = (number: number) => `note-${number}`;
export const referenceId = (number: number) => `ref-${number}`;

/** The numbers of notes, each a link to it that says it as well. */
function marks(notes: readonly string[] | undefined, { numbers, references }: Context): Markup {
  return joined(
    (notes ?? []).map(note => {
      const number = numbers.get(note) ?? 0;
      const place = references.get(number) ?? 0;
      references.set(number, place + 1);
      // The note leads back to the first place where it stands.
      const id = place === 0 ? html` id="${referenceId(number)}"` : undefined;
      return html`<sup><a href="#${noteId(number)}"${id} title="${note}" aria-label="Note ${number}">${number}</a></sup>`;
    }),
  );
}

/** One block of a document. */
export function block(of: Block, context: Context): Markup {
  switch (of.kind) {
    case 'heading':
      return of.level === 3 ? html`<h3>${of.text}</h3>` : html`<h2>${of.text}</h2>`;
    case 'paragraph':
      return html`<p>${of.text}${marks(of.notes, context)}</p>`;
    case 'list':
      return list(of.items);
    case 'callout':
      return callout(of);
    case 'figures':
      return html`<dl class="figures">${of.items.map(item => figure(item, context))}</dl>`;
    case 'facts':
      return html`<dl class="facts">${of.items.map(({ label, text }) => html`<div><dt>${label}</dt><dd>${text}</dd></div>`)}</dl>`;
    case 'table':
      return table(of, notes => marks(notes, context));
    case 'chart':
      return chart(of, context);
  }
}

function list(items: readonly string[]): Markup {
  return html`<ul>${items.map(item => html`<li>${item}</li>`)}</ul>`;
}

function callout({ tone, text, items = [] }: Callout): Markup {
  const colon = text.indexOf(':');
  const [head, rest] = colon === -1 ? ['', text] : [text.slice(0, colon + 1), text.slice(colon + 1)];
  return html`<div class="callout ${tone}" role="note"><p><strong>${head}</strong>${rest}</p>${items.length === 0 ? undefined : list(items)}</div>`;
}

function figure({ label, text, unit, detail, tone, notes }: Figure, context: Context): Markup {
  return html`<div class="${tone ?? 'plain'}"><dt>${label}</dt><dd><span class="number">${text}</span>${
    unit === undefined ? undefined : html` <span class="unit">${unit}</span>`
  }${marks(notes, context)}${detail === undefined ? undefined : html`<span class="detail">${detail}</span>`}</dd></div>`;
}

/** px; drawings are scaled to the room they get. */
const widths = { beside: 350, few: 520, stacked: 1040 };

/** One or two panels have the room of three. */
function layoutOf({ layout, panels }: Chart): keyof typeof widths {
  return layout === 'beside' && panels.length < 3 ? 'few' : layout;
}

/** Pictures that stand without a script, the numbers they were made from, and room for what the script adds. */
function chart(of: Chart, context: Context): Markup {
  const entries = legendOf(of);
  const layout = layoutOf(of);
  const pictures = panelSvgs(of, widths[layout]);
  const plots = drawings(of).map((panels, i) => {
    const title = of.layout === 'beside' ? html`<h4>${of.panels[i]?.title ?? ''}</h4>` : undefined;
    const ratio = `${widths[layout]} / ${heightOf(panels, false)}`;
    return html`<div class="panel">${title}<div class="plot" data-panel="${i}"><div class="still" aria-hidden="true" style="aspect-ratio:${ratio}">${trusted(pictures[i] ?? '')}</div></div></div>`;
  });
  const legend =
    entries.length < 2
      ? undefined
      : html`<ul class="legend" aria-label="Legend">${entries.map(
          ({ label, colour }) =>
            html`<li><button type="button" aria-pressed="true" data-series="${label}"><span class="swatch c${colour % 8}"></span>${label}</button></li>`,
        )}</ul>`;
  return html`<figure class="chart ${layout}" data-chart="${of.name}" aria-labelledby="${of.name}-title" aria-describedby="${of.name}-summary">
<figcaption><h3 id="${of.name}-title">${of.title}${marks(of.notes, context)}${stamp(context)}</h3><p id="${of.name}-summary">${of.summary}</p></figcaption>
${legend}<div class="panels">${plots}</div>
${numbersBehind(of.title, of.table, context)}</figure>`;
}

function stamp({ stamp: text }: Context): Markup {
  return text === undefined ? html`` : html` <span class="stamp">${text}</span>`;
}

function numbersBehind(title: string, of: Table, context: Context): Markup {
  return html`<details><summary>The numbers behind it<span class="unseen">: ${title}</span></summary>${table(of, notes => marks(notes, context))}</details>`;
}
