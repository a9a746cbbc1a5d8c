/** What an endpoint gives for what it is asked: times against load, and throughput against the speed one user sees. */
import { metrics } from '../record/metrics.ts';
import type { CellResult, Run } from '../record/run.ts';
import type { MetricSummary, QuantileKey } from '../record/summary.ts';
import { loadLabel } from '../scenario/expand.ts';
import { devicesOf } from '../scenario/telemetry.ts';
import { median } from '../stats/quantile.ts';
import { formatNumber } from '../units.ts';
import { axisRange, scaleFor } from './chart/axis.ts';
import type { Chart, Panel, Point, Series } from './chart/chart.ts';
import { drawable, type Endpoint, endpoints, loadOf } from './endpoints.ts';
import { count, left, number, quantileCell, right } from './table-cells.ts';

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
    const own = endpoint.cells.filter(cell => loadOf(cell)?.kind === kind);
    if (own.length === 0) return [];
    const alone = own.filter(({ order }) => order !== 'parallel');
    const isMixed = alone.length > 0;
    const together = isMixed ? own.filter(({ order }) => order === 'parallel') : [];
    return [{ endpoint, kind, loads: byLoad(isMixed ? alone : own), together: byLoad(together) }];
  });
}

function byLoad(cells: readonly CellResult[]) {
  const loads = [...new Set(cells.map(cell => loadOf(cell)?.value ?? 0))].sort((a, b) => a - b);
  return loads.map(load => ({ load, cells: cells.filter(cell => loadOf(cell)?.value === load) }));
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
  const scale = scaleFor(values);
  const y = {
    label: `ms${scale === 'log' ? ', logarithmic' : ''}`,
    scale,
    format: 'number',
    ...axisRange(values, scale),
  } as const;
  return [
    {
      kind: 'chart',
      name: `${slug(symbol)}-against-load`,
      title: `${name} against load`,
      summary: `${name}: ${definition}. p50, p90, p95 and p99 of each endpoint; all panels have one scale.${captionOf(drawn)}${moreText(shown.length)}`,
      layout: 'beside',
      panels: panels.map(({ group, series, marks }) => ({
        title: group.endpoint.label,
        x: loadAxis(group),
        y,
        series,
        marks,
      })),
      notes: shown.some(({ loads }) => loads.some(({ cells }) => cells.some(cell => cell.metrics[metric].censored)))
        ? [
            'where requests that were taken and never ended reach a quantile, it is at least their time limit: there the line leaves its panel',
          ]
        : [],
      table: tableOf(shown, metric, symbol),
    },
  ];
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

function loadAxis({ kind, loads, together }: Group): Panel['x'] {
  const ticks = [...new Set([...loads, ...together].map(({ load }) => load))].sort((a, b) => a - b);
  const [least, most] = [ticks[0] ?? 1, ticks.at(-1) ?? 1];
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

function marksOf({ scenario }: Run, { loads }: Group, metric: TimeMetric): NonNullable<Panel['marks']> {
  const spoken = new Set(loads.flatMap(({ cells }) => cells.flatMap(cell => cell.objectives.map(({ text }) => text))));
  return scenario.objectives
    .filter(objective => objective.metric === metric && spoken.has(objective.text))
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

function conditionOf(cell: CellResult): string {
  const together = cell.order === 'parallel' ? ', all at once' : '';
  return `${loadLabel(cell.load)}${together}${cell.repetition > 1 ? ` #${cell.repetition}` : ''}`;
}

/** Output tokens per second of each GPU against the speed one user sees, with the points that no other one beats in both. */
export function throughputAgainstInteractivity(run: Run): Chart[] {
  const known = endpoints(run)
    .map(endpoint => ({ endpoint, places: endpoint.cells.flatMap(cell => placeOf(run, cell)) }))
    .filter(({ places }) => places.length > 0);
  // At one load there is nothing to choose between.
  if (known.every(({ places }) => places.length < 2)) return [];
  const { drawn, rest } = drawable(known);
  const places = drawn.flatMap(each => each.places);
  const [x, y] = [
    axisRange(
      places.map(place => place.x),
      'linear',
    ),
    axisRange(
      places.map(place => place.y),
      'linear',
    ),
  ];
  const workloads = [...new Set(drawn.map(({ endpoint }) => endpoint.workload))];
  return [
    {
      kind: 'chart',
      name: 'throughput-against-interactivity',
      title: 'Throughput against interactivity',
      summary: `Up is more work for the hardware, to the right is faster text for each user; a number at a point is its load. A thin line follows an endpoint as its load grows, the dashed one joins the points that no other one beats in both. What a user waits before the first token is not in it.${rest}`,
      layout: 'beside',
      panels: workloads.map(workload => {
        const own = drawn.filter(({ endpoint }) => endpoint.workload === workload);
        return {
          title: workload,
          x: { label: 'tokens/s one user sees (p50)', scale: 'linear', format: 'number', ...x },
          y: { label: 'output tokens/s per GPU', scale: 'linear', format: 'number', ...y },
          series: [
            ...own.map(({ endpoint, places }) => pointsOf(endpoint, places)),
            ...own.map(({ endpoint, places }) => lineOf(endpoint, places)),
            {
              label: 'Pareto front',
              colour: neutral,
              style: 'line',
              weight: 0.2,
              dashed: true,
              points: front(own.flatMap(each => each.places)).map(({ x, y }) => [x, y]),
            },
          ],
        };
      }),
      table: {
        kind: 'table',
        caption: 'throughput and interactivity',
        columns: [
          left('endpoint'),
          left('load'),
          right('one user sees', 'tokens/s'),
          right('per GPU', 'tokens/s'),
          right('GPUs'),
        ],
        rows: known.flatMap(({ endpoint, places }) =>
          places.map(({ x, y, gpus, cell }) => [
            { text: endpoint.label },
            { text: conditionOf(cell) },
            number(x),
            number(y),
            count(gpus),
          ]),
        ),
      },
    },
  ];
}

/** All its points, repetitions too; the middle one of each load says which it is. */
function pointsOf({ label, colour }: Endpoint, places: readonly Place[]): Series {
  const named = new Set(middles(places));
  const points = places.map(
    (place): Point => (named.has(place) ? [place.x, place.y, place.label] : [place.x, place.y]),
  );
  return { label, colour, style: 'points', weight: 0.9, points };
}

/** From the lightest load to the heaviest. */
function lineOf({ label, colour }: Endpoint, places: readonly Place[]): Series {
  return { label, colour, style: 'line', weight: 0, points: middles(places).map(({ x, y }): Point => [x, y]) };
}

/** Of each load the middle one of its repetitions, lightest first. */
function middles(places: readonly Place[]): Place[] {
  const loads = [...new Set(places.map(({ load }) => load))].sort((a, b) => a - b);
  return loads.map(load => {
    const own = places.filter(place => place.load === load).sort((a, b) => a.y - b.y);
    return own[Math.floor((own.length - 1) / 2)] as Place;
  });
}

/** The last colour of the palette, a grey. */
const neutral = 7;

interface Place {
  readonly cell: CellResult;
  readonly x: number;
  readonly y: number;
  readonly gpus: number;
  readonly load: number;
  readonly label: string;
}

function placeOf({ scenario }: Run, cell: CellResult): Place[] {
  const x = cell.metrics.userTokensPerS.p50;
  const all = cell.rates.outputTokensPerS;
  if (x === null || all === null) return [];
  const target = scenario.targets.find(({ name }) => name === cell.target.name);
  const known =
    cell.gpu?.devices.length ??
    (target === undefined || scenario.telemetry === undefined ? 1 : devicesOf(target, scenario.telemetry).length);
  const gpus = Math.max(1, known);
  const load = loadOf(cell);
  const label =
    load === undefined ? '' : `${formatNumber(load.value).replace(/\.0+$/, '')}${load.kind === 'open' ? '/s' : ''}`;
  return [{ cell, x, y: all / gpus, gpus, load: load?.value ?? 0, label }];
}

/** The points that no other point beats in both, from left to right. */
export function front<T extends { readonly x: number; readonly y: number }>(points: readonly T[]): T[] {
  const kept: T[] = [];
  for (const point of [...points].sort((a, b) => b.x - a.x || b.y - a.y)) {
    if (point.y > (kept.at(-1)?.y ?? Number.NEGATIVE_INFINITY)) kept.push(point);
  }
  return kept.reverse();
}

function slug(symbol: string): string {
  return symbol.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
