import { describe, expect, it } from 'vitest';
import { chartSvg } from '../../src/report/chart/svg.ts';
import { tableCsv } from '../../src/report/csv.ts';
import type { Document, Table } from '../../src/report/document.ts';
import { page } from '../../src/report/html/page.ts';
import { markdown } from '../../src/report/markdown.ts';
import { terminal } from '../../src/report/terminal.ts';

const hostile =
  '</script><img src=x onerror=harm()>\u001b]0;title\u0007\u001b[31m\u202egnp.exe\u2066" onload="harm() &lt; ${x} \\u003c';
const megabyte = 'A'.repeat(1_000_000);

/** A document with the same text wherever a text can stand. */
function everywhere(text: string): Document {
  const table: Table = {
    kind: 'table',
    caption: text,
    columns: [
      { label: text, align: 'left' },
      { label: text, group: text, align: 'right', better: 'lower' },
    ],
    rows: [
      [
        { text, notes: [text] },
        { text, n: 3, bar: 0.5 },
      ],
    ],
  };
  const axis = { label: text, scale: 'linear', format: 'number', min: 0, max: 10 } as const;
  return {
    title: text,
    stamp: text,
    blocks: [
      { kind: 'heading', text },
      { kind: 'heading', level: 3, text },
      { kind: 'paragraph', text, notes: [text] },
      { kind: 'list', items: [text] },
      { kind: 'callout', tone: 'bad', text, items: [text] },
      { kind: 'figures', items: [{ label: text, text, unit: text, detail: text, notes: [text] }] },
      { kind: 'facts', items: [{ label: text, text }] },
      table,
      {
        kind: 'chart',
        name: 'c',
        title: text,
        summary: text,
        layout: 'beside',
        panels: [
          {
            title: text,
            x: axis,
            y: axis,
            series: [
              {
                label: text,
                colour: 0,
                style: 'line',
                endLabel: text,
                points: [
                  [1, 2, text],
                  [2, 3],
                ],
              },
              { label: `${text}!`, colour: 1, style: 'points', points: [[1, 2, text]] },
            ],
            marks: [{ at: 5, label: text }],
            spans: [{ from: 0, to: 10, label: text }],
          },
        ],
        notes: [text],
        table,
      },
    ],
  };
}

const formats: readonly [string, (document: Document) => string][] = [
  ['HTML', document => page(document, { text: '', sha256: '' })],
  ['Markdown', markdown],
  ['a terminal', document => terminal(document, { width: 100, colour: false })],
  [
    'SVG',
    document =>
      document.blocks.flatMap(block => (block.kind === 'chart' ? [chartSvg(block, document.stamp)] : [])).join(''),
  ],
  ['CSV', document => document.blocks.flatMap(block => (block.kind === 'table' ? [tableCsv(block)] : [])).join('')],
];

describe.each(formats)('what a service said, in %s', (format, render) => {
  const text = render(everywhere(hostile));

  it('is no markup', () => {
    if (format === 'a terminal' || format === 'CSV') return;
    expect(text).not.toMatch(/<img/);
    expect(text.match(/<\/script>/g)?.length ?? 0).toBe(format === 'HTML' ? 2 : 0);
    // In JSON a quotation mark inside a text has a backslash before it.
    if (format !== 'Markdown') expect(text).not.toMatch(/[^\\]" onload=/);
  });

  it('neither moves a cursor nor turns the writing around', () => {
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
  });

  it('is shown all the same', () => {
    expect(text).toContain('gnp.exe');
    expect(text).toContain('u202e');
  });

  it('is cut where it is a megabyte long', () => {
    const long = render(everywhere(megabyte));
    expect(long.length).toBeLessThan(300_000);
    expect(long).toContain('AAAA');
  });
});

describe('the numbers of a table as CSV', () => {
  it('are as they were before they were rounded, and no spreadsheet takes them for formulas', () => {
    const table: Table = {
      kind: 'table',
      caption: '',
      columns: [
        { label: 'endpoint', align: 'left' },
        { label: 'p50', group: 'TTFT ms', align: 'right' },
      ],
      rows: [
        [{ text: '=1+1' }, { text: '12.3', value: 12.345678 }],
        [{ text: '@SUM(A1)' }, { text: '–', value: null }],
      ],
    };
    expect(tableCsv(table)).toBe("endpoint,TTFT ms p50\n'=1+1,12.345678\n'@SUM(A1),\n");
  });
});
