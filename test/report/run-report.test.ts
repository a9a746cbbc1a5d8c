import { describe, expect, it } from 'vitest';
import type { CellResult, Run } from '../../src/record/run.ts';
import { Timeline } from '../../src/record/timeline.ts';
import { csv, requestLines, summaryRows, timelineRows } from '../../src/report/csv.ts';
import { page } from '../../src/report/html/page.ts';
import { markdown } from '../../src/report/markdown.ts';
import { runOverview, runReport } from '../../src/report/run-report.ts';
import { terminal } from '../../src/report/terminal.ts';
import { virtualRun } from '../run/virtual-run.ts';

/** Two endpoints, a step below the knee and one that times out, in virtual time: the same to the last digit each time. */
const { run, records } = await virtualRun(`
name: golden
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: 20 } } }
limits: { requestTimeout: 860ms }
load: { warmup: 5s, steps: [{ concurrency: 4, requests: 320 }, { ratePerS: 150, duration: 5s, maxInFlight: 100 }] }
objectives: ["concurrency <= 4: p95(ttftMs) <= 800", "errorRatio <= 0.01", "p99(responseTimeMs) <= 1000"]
goodput: { ttftMs: 300 }
`);

const seconds = new Timeline();
for (const record of records) seconds.add(record);
const rows = seconds.rows();

/** What is said before anything else. */
const first = (each: Run) => {
  const [block] = runReport(each, rows).blocks;
  return block?.kind === 'callout' ? block.text : undefined;
};

describe('the report of a run', () => {
  it('is as it was, in Markdown', async () => {
    await expect(markdown(runReport(run, rows))).toMatchFileSnapshot('golden/report.md');
  });

  it('is as it was, on a terminal of 80 columns', async () => {
    await expect(terminal(runOverview(run), { width: 80, colour: false })).toMatchFileSnapshot('golden/terminal.txt');
  });

  it('is as it was, as CSV', async () => {
    await expect(csv(summaryRows(run), { header: true })).toMatchFileSnapshot('golden/summary.csv');
    await expect(csv(timelineRows(rows), { header: true })).toMatchFileSnapshot('golden/timeline.csv');
    await expect(requestLines(records.slice(0, 5), { header: true })).toMatchFileSnapshot('golden/requests.csv');
  });

  it('says first that the generator could not keep up', () => {
    const reasons = [{ text: 'requests were sent late' }];
    expect(first({ ...run, validity: { verdict: 'invalid', reasons } })).toMatch(/^INVALID/);
    expect(first({ ...run, validity: { verdict: 'suspect', reasons } })).toMatch(/^SUSPECT/);
  });

  it('says that a run was interrupted, and how many requests never ended', () => {
    expect(first({ ...run, status: 'interrupted', unaccounted: 7 })).toMatch(
      /^INTERRUPTED.*7 requests sent and never ended/,
    );
  });

  it('says how many threads sent, where several did', () => {
    const over = (threads: number) =>
      markdown(runReport({ ...run, environment: { ...run.environment, threads } }, rows));
    expect(over(3)).toContain('requests sent by 3 threads');
    expect(over(1)).not.toContain('requests sent by');
  });

  it('says that figures are simulated wherever they stand', () => {
    expect(markdown(runReport(run, rows))).toContain('Simulated');
    expect(terminal(runOverview(run), { width: 80, colour: false })).toContain('Simulated');
    for (const row of summaryRows(run)) expect(row['simulated']).toBe(true);
  });

  it('prints a dash and the reason where too few requests stand behind a quantile, never a zero', () => {
    const cell = run.cells[0] as CellResult;
    const few = { ...cell, metrics: { ...cell.metrics, ttftMs: { ...cell.metrics.ttftMs, n: 40, p99: null } } };
    const text = markdown(runReport({ ...run, cells: [few] }, rows));
    expect(text).toMatch(/–<sup>\d<\/sup>/);
    expect(text).toContain('it needs 299');
    expect(summaryRows({ ...run, cells: [few] })[0]?.['ttftMs.p99']).toBeUndefined();
  });

  it('prints a bound where requests that never ended reach a quantile', () => {
    expect(run.cells.some(cell => cell.counts.timeout > 0)).toBe(true);
    expect(markdown(runReport(run, rows))).toMatch(/≥ 860/);
  });
});

describe('a run of which nothing is left', () => {
  const nothing = { ...run, cells: [] };

  it('is reported all the same, and says so first', () => {
    expect(first(nothing)).toMatch(/^NO DATA/);
    expect(page(runReport(nothing, []), { text: '', sha256: '' })).toContain('NO DATA');
    expect(markdown(runReport(nothing, []))).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('a run of more endpoints than fit', () => {
  const many = Array.from({ length: 64 }, (_, gpu) =>
    run.cells
      .filter(({ target }) => target.gpu === 0)
      .map(cell => ({ ...cell, target: { ...cell.target, name: `m/gpu${gpu}`, gpu } })),
  ).flat();
  const everything = { ...run, cells: many };

  it('has a page that is not larger than can be opened, and says what it leaves out', () => {
    const text = page(runReport(everything, rows), { text: '', sha256: '' });
    expect(text.length).toBeLessThan(1_400_000);
    expect(text).toContain('The first 16 of 64 endpoints by name; the table holds all.');
    expect(text.match(/m\/gpu63/g)?.length).toBeGreaterThan(3);
  });
});

describe('CSV', () => {
  it('disarms what a spreadsheet would take for a formula', () => {
    const [record] = records;
    if (record === undefined) throw new Error('no record');
    const formulas = {
      workload: '=1+1',
      finishReason: '-1',
      outcome: { kind: 'rejected', detail: '@SUM(A1)' },
    } as const;
    expect(requestLines([{ ...record, ...formulas }], { header: false })).not.toMatch(/(^|,)[=@-]/);
  });

  it('writes of a request what the library would write', () => {
    const [record] = records;
    if (record === undefined) throw new Error('no record');
    const texts = [
      '',
      'a b',
      'a,b',
      'say "no"',
      'two\nlines',
      '=1',
      '+1',
      '-1',
      '@x',
      '\t1',
      ' 1',
      'Grüße',
      '\uff1d1',
      'm/gpu0',
      '{"a":1}',
    ];
    for (const text of texts) {
      const line = requestLines([{ ...record, requestId: text }], { header: false });
      expect(line.endsWith(`,${csv([{ text, end: 1 }], { header: false }).slice(0, -3)}\n`)).toBe(true);
    }
  });
});
