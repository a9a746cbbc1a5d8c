/** A document as one HTML file that needs nothing else: its style, its pictures, their numbers and what reads them are in it. */
import type { Chart } from '../chart/chart.ts';
import { allVisible, type Block, type Document, footnotes } from '../document.ts';
import { block, type Context, noteId, referenceId } from './blocks.ts';
import { html, joined, type Markup, trusted } from './markup.ts';
import { style } from './style.ts';

/** The script that makes the charts of a page answer to a pointer and to keys. */
export interface PageScript {
  readonly text: string;
  /** Of the text, in base64: the page runs this script and no other. */
  readonly sha256: string;
}

/** The page of a document. */
export function page(document: Document, script: PageScript): string {
  const context: Context = { numbers: footnotes(document), references: new Map(), stamp: document.stamp };
  const sections = sectionsOf(document.blocks);
  const [name = '', ...rest] = document.title.split(' · ');
  const body = joined(sections.map((section, i) => sectionMarkup(section, i, context)));
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${script.sha256}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="tgi-bench">
<title>${document.title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the numbers</a>
<header>
<p class="brand">tgi-bench report</p>
<h1>${name}</h1>
<p class="id">${rest.join(' · ')}</p>
</header>
<nav aria-label="Sections">${contents(sections)}${stamp(document)}</nav>
<main id="main" tabindex="-1">
${body}
${notes(context)}
</main>
<script type="application/json" id="charts">${trusted(chartData(document))}</script>
<script>${trusted(script.text)}</script>
</body>
</html>
`.markup
  }`;
}

interface Section {
  readonly heading: string | undefined;
  readonly blocks: readonly Block[];
}

/** What stands before the first heading of level 2, and what stands below each of them. */
function sectionsOf(blocks: readonly Block[]): Section[] {
  const sections: { heading: string | undefined; blocks: Block[] }[] = [{ heading: undefined, blocks: [] }];
  for (const each of blocks) {
    if (each.kind === 'heading' && each.level !== 3) sections.push({ heading: each.text, blocks: [] });
    else sections.at(-1)?.blocks.push(each);
  }
  return sections;
}

function sectionMarkup({ heading, blocks }: Section, i: number, context: Context): Markup {
  const inner = joined(blocks.map(each => block(each, context)));
  return heading === undefined
    ? html`<section class="lead" aria-label="In short">${inner}</section>\n`
    : html`<section id="s${i}" aria-labelledby="h${i}"><h2 id="h${i}">${heading}</h2>${inner}</section>\n`;
}

function contents(sections: readonly Section[]): Markup {
  const links = sections.flatMap(({ heading }, i) =>
    heading === undefined ? [] : [html`<li><a href="#s${i}">${heading}</a></li>`],
  );
  return html`<ul>${links}</ul>`;
}

function stamp({ stamp: text }: Document): Markup {
  return text === undefined ? html`` : html`<p class="stamp">${text}</p>`;
}

function notes({ numbers, references }: Context): Markup {
  if (numbers.size === 0) return html``;
  const items = [...numbers].map(([note, number]) => {
    const back = references.has(number)
      ? html` <a class="back" href="#${referenceId(number)}" aria-label="Back to where note ${number} stands">↩</a>`
      : undefined;
    return html`<li id="${noteId(number)}">${note}${back}</li>`;
  });
  return html`<section class="notes" aria-labelledby="notes"><h2 id="notes">Notes</h2><ol>${items}</ol></section>`;
}

/** What the script draws, in a form that no text in it can end: `<` is written as JSON may. */
function chartData({ blocks }: Document): string {
  const charts = blocks
    .filter((each): each is Chart => each.kind === 'chart')
    .map(({ name, title, layout, panels }) => ({ name, title, layout, panels }));
  return JSON.stringify(allVisible(charts)).replaceAll('<', '\\u003c');
}
