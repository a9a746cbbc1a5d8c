/** What runs say together: which there are, and how a number went from one to the next wherever they were asked the same. */
import {
  type History,
  type HistoryRun,
  isSearch,
  type Trend,
  type TrendGroup,
  type TrendPoint,
} from '../analysis/history.ts';
import { measureText } from '../analysis/measure.ts';
import { metrics } from '../record/metrics.ts';
import { missing, plural } from '../units.ts';
import type { Block, Document, TableCell } from './document.ts';
import { changeText, quantityCell } from './history-cells.ts';
import { trendChart } from './history-chart.ts';
import { sparkline } from './sparkline.ts';
import { count, left, number, right } from './table-cells.ts';

/** What there was to look at. */
export interface Looked {
  /** The directory, as a person would type it. */
  readonly place: string;
  /** All runs in the order in which they began. */
  readonly runs: readonly HistoryRun[];
  /** Run directories that cannot be read, and why. */
  readonly problems: readonly string[];
  /** Whether charts are wanted: where nothing draws them they only take room. */
  readonly charts: boolean;
}

/** The report of the runs of a directory. */
export function historyReport(history: History, { place, runs, problems, charts }: Looked): Document {
  const simulated = runs.filter(({ run }) => run.environment.service.simulated).length;
  const stamp = simulated === 0 ? undefined : simulated === runs.length ? 'simulated' : 'simulated in part';
  const groups = history.groups.filter(({ trends }) => trends.length > 0);
  return {
    title: `history · ${place}`,
    ...(stamp === undefined ? {} : { stamp }),
    blocks: [
      ...(problems.length === 0
        ? []
        : [{ kind: 'callout' as const, tone: 'bad' as const, text: 'Cannot be read, and left out', items: problems }]),
      ...(stamp === undefined
        ? []
        : [
            {
              kind: 'callout' as const,
              tone: 'plain' as const,
              text: `Simulated: ${simulated === runs.length ? 'every run' : `${simulated} of ${plural(runs.length, 'run')}`} had a service with a modelled GPU for a target, not a GPU.`,
            },
          ]),
      { kind: 'paragraph', text: `${plural(runs.length, 'run')}, the latest last.` },
      runTable(runs),
      { kind: 'heading', text: `${measureText(history.measure)} over the runs` },
      { kind: 'paragraph', text: aboutNumber(history, groups) },
      ...shifts(groups, history),
      ...groups.flatMap(group => [
        { kind: 'heading' as const, text: groupTitle(group, history) },
        ...notes(group),
        ...trendTables(group, history),
        ...(charts ? trendChart(group, history, groups.indexOf(group)) : []),
      ]),
      ...(groups.length === 0 ? [] : [{ kind: 'heading' as const, text: 'How to read this' }, manual(history)]),
    ],
  };
}

function runTable(runs: readonly HistoryRun[]): Block {
  const isMixed = new Set(runs.map(({ run }) => run.environment.service.simulated)).size > 1;
  return {
    kind: 'table',
    caption: '',
    columns: [left('run'), left('scenario'), left('status'), right('cells'), right('tokens/s')],
    rows: runs.map(({ name, run }) => [
      { text: nameWithTime(name, run.startedAt), ...(isSearch({ name, run }) ? { notes: [searchNote] } : {}) },
      { text: run.scenario.name },
      statusCell(run),
      count(run.cells.length),
      {
        ...number(mostTokens(run)),
        ...(isMixed && run.environment.service.simulated ? { notes: [simulatedNote] } : {}),
      },
    ]),
  };
}

const searchNote = 'a search for the highest load: its loads are others each time, and are in no trend';
const simulatedNote = 'simulated: on a service with a modelled GPU';

/** A run's own name begins with when it began; any other is told with it. */
function nameWithTime(name: string, startedAt: string): string {
  return /^\d{8}T\d{6}Z-/.test(name) ? name : `${name} (${startedAt.slice(0, 16).replace('T', ' ')})`;
}

/** Whether its numbers can be used: its verdict, and how it ended where that was not as it should. */
function statusCell({ status, validity }: HistoryRun['run']): TableCell {
  const ended = status === 'running' ? 'interrupted' : status;
  const text = ended === 'complete' ? validity.verdict : `${ended}, ${validity.verdict}`;
  const tone = validity.verdict === 'invalid' ? 'bad' : validity.verdict === 'suspect' ? 'doubt' : 'plain';
  return { text, tone };
}

/** The most tokens per second of any of its cells; null where none says. */
export function mostTokens({ cells }: HistoryRun['run']): number | null {
  const rates = cells.flatMap(({ rates: { outputTokensPerS } }) => outputTokensPerS ?? []);
  return rates.length === 0 ? null : Math.max(...rates);
}

function aboutNumber({ measure, better }: History, groups: readonly TrendGroup[]): string {
  const metric = metrics.find(({ name }) => name === measure.metric);
  const what = metric === undefined ? '' : `${metric.symbol}: ${metric.definition}; ${metric.unit}. `;
  if (groups.length === 0)
    return `${what}No run has a value of it: a quantile takes requests enough, and a rate or ratio is asked for by its name alone, such as --metric outputTokensPerS.`;
  return `${what}${better === 'lower' ? 'Lower' : 'Higher'} is better.`;
}

/** The scenario; where runs of one of that name cannot be joined, with which of them it is. */
function groupTitle(group: TrendGroup, { groups }: History): string {
  const place = groups.filter(({ scenario }) => scenario === group.scenario).indexOf(group);
  return `${group.scenario}${place === 0 ? '' : ` (${place + 1})`}${group.simulated === undefined ? '' : `, simulated ${group.simulated}`}`;
}

const mostNotes = 6;

function notes({ otherwise, noted }: TrendGroup): Block[] {
  const all = [
    ...otherwise.map(text => `not joined with the runs above: ${text}`),
    ...noted.map(text => `not the same in all runs: ${text}`),
  ];
  const more = all.length > mostNotes ? [`and ${all.length - mostNotes} more`] : [];
  return all.length === 0 ? [] : [{ kind: 'list', items: [...all.slice(0, mostNotes), ...more] }];
}

/** A table a load, a row an endpoint. */
function trendTables({ trends }: TrendGroup, history: History): Block[] {
  const loads = [...new Set(trends.map(({ load }) => load))];
  const several = new Set(trends.map(({ workload }) => workload)).size > 1;
  return loads.flatMap((load): Block[] => [
    { kind: 'heading', level: 3, text: load },
    {
      kind: 'table',
      caption: '',
      columns: [left('endpoint'), left('trend'), right('runs'), right('first'), right('last'), right('change')],
      rows: trends
        .filter(trend => trend.load === load)
        .map(trend => trendRow(trend, several ? `${trend.target} ${trend.workload}` : trend.target, history)),
    },
  ]);
}

const longestSpark = 16;

function trendRow(trend: Trend, name: string, history: History): TableCell[] {
  const { points, first, last } = trend;
  const counted = points.filter(({ leftOut }) => leftOut === undefined).length;
  const left = points.filter(({ leftOut }) => leftOut !== undefined && leftOut !== 'missing');
  return [
    { text: name },
    {
      text: sparkline(points.map(sparkPoint), longestSpark),
      ...(left.length === 0 ? {} : { notes: [leftOutNote(left, history)] }),
    },
    count(counted),
    quantityCell({ value: first, censored: false }, history),
    quantityCell({ value: last, censored: false }, history),
    counted < 2 ? { text: missing } : changeCell(first as number, last as number, history),
  ];
}

const signs = { invalid: '×', interrupted: '×', bound: '≥', missing: '·' } as const;

function sparkPoint({ reading, leftOut }: TrendPoint): number | string {
  return leftOut === undefined ? (reading.value as number) : signs[leftOut];
}

const mostLeftOut = 3;

/** What is left out of a row, the latest of it one by one. */
function leftOutNote(points: readonly TrendPoint[], history: History): string {
  const told = points.slice(-mostLeftOut).map(({ run, reading, leftOut }) => {
    const why = leftOut === 'bound' ? 'for requests that never ended reach it' : leftOut;
    return `${run.name} (${quantityCell(reading, history).text}, ${why})`;
  });
  const before = points.length > mostLeftOut ? ` and ${points.length - mostLeftOut} before` : '';
  return `left out of the trend: ${told.join(', ')}${before}`;
}

function changeCell(first: number, last: number, history: History): TableCell {
  if (history.kind === 'factor' && first === 0) return { text: missing };
  const change = history.kind === 'points' ? last - first : last / first - 1;
  return { text: changeText(change, history), value: change };
}

function shifts(groups: readonly TrendGroup[], history: History): Block[] {
  const items = groups.flatMap(group =>
    group.trends.flatMap(({ target, workload, load, shift }) => {
      if (shift === undefined) return [];
      const verdict = shift.rise > 0 === (history.better === 'lower') ? 'worse' : 'better';
      const change = history.kind === 'points' ? shift.rise : Math.expm1(shift.rise);
      return [
        `${changeText(change, history)} (${verdict}) from ${shift.after} on: ${target} ${workload}, ${load}, ${groupTitle(group, history)}`,
      ];
    }),
  );
  return items.length === 0
    ? []
    : [{ kind: 'callout', tone: 'doubt', text: 'Moved by more than runs differ from each other', items }];
}

function manual({ groups }: History): Block {
  const all = groups.flatMap(({ trends }) => trends.flatMap(({ points }) => points));
  const has = (why: TrendPoint['leftOut']) => all.some(({ leftOut }) => leftOut === why);
  const explained = [
    ...(has('invalid') || has('interrupted')
      ? ['× of an invalid run or a cell that was interrupted, told below and left out']
      : []),
    ...(has('bound') ? ['≥ known only as a bound, told below and left out'] : []),
    ...(has('missing') ? ['· too few requests to say'] : []),
  ];
  return {
    kind: 'list',
    items: [
      `trend: a sign a run, the oldest first, from the least (▁) to the most (█) of its row${explained.map(each => `; ${each}`).join('')}`,
      'first, last and the change between them are of single runs, and may be noise',
      'joined are runs of one scenario that were asked the same on the same hardware; what else differs between them is noted',
      "a shift is named where at least three runs a side lie apart by more than noise (Student's t at the likeliest place, after Bonferroni over the places; 5 % of those named are expected to be none, after Benjamini and Hochberg). Runs on one machine share its day: what moved may be the machine",
    ],
  };
}
