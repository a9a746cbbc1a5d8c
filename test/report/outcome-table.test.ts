import { describe, expect, it } from 'vitest';
import type { CellResult, Run } from '../../src/record/run.ts';
import { heatTables } from '../../src/report/heat-table.ts';
import { outcomes } from '../../src/report/outcome-table.ts';
import { virtualRun } from '../run/virtual-run.ts';

const { run } = await virtualRun(`
name: outcomes
targets: [{ model: m, gpus: [0, 1, 2], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 16 }, output: { maxNewTokens: 4 } } }
load: { repetitions: 4, steps: [{ concurrency: 2, requests: 10 }] }
`);

const textOf = (of: Run, table: (of: Run) => ReturnType<typeof outcomes>) =>
  table(of).flatMap(block => (block.kind === 'table' ? block.rows.map(row => row.map(({ text }) => text)) : []));

describe('what became of the requests', () => {
  it('is not said where all were answered', () => {
    expect(outcomes(run)).toEqual([]);
  });

  it('is a row an outcome and source, with the words that were said first and none lost', () => {
    const [first, second, ...others] = run.cells as [CellResult, CellResult, ...CellResult[]];
    const failing = (cell: CellResult, count: number, detail: string): CellResult => ({
      ...cell,
      counts: { ...cell.counts, ok: 10 - count - 1, rate_limited: count, dropped: 1 },
      examples: [{ kind: 'rate_limited', status: 429, by: 'gateway', detail, count }],
    });
    const cells = [failing(first, 3, 'slow down'), failing(second, 2, 'slower'), ...others];
    const rows = textOf({ ...run, cells }, outcomes);
    expect(rows.map(row => row.slice(0, 4))).toEqual([
      ['ok', '–', '–', '113'],
      ['rate_limited', '429', 'gateway', '5'],
      ['dropped', '–', '–', '2'],
    ]);
    expect(rows[1]?.[6]).toBe('slow down · slower');
    expect(rows[1]?.[5]).toMatch(/and 1 cell more$/);
  });
});

describe('the GPUs of a model compared', () => {
  const withTtft = (of: (gpu: number, repetition: number) => number): Run => ({
    ...run,
    cells: run.cells.map(cell => ({
      ...cell,
      metrics: {
        ...cell.metrics,
        ttftMs: { ...cell.metrics.ttftMs, p50: of(cell.target.gpu as number, cell.repetition) },
      },
    })),
  });
  const said = (of: Run) => heatTables(of).flatMap(block => (block.kind === 'paragraph' ? [block.text] : []))[1];

  it('name the one that is slower than the others, and shade it', () => {
    const slow = withTtft((gpu, repetition) => 100 + repetition + gpu / 10 + (gpu === 2 ? 40 : 0));
    expect(said(slow)).toMatch(/1 outlier: m\/gpu2, TTFT p50 \+3\d\.\d %\./);
    const cell = heatTables(slow).flatMap(block => (block.kind === 'table' ? [block.rows[2]?.[1]] : []))[0];
    expect(cell).toMatchObject({ tone: 'bad', heat: 1 });
    expect(cell?.text).toMatch(/^outlier: \+3\d\.\d % \(\+3\d/);
  });

  it('say nothing of noise, and give it no colour', () => {
    const noisy = withTtft((gpu, repetition) => 100 + 30 * Math.sin(7 * gpu + 3 * repetition));
    expect(said(noisy)).toContain('no difference stands out');
    const cells = heatTables(noisy).flatMap(block => (block.kind === 'table' ? block.rows.flat() : []));
    expect(cells.filter(({ heat }) => heat !== undefined)).toEqual([]);
  });
});
