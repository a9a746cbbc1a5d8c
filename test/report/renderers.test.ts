import { describe, expect, it } from 'vitest';
import { type Document, footnotes, visible } from '../../src/report/document.ts';
import { markdown } from '../../src/report/markdown.ts';
import { terminal } from '../../src/report/terminal.ts';

const table = (columns: number, rows: number): Document => ({
  title: 'wide',
  blocks: [
    {
      kind: 'table',
      caption: '',
      columns: [
        { label: 'endpoint', align: 'left' },
        ...Array.from({ length: columns }, (_, i) => ({
          label: `p${i}`,
          align: 'right' as const,
          group: `group ${Math.floor(i / 3)}`,
        })),
      ],
      rows: Array.from({ length: rows }, (_, row) => [
        {
          text: `a-rather-long-model-name-${row}/gpu0`,
          ...(row === 0 ? { notes: ['read with care', 'and more'] } : {}),
        },
        ...Array.from({ length: columns }, (_, i) => ({
          text: String(row * 1000 + i),
          ...(i === 1 ? { notes: ['read with care'] } : {}),
        })),
      ]),
    },
  ],
});

const hostile =
  'a\u001b[31mred\u001b]0;title\u0007\r\nb\u202egnp.exe\u200b|`<script>alert(1)</script>`[x](http://e.vil)*_~@everyone #1 $x$';

describe('what a report shows of a text it did not write', () => {
  it('neither moves the cursor nor hides nor turns around', () => {
    expect(visible(hostile)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
    expect(visible('a\u202eb')).toBe('a\\u202eb');
  });

  it('is text in Markdown, whatever it looks like', () => {
    const shown = markdown({
      title: hostile,
      blocks: [
        { kind: 'paragraph', text: hostile },
        { kind: 'list', items: [hostile] },
      ],
    });
    expect(shown).not.toContain('<script>');
    expect(shown).not.toContain('http://');
    expect(shown).not.toMatch(/(^|[^\\])[`|*~]/m);
    expect(shown).not.toContain('@everyone');
    expect(shown.split('\n').filter(line => line.startsWith('# '))).toHaveLength(1);
  });

  it('stays in its table cell', () => {
    const document: Document = {
      title: 't',
      blocks: [
        {
          kind: 'table',
          caption: '',
          columns: [
            { label: 'a', align: 'left' },
            { label: 'b', align: 'left' },
          ],
          rows: [[{ text: 'x | y\n| z' }, { text: '1' }]],
        },
      ],
    };
    const row = markdown(document)
      .split('\n')
      .find(line => line.includes('x'));
    expect(row?.match(/(?<!\\)\|/g)).toHaveLength(3);
  });
});

describe('a table on a terminal', () => {
  it('never is wider than the terminal, and shows every column once', () => {
    for (const width of [60, 80, 100, 200]) {
      const text = terminal(table(14, 3), { width, colour: false });
      for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(width);
      const labels = text
        .split('\n')
        .filter(line => line.includes('endpoint'))
        .join(' ');
      for (let i = 0; i < 14; i++) expect(labels.match(new RegExp(`\\bp${i}\\b`, 'g'))).toHaveLength(1);
    }
  });

  it('keeps the columns of a group together, below their name', () => {
    const lines = terminal(table(6, 1), { width: 80, colour: false }).split('\n');
    const groups = lines.findIndex(line => line.includes('group 0'));
    expect(lines[groups + 1]).toMatch(/p0 +p1 +p2/);
    expect((lines[groups] as string).indexOf('group 0')).toBeLessThanOrEqual(
      (lines[groups + 1] as string).indexOf('p0'),
    );
  });

  it('draws nothing in colour unless it is asked to', () => {
    expect(terminal(table(3, 1), { width: 80, colour: false })).not.toContain('\u001b');
    expect(terminal(table(3, 1), { width: 80, colour: true })).toContain('\u001b[1m');
  });
});

describe('footnotes', () => {
  it('are numbered in the order in which they stand, equal ones once, in every format', () => {
    const document = table(2, 2);
    expect([...footnotes(document)]).toEqual([
      ['read with care', 1],
      ['and more', 2],
    ]);
    expect(terminal(document, { width: 80, colour: false })).toMatch(/gpu0¹ ²/);
    expect(markdown(document)).toContain('gpu0<sup>1</sup> <sup>2</sup>');
    expect(markdown(document)).toContain('<sup>2</sup> and more');
  });
});
