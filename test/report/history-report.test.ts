import { describe, expect, it } from 'vitest';
import type { GatedRun } from '../../src/analysis/gate/subjects.ts';
import { type HistoryRun, history } from '../../src/analysis/history.ts';
import type { Block } from '../../src/report/document.ts';
import { historyCsv } from '../../src/report/history-csv.ts';
import { historyReport } from '../../src/report/history-report.ts';
import { page } from '../../src/report/html/page.ts';
import { markdown } from '../../src/report/markdown.ts';
import { sparkline } from '../../src/report/sparkline.ts';
import { terminal } from '../../src/report/terminal.ts';
import { parseMeasure } from '../../src/scenario/objective.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { type Made, madeRun, scenarioText } from '../analysis/gate/made-runs.ts';

const named = (name: string, run: GatedRun): HistoryRun => ({ name, run });
const made = (hour: number, given: Made = {}, name = `20260101T0${hour}0000Z-made-000${hour}`): HistoryRun =>
  named(name, { ...madeRun({ id: name, ...given }), startedAt: `2026-01-01T0${hour}:00:00.000Z` });
const reported = (runs: readonly HistoryRun[], metric = 'p95(ttftMs)', problems: readonly string[] = []) =>
  historyReport(history(runs, { measure: parseMeasure(metric) }), { place: 'reports', runs, problems, charts: true });
const onTerminal = (...given: Parameters<typeof reported>) =>
  terminal(reported(...given), { width: 80, colour: false });
const chartsOf = (blocks: readonly Block[]) => blocks.filter(block => block.kind === 'chart');

describe('a sparkline', () => {
  it('has the least low, the most high and what is no value as its own sign', () => {
    expect(sparkline([10, 20, 15, '×', 13], 16)).toBe('▁█▅×▃');
    expect(sparkline([5, 5], 16)).toBe('▅▅');
    expect(sparkline(['·'], 16)).toBe('·');
  });

  it('is of the latest, and says that there were more', () => {
    expect(sparkline([9, 1, 2, 3, 4], 4)).toBe('…▁▅█');
  });
});

describe('the report of a history', () => {
  const runs = [
    made(1),
    made(2, { verdict: 'invalid', slower: 3 }),
    made(3, { slower: 1.1, status: 'interrupted' }),
    made(4, { slower: 1.25 }, 'tried by hand'),
  ];

  it('lists every run, the latest last, and draws each trend beside its first and last value', () => {
    expect(onTerminal(runs)).toMatch(
      new RegExp(
        [
          '4 runs, the latest last.',
          'run +scenario  status +cells  tokens/s',
          '20260101T010000Z-made-0001 +made +valid +1 +\\d.*',
          '20260101T020000Z-made-0002 +made +invalid +1 +\\d.*',
          '20260101T030000Z-made-0003 +made +interrupted, valid +1 +\\d.*',
          'tried by hand \\(2026-01-01 04:00\\) +made +valid +1 +\\d.*',
        ].join('\n'),
      ),
    );
    expect(onTerminal(runs)).toMatch(
      /endpoint {5}trend +runs {2}first {2}last {3}change\nhermes\/gpu0 {2}▁×▄█¹ +3 +118 +148 +\+25\.1 %/,
    );
    expect(onTerminal(runs)).toContain('¹ left out of the trend: 20260101T020000Z-made-0002 (354, invalid)');
    expect(onTerminal(runs)).toContain('× of an invalid run');
  });

  it('tells the latest of what is left out, and how much there was before', () => {
    const invalid = Array.from({ length: 5 }, (_, i) => made(i + 2, { verdict: 'invalid', slower: i + 2 }));
    const text = onTerminal([made(1), ...invalid]).replaceAll('\n  ', ' ');
    expect(text).toContain(
      '-0004 (472, invalid), 20260101T050000Z-made-0005 (590, invalid), 20260101T060000Z-made-0006',
    );
    expect(text).toContain('and 2 before');
    expect(text).not.toContain('made-0003 (');
  });

  it('stays within 80 columns', () => {
    for (const line of onTerminal(runs).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says which way a number is better, in its unit, and shares as points', () => {
    expect(onTerminal(runs)).toMatch(/; ms\.\sLower\sis\sbetter\./);
    expect(onTerminal([made(1), made(2, { failed: 10 })], 'errorRatio')).toMatch(/▁█ +2 +0 % +10\.0 % +\+10\.0 pt/);
  });

  it('says plainly that no run has a value', () => {
    expect(onTerminal([made(1, { requests: 20 })])).toMatch(/No run\shas a value of it/);
  });

  it('says what is simulated, of all or of some', () => {
    const modelled = made(2);
    const { environment } = modelled.run;
    const simulated = named(modelled.name, {
      ...modelled.run,
      environment: { ...environment, service: { ...environment.service, url: 'embedded', simulated: true } },
    });
    expect(reported([simulated]).stamp).toBe('simulated');
    expect(onTerminal([simulated])).toContain('Simulated: every run');
    const mixed = onTerminal([made(1), simulated]);
    expect(reported([made(1), simulated]).stamp).toBe('simulated in part');
    expect(mixed).toContain('Simulated: 1 of 2 runs');
    expect(mixed).toContain('made (2), simulated A100-80G');
    expect(onTerminal([made(1)])).not.toContain('imulated');
  });

  it('lists a search and joins none of its loads', () => {
    const steps = 'steps: [{ concurrency: 8, requests: 100 }]';
    const search = 'search: { objective: p95(ttftMs) <= 400, over: ratePerS, from: 1, to: 8 }';
    const searched = made(2);
    const { scenario } = parseScenario({
      file: 's.yaml',
      text: scenarioText.replace(steps, search),
      overrides: [],
      environment: {},
    });
    const run = named(searched.name, { ...searched.run, scenario });
    const text = onTerminal([made(1), run]);
    expect(text).toContain('20260101T020000Z-made-0002¹');
    expect(text).toMatch(/¹ a search for the highest load/);
    expect(text.match(/^concurrency 8$/gm)).toHaveLength(1);
  });

  it('names what could not be read before anything else', () => {
    const { blocks } = reported([made(1)], 'p95(ttftMs)', ['reports/x/run.json: expected JSON']);
    expect(blocks[0]).toMatchObject({ kind: 'callout', tone: 'bad', items: ['reports/x/run.json: expected JSON'] });
  });

  it('draws the values that count as lines and the others as dots', () => {
    const [chart] = chartsOf(reported(runs).blocks);
    expect(chart?.panels).toHaveLength(1);
    expect(chart?.panels[0]?.series).toMatchObject([
      {
        style: 'line',
        points: [
          [1, expect.any(Number)],
          [2, null],
          [3, expect.any(Number)],
          [4, expect.any(Number)],
        ],
      },
      { style: 'points', points: [[2, expect.any(Number)]] },
    ]);
    expect(chartsOf(reported(runs.slice(0, 1)).blocks)).toEqual([]);
  });

  it('gives CSV a row for each run and condition, and no formula', () => {
    const evil = scenarioText.replace('name: made', 'name: evil');
    const lines = historyCsv(
      history([made(1, { scenario: evil }, '=cmd()'), made(2, { scenario: evil, requests: 10 })], {
        measure: parseMeasure('p95(ttftMs)'),
      }),
    ).split('\n');
    expect(lines[0]).toBe(
      'group,scenario,simulated,target,workload,load,run,startedAt,status,validity,number,value,censored,leftOut',
    );
    expect(lines[1]).toMatch(
      /^1,evil,false,hermes\/gpu0,chat,concurrency 8,'=cmd\(\),2026-.*,complete,valid,p95\(ttftMs\),118/,
    );
    expect(lines[2]).toMatch(/,,false,missing$/);
  });

  it('shows hostile names of directories as text in every format', () => {
    const hostile = '</script><img src=x onerror=harm()>\u001b[31m\u202egnp';
    const document = reported([made(1, {}, hostile), made(2, { verdict: 'invalid' }, `2${hostile}`)]);
    const html = page(document, { text: '', sha256: '' });
    expect(html).not.toContain('<img');
    for (const text of [html, markdown(document), terminal(document, { width: 80, colour: false })]) {
      expect(text).not.toMatch(/[\u001b\u202e]/);
      expect(text).toContain('\\u001b');
    }
  });
});
