import { describe, expect, it } from 'vitest';
import type { Document } from '../../src/report/document.ts';
import { html, trusted } from '../../src/report/html/markup.ts';
import { page } from '../../src/report/html/page.ts';

const script = { text: 'void 0', sha256: 'abc=' };
const document: Document = {
  title: 'name · id',
  stamp: 'simulated',
  blocks: [
    { kind: 'callout', tone: 'bad', text: 'INVALID: do not use', items: ['late'] },
    { kind: 'heading', text: 'First' },
    { kind: 'paragraph', text: 'see', notes: ['with care'] },
    {
      kind: 'table',
      caption: 'numbers',
      columns: [
        { label: 'endpoint', align: 'left' },
        { label: 'p50', group: 'TTFT ms', align: 'right', better: 'lower' },
        { label: 'p95', group: 'TTFT ms', align: 'right', better: 'lower' },
      ],
      rows: [[{ text: 'e' }, { text: '1', n: 1234 }, { text: '–', notes: ['with care', 'too few'] }]],
    },
  ],
};
const text = page(document, script);

describe('a page', () => {
  it('runs its own script and asks nothing of any network', () => {
    expect(text).toContain('default-src &#39;none&#39;');
    expect(text).toContain('script-src &#39;sha256-abc=&#39;');
    expect(text).toContain('<script>void 0</script>');
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it('says first what must be read first, and stamps what is simulated', () => {
    expect(text.indexOf('INVALID:')).toBeLessThan(text.indexOf('<h2'));
    expect(text).toContain('<p class="stamp">simulated</p>');
  });

  it('leads from each number to its notes and back, equal notes having one number', () => {
    expect([...text.matchAll(/href="#note-(\d)"/g)].map(([, number]) => number)).toEqual(['1', '1', '2']);
    for (const [, id] of text.matchAll(/href="#([\w-]+)"/g)) expect(text).toContain(`id="${id}"`);
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has tables that say what their cells belong to, how many requests stand behind them and which way is good', () => {
    expect(text).toContain('<th scope="colgroup" colspan="2" class="group">TTFT ms');
    expect(text).toContain('<th scope="row" class="left">e</th>');
    expect(text).toContain('title="n = 1,234"');
    expect(text).toContain('lower is better');
  });
});

describe('markup', () => {
  it('escapes what is put into it, unless it is markup already', () => {
    expect(html`<b title="${'"'}">${'<&>'}${html`<i>${1}</i>`}${trusted('<hr>')}${undefined}</b>`.markup).toBe(
      '<b title="&quot;">&lt;&amp;&gt;<i>1</i><hr></b>',
    );
  });
});
