/** How long users wait for how much is asked: quantiles of times against load, endpoint by endpoint. */

import { steadyLoad } from '../analysis/steady-load.ts';
import { metrics } from '../record/metrics.ts';
import type { CellResult, Run } from '../record/run.ts';
import type { MetricSummary, QuantileKey } from '../record/summary.ts';
import { median } from '../stats/quantile.ts';
import { formatNumber } from '../units.ts';
import { valueAxis } from './chart/axis.ts';
import type { Axis, Chart, Panel, Point, Series } from './chart/chart.ts';
import { conditionOf, type Endpoint, endpoints } from './endpoints.ts';
import { doubts } from './remarks.ts';
import { count, left, quantileCell, right } from './table-cells.ts';

const keys = ['p50', 'p90', 'p95', 'p99'] as const satisfies readonly QuantileKey[];
const weights = { p50: 1, p90: 0.62, p95: 0.42, p99: 0.25 } as const;
const timeMetrics = ['ttftMs', 'itlMs', 'responseTimeMs'] as const;
type TimeMetric = (typeof timeMetrics)[number];

/** The quantiles of TTFT, ITL and response time against load, a chart each, a panel an endpoint, with the objectives that bound them. */
export function timesAgainstLoad(run: Run): Chart[] {
  const groups = endpoints(run).flatMap(groupsOf);
  if (!groups.some(({ loads }) => loads.length > 1)) return [];
  return timeMetrics.flatMap(metric => timeAgainstLoad(run, groups, metric));
}

/** What of an endpoint lies along one axis: cells of a closed or of an open loop. */
interface Group {
  readonly endpoint: Endpoint;
  readonly kind: 'closed' | 'open';
  /** Driven alone, one list a load, and driven together with others where it was driven alone as well. */
  readonly loads: readonly { readonly load: number; readonly cells: readonly CellResult[] }[];
  readonly together: readonly { readonly load: number; readonly cells: readonly CellResult[] }[];
}

function groupsOf(endpoint: Endpoint): Group[] {
  return (['closed', 'open'] as const).flatMap(kind => {
    const own = endpoint.cells.filter(cell => steadyLoad(cell)?.kind === kind);
    if (own.length === 0) return [];
    const alone = own.filter(({ order }) => order !== 'parallel');
    const isMixed = alone.length > 0;
    const together = isMixed ? own.filter(({ order }) => order === 'parallel') : [];
    return [{ endpoint, kind, loads: byLoad(isMixed ? alone : own), together: byLoad(together) }];
  });
}

function byLoad(cells: readonly CellResult[]) {
  const loads = [...new Set(cells.map(cell => steadyLoad(cell)?.value ?? 0))].sort((a, b) => a - b);
  return loads.map(load => ({ load, cells: cells.filter(cell => steadyLoad(cell)?.value === load) }));
}

function timeAgainstLoad(run: Run, groups: readonly Group[], metric: TimeMetric): Chart[] {
  const { symbol, definition } = metrics.find(({ name }) => name === metric) as (typeof metrics)[number];
  const name = `${symbol[0]?.toUpperCase()}${symbol.slice(1)}`;
  const shown = groups.filter(({ loads }) =>
    loads.some(({ cells }) => cells.some(({ metrics }) => metrics[metric].n > 0)),
  );
  const drawn = shown.slice(0, maxPanels);
  const panels = drawn.map(group => ({ group, series: seriesOf(group, metric), marks: marksOf(run, group, metric) }));
  const values = [
    ...drawn.flatMap(group => knownValues(group, metric)),
    ...panels.flatMap(({ marks }) => marks.map(({ at }) => at)),
  ];
  if (values.length === 0) return [];
  const y = valueAxis('ms', values);
  return [
    {
      kind: 'chart',
      name: `${slug(symbol)}-against-load`,
      title: `${name} against load`,
      summary: `${name}: ${definition}. p50, p90, p95 and p99 of each endpoint; all panels have one scale.${captionOf(drawn)}${moreText(shown.length)}`,
      layout: 'beside',
      panels: panels.map(({ group, series, marks }) => ({
        title: group.endpoint.label,
        x: axisOf(group),
        y,
        series,
        marks,
      })),
      notes: [...boundNotes(drawn, metric), ...doubts(drawn.flatMap(({ endpoint }) => endpoint.cells))],
      table: tableOf(shown, metric, symbol),
    },
  ];
}

function boundNotes(groups: readonly Group[], metric: TimeMetric): string[] {
  const isBound = groups.some(({ loads }) =>
    loads.some(({ cells }) => cells.some(cell => cell.metrics[metric].censored)),
  );
  return isBound
    ? [
        'where requests that were taken and never ended reach a quantile, it is at least their time limit: there the line leaves its panel',
      ]
    : [];
}

/** What was measured and is no bound: the time limit of requests that never ended would leave no room for the others. */
function knownValues({ loads, together }: Group, metric: TimeMetric): number[] {
  return [...loads, ...together].flatMap(({ cells }) =>
    cells.flatMap(({ metrics: { [metric]: summary } }) =>
      keys.flatMap(key => (summary.censoredQuantiles.includes(key) ? [] : (summary[key] ?? []))),
    ),
  );
}

/** More panels than this are more than a page holds. */
const maxPanels = 24;

function moreText(panels: number): string {
  return panels > maxPanels ? ` The first ${maxPanels} of ${panels} by name; the table holds all.` : '';
}

function captionOf(groups: readonly Group[]): string {
  const repeated = groups.some(({ loads }) => loads.some(({ cells }) => cells.length > 1));
  const together = groups.some(group => group.together.length > 0);
  return `${repeated ? ' Lines go through the median of the repetitions, which are dots.' : ''}${together ? ' Dots apart from the lines: all endpoints driven at once.' : ''}`;
}

function axisOf({ kind, loads, together }: Group): Axis {
  const ticks = [...new Set([...loads, ...together].map(({ load }) => load))].sort((a, b) => a - b);
  return loadAxis(kind, ticks, ticks.at(-1) ?? 1);
}

/** The axis of loads that have a tick each, as far as `most`. */
export function loadAxis(kind: 'closed' | 'open', ticks: readonly number[], most: number): Axis {
  const least = ticks[0] ?? 1;
  const scale = most / least > 12 ? 'log' : 'linear';
  return {
    label: kind === 'closed' ? 'requests in flight' : 'requests due per second',
    scale,
    format: 'number',
    ticks,
    min: scale === 'log' ? least / 1.15 : 0,
    max: scale === 'log' ? most * 1.15 : most * 1.05,
  };
}

function seriesOf({ endpoint, loads, together }: Group, metric: TimeMetric): Series[] {
  return keys.flatMap(key => {
    const of = (cell: CellResult) => cell.metrics[metric][key];
    const base = { label: `${key}`, colour: endpoint.colour, weight: weights[key], endLabel: key };
    const line: Point[] = loads.map(({ load, cells }) => [load, median(cells.flatMap(cell => of(cell) ?? [])) ?? null]);
    if (line.every(([, y]) => y === null)) return [];
    const dots = (groups: Group['loads']): Point[] =>
      groups.flatMap(({ load, cells }) =>
        cells.flatMap((cell): Point[] => (of(cell) === null ? [] : [[load, of(cell)]])),
      );
    const repeated = loads.filter(({ cells }) => cells.length > 1);
    const scattered = [...dots(repeated), ...dots(together)];
    return [
      { ...base, style: 'line' as const, points: line },
      ...(scattered.length === 0 ? [] : [{ ...base, style: 'points' as const, points: scattered }]),
    ];
  });
}

function marksOf({ scenario, searches = [] }: Run, { loads }: Group, metric: TimeMetric): NonNullable<Panel['marks']> {
  const spoken = new Set(loads.flatMap(({ cells }) => cells.flatMap(cell => cell.objectives.map(({ text }) => text))));
  const { search } = scenario.load;
  const searched = search === undefined || searches.length === 0 ? [] : [search.objective];
  return [...searched, ...scenario.objectives.filter(({ text }) => spoken.has(text))]
    .filter(objective => objective.metric === metric)
    .map(({ statistic, comparator, bound }) => {
      const name = typeof statistic === 'number' ? `p${Number((statistic * 100).toFixed(1))}` : (statistic ?? '');
      return {
        at: bound,
        label: `objective: ${name} ${comparator.replace('=', '').replace('<', '≤').replace('>', '≥')} ${formatNumber(bound)}`,
      };
    });
}

function tableOf(groups: readonly Group[], metric: TimeMetric, symbol: string): Chart['table'] {
  const cells = groups.flatMap(({ endpoint, loads, together }) =>
    [...loads, ...together].flatMap(({ cells }) => cells.map(cell => ({ cell, endpoint }))),
  );
  return {
    kind: 'table',
    caption: `${symbol}, ms`,
    columns: [left('endpoint'), left('load'), right('requests'), ...keys.map(key => right(key))],
    rows: cells.map(({ cell, endpoint }) => [
      { text: endpoint.label },
      { text: conditionOf(cell) },
      count(cell.metrics[metric].n),
      ...keys.map(key => quantileCell(cell.metrics[metric] as MetricSummary, key)),
    ]),
  };
}

function slug(symbol: string): string {
  return symbol.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
