import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/record/run.ts';
import type { Probe, SearchResult } from '../../src/record/search.ts';
import { answerText, searchTables } from '../../src/report/search-tables.ts';

const probe: Probe = {
  cell: 0,
  load: 6.4,
  part: 'measure',
  verdict: 'undecided',
  requests: 600,
  wrong: 33,
  effectiveRequests: 82.4,
  batches: [[600, 33]],
  tookMs: 95_000,
};
const search: SearchResult = {
  target: 'm/gpu0',
  workload: 'chat',
  objective: 'p95(ttftMs) <= 800',
  over: 'ratePerS',
  kind: 'found',
  confidence: 0.9,
  low: 6.104,
  estimate: 6.431,
  high: 6.822,
  probes: [
    { ...probe, load: 8, part: 'bracket', verdict: 'hopeless', reason: 'waits grew', run: 'earlier' },
    { ...probe, effectiveRequests: null, requests: 0, wrong: 0 },
    probe,
  ],
  requests: 1_200,
  tookMs: 285_000,
};
const run = (searches: readonly SearchResult[], simulated = true) => ({
  searches,
  environment: { service: { url: 'x', simulated, info: null } } as Environment,
});

describe('what a search found', () => {
  it.each([
    ['6.10 to 6.82 requests/s (90 %), most likely 6.43', search],
    ['9 requests in flight (90 %)', { ...search, over: 'concurrency', low: 9, estimate: 9, high: 9 }],
    ['at least 32.0 requests/s (90 %): nothing failed', { ...search, kind: 'at least', low: 32 }],
    [
      'at least 28.0 requests/s (90 %); whether 32 holds is not sure',
      { ...search, kind: 'at least', low: 28, reason: 'whether 32 holds is not sure' },
    ],
    ['less than 0.500 requests/s (90 %): not even that holds', { ...search, kind: 'below from', high: 0.5 }],
    [
      'unknown, the generator could not keep up at 8; 4.00 requests/s held',
      { ...search, kind: 'unknown', low: 4, high: undefined, reason: 'the generator could not keep up at 8' },
    ],
  ] as [string, SearchResult][])('is said as %s', (text, result) => {
    expect(answerText(result)).toBe(text);
  });

  it('comes first, with what it cost and where its figures are from', () => {
    const [heading, list] = searchTables(run([search]));
    expect(heading).toEqual({ kind: 'heading', text: 'Highest load that holds p95(ttftMs) <= 800' });
    expect(list).toEqual({
      kind: 'list',
      items: [
        'm/gpu0 chat: 6.10 to 6.82 requests/s (90 %), most likely 6.43, simulated; 3 probes, 1,200 requests, 4 min 45 s',
      ],
    });
    expect(searchTables(run([search], false))[1]).toMatchObject({ items: [expect.stringContaining(', measured;')] });
  });

  it('has a row for each probe, with the evidence and the run it was taken up from', () => {
    const table = searchTables(run([search, { ...search, target: 'm/gpu1', probes: [] }])).find(
      block => block.kind === 'table',
    );
    const rows = table?.kind === 'table' ? table.rows : [];
    expect(rows.map(row => row.map(({ text }) => text))).toEqual([
      ['m/gpu0 chat', '8/s', 'find both sides', '600', '5.50 %', '82.4', 'hopeless', '1 min 35 s'],
      ['m/gpu0 chat', '6.4/s', 'measure', '0', '–', '–', 'undecided', '1 min 35 s'],
      ['m/gpu0 chat', '6.4/s', 'measure', '600', '5.50 %', '82.4', 'undecided', '1 min 35 s'],
    ]);
    expect(rows[0]?.[6]?.notes).toEqual(['waits grew', 'taken up from earlier']);
  });

  it('names no endpoint in each row where there is but one', () => {
    const table = searchTables(run([search])).find(block => block.kind === 'table');
    expect(table?.kind === 'table' ? table.columns.map(({ label }) => label) : []).toEqual([
      'load',
      'to',
      'requests',
      'wrong',
      'worth',
      'result',
      'took',
    ]);
  });

  it('is nothing where nothing was searched for', () => {
    expect(searchTables(run([]))).toEqual([]);
  });
});
