import { describe, expect, it } from 'vitest';
import { compare } from '../../src/analysis/comparison/comparison.ts';
import { endpointSides } from '../../src/analysis/comparison/side.ts';
import type { GatedRun } from '../../src/analysis/gate/subjects.ts';
import { chartSvg } from '../../src/report/chart/svg.ts';
import { comparisonCsv } from '../../src/report/comparison-csv.ts';
import { comparisonReport } from '../../src/report/comparison-report.ts';
import { page } from '../../src/report/html/page.ts';
import { markdown } from '../../src/report/markdown.ts';
import { terminal } from '../../src/report/terminal.ts';
import { madeRun } from '../analysis/gate/made-runs.ts';

const hostile = `=HYPERLINK("x")</script><img src=x onerror=harm()>\u001b]0;t\u0007\u001b[31m\u202egnp\u2066`;

/** A run in which every text that a service, a file or a name can bring is hostile. */
function hostileRun(id: string, slower: number): GatedRun {
  const run = madeRun({ slower, verdict: 'invalid', status: 'failed' });
  const { environment, scenario } = run;
  const text = `${hostile}${id}`;
  return {
    ...run,
    id: text,
    environment: {
      ...environment,
      harness: text,
      host: { ...environment.host, cpu: text },
      service: { ...environment.service, info: { model_id: text, model_sha: text } },
      gpus: [{ host: text, index: 0, name: text }],
    } as GatedRun['environment'],
    scenario: {
      ...scenario,
      name: text,
      workloads: { [hostile]: { prompt: { text } } },
    } as unknown as GatedRun['scenario'],
    validity: { verdict: 'invalid', reasons: [{ text, advice: text }] },
    cells: [0, 1].flatMap(gpu =>
      run.cells.map(cell => ({
        ...cell,
        target: { name: `${hostile}${gpu}`, model: hostile },
        workload: hostile,
        findings: [{ text }],
        validity: { verdict: 'suspect' as const, reasons: [{ text }] },
      })),
    ),
  };
}

const a = { name: `${hostile}a`, runs: [hostileRun('a', 1)] };
const b = { name: `${hostile}b`, runs: [hostileRun('b', 2)] };
const [first, second] = endpointSides(hostileRun('c', 1))[0] ?? [];
if (first === undefined || second === undefined) throw new Error('expected two endpoints');

describe.each([
  ['runs', [compare(a, b)]],
  ['endpoints', [compare(first, second)]],
] as const)('a comparison of %s with hostile names, prompts and answers', (_, comparisons) => {
  const document = comparisonReport(comparisons, [`${hostile}: expected a run`]);
  const pictures = document.blocks.flatMap(block => (block.kind === 'chart' ? [chartSvg(block, document.stamp)] : []));

  it('has numbers and charts to show beside them', () => {
    expect(comparisons[0]?.cells.length).toBeGreaterThan(0);
    expect(pictures.length).toBeGreaterThan(0);
  });

  it.each([
    ['HTML', page(document, { text: '', sha256: '' })],
    ['Markdown', markdown(document)],
    ['a terminal', terminal(document, { width: 80, colour: false })],
    ['SVG', pictures.join('\n')],
  ])('shows them as text in %s', (format, text) => {
    expect(text.length).toBeGreaterThan(1000);
    expect(text).not.toMatch(/[\u001b\u0007\u202e\u2066]/);
    if (format === 'a terminal') expect(text).toContain('\\u001b[31m');
    else expect(text).not.toMatch(/<img|<\/script><img/);
  });

  it('gives a spreadsheet no formula', () => {
    const csv = comparisonCsv(comparisons);
    expect(csv).toContain('HYPERLINK');
    expect(csv).not.toMatch(/(^|,)"?[=+@](HYPERLINK)/m);
  });
});
