/** What an endpoint gives for what each user sees of it: throughput against interactivity, and the best of both. */
import { gpusBehind } from '../analysis/gpus-behind.ts';
import { steadyLoad } from '../analysis/steady-load.ts';
import type { CellResult, Run } from '../record/run.ts';
import { formatNumber } from '../units.ts';
import { axisRange } from './chart/axis.ts';
import type { Chart, Point, Series } from './chart/chart.ts';
import { conditionOf, drawable, type Endpoint, endpoints } from './endpoints.ts';
import { doubts } from './remarks.ts';
import { count, left, number, right } from './table-cells.ts';

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
      notes: doubts(places.map(({ cell }) => cell)),
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
  const gpus = gpusBehind(scenario, cell);
  const load = steadyLoad(cell);
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
