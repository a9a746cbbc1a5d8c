/** The curves of a capacity report: what endpoints give for how much they are asked, and how near that brings them to their limits. */
import type { EndpointAssessment } from '../analysis/capacity/assessment.ts';
import { criteriaOf, speaksOfCurve } from '../analysis/capacity/criterion.ts';
import type { Curve } from '../analysis/capacity/curve.ts';
import { type Usl, uslPerS } from '../analysis/capacity/usl.ts';
import { formatNumber } from '../units.ts';
import { axisRange } from './chart/axis.ts';
import type { Axis, Chart, Panel, Point, Series } from './chart/chart.ts';
import { left, number, right } from './table-cells.ts';
import { loadAxis } from './times-against-load.ts';

/** More panels than this are more than a page holds. */
const maxPanels = 12;

/** Throughput, and how much of each limit is used up, against load; of endpoints that were measured at several loads. */
export function capacityCharts(endpoints: readonly EndpointAssessment[]): Chart[] {
  const several = endpoints.filter(({ curve }) => curve.points.length > 1).slice(0, maxPanels);
  return several.length === 0 ? [] : [throughput(several), limits(several)];
}

function throughput(endpoints: readonly EndpointAssessment[]): Chart {
  return {
    kind: 'chart',
    name: 'throughput-against-load',
    title: 'Throughput against load',
    summary:
      'Requests answered per second, and of those the good ones where the scenario says what is good; dots are repetitions. Dashed: the Universal Scalability Law, up to twice the largest load measured, where six loads or more let it be fitted. The line across is the capacity at the objectives.',
    layout: 'beside',
    panels: endpoints.map(throughputPanel),
    notes: endpoints.flatMap(({ curve, knee }) =>
      knee === undefined
        ? []
        : [`${curve.label}: bends the most at ${formatNumber(knee)} (Kneedle), which depends on where it was measured`],
    ),
    table: curveNumbers(endpoints),
  };
}

function throughputPanel({ curve, usl, capacity }: EndpointAssessment): Panel {
  const series: Series[] = [
    line('requests/s', 0, curve, ({ perS }) => perS),
    ...(curve.points.some(({ repetitions }) => repetitions > 1) ? [dots(curve)] : []),
    ...(curve.points.some(({ measured }) => measured.rates.goodputPerS !== null)
      ? [line('good ones/s', 1, curve, ({ measured }) => measured.rates.goodputPerS)]
      : []),
    ...(usl.kind === 'fitted' && curve.kind === 'closed' ? [lawOf(usl.usl)] : []),
  ];
  const values = series.flatMap(({ points }) => points.flatMap(([, y]) => y ?? []));
  return {
    title: curve.label,
    x: axisOf(curve, series),
    y: { label: 'per second', scale: 'linear', format: 'number', ...axisRange(values, 'linear') },
    series,
    ...(capacity.perS === null
      ? {}
      : { marks: [{ at: capacity.perS.value, label: `capacity: ${formatNumber(capacity.perS.value)}/s` }] }),
  };
}

function line(
  label: string,
  colour: number,
  { points }: Curve,
  of: (point: Curve['points'][number]) => number | null,
): Series {
  return { label, colour, style: 'line', points: points.map((point): Point => [point.load, of(point)]) };
}

function dots({ points }: Curve): Series {
  return {
    label: 'requests/s',
    colour: 0,
    style: 'points',
    points: points.flatMap(({ load, cells }) =>
      cells.flatMap(({ rates }): Point[] => (rates.achievedPerS === null ? [] : [[load, rates.achievedPerS]])),
    ),
  };
}

const lawSteps = 60;

/** A curve of the law from one request in flight to where it may still be drawn. */
function lawOf(usl: Usl): Series {
  const points = Array.from({ length: lawSteps + 1 }, (_, i): Point => {
    const inFlight = usl.sayableTo ** (i / lawSteps);
    return [inFlight, uslPerS(usl, inFlight) ?? null];
  });
  return { label: 'fitted law', colour: 7, style: 'line', dashed: true, weight: 0.2, points };
}

function axisOf({ kind, points }: Curve, series: readonly Series[]): Axis {
  const xs = series.flatMap(each => each.points.map(([x]) => x));
  return loadAxis(
    kind,
    points.map(({ load }) => load),
    Math.max(...xs),
  );
}

/** Each criterion as a share of its bound: where the first line crosses 100 % the capacity is reached. */
function limits(endpoints: readonly EndpointAssessment[]): Chart {
  const panels = endpoints.map(({ curve, objectives }) => {
    const criteria = criteriaOf(
      objectives.objectives.filter(each => speaksOfCurve(each, curve)),
      curve.kind,
    );
    const series = criteria.map(({ text, read, bound }, i): Series => {
      const points = curve.points.map((point): Point => {
        const value = read(point);
        return [point.load, value === null || bound === 0 ? null : value / bound];
      });
      return { label: text, colour: i, style: 'line', points };
    });
    return { curve, series: series.filter(({ points }) => points.some(([, y]) => y !== null)) };
  });
  const shown = panels.filter(({ series }) => series.length > 0);
  // What is many times its limit would leave no room for where the limit is crossed.
  const tallest = 2.5;
  return {
    kind: 'chart',
    name: 'limits-against-load',
    title: 'How much of each limit is used up',
    summary:
      'Each objective as a share of its bound: the first line to cross 100 % is what binds, and where it does is the capacity. Refused and dropped requests have a limit of their own, for they stand outside the quantiles. A line that leaves its panel is beyond two and a half times its bound.',
    layout: 'beside',
    panels: shown.map(({ curve, series }) => ({
      title: curve.label,
      x: axisOf(curve, series),
      y: {
        label: 'of its bound',
        scale: 'linear',
        format: 'ratio',
        min: 0,
        max: tallest,
        ticks: [0, 0.5, 1, 1.5, 2, 2.5],
      },
      series,
      marks: [{ at: 1, label: 'the limit' }],
    })),
    table: {
      kind: 'table',
      caption: 'shares of the bounds',
      columns: [left('endpoint'), left('criterion'), right('load'), right('of its bound')],
      rows: shown.flatMap(({ curve, series }) =>
        series.flatMap(({ label, points }) =>
          points.map(([load, y]) => [{ text: curve.label }, { text: label }, number(load), number(y)]),
        ),
      ),
    },
  };
}

function curveNumbers(endpoints: readonly EndpointAssessment[]): Chart['table'] {
  return {
    kind: 'table',
    caption: 'throughput',
    columns: [left('endpoint'), right('load'), right('requests/s'), right('good ones/s'), right('fitted law')],
    rows: endpoints.flatMap(({ curve, usl }) =>
      curve.points.map(({ load, perS, measured, inFlight }) => [
        { text: curve.label },
        number(load),
        number(perS),
        number(measured.rates.goodputPerS),
        number(usl.kind === 'fitted' && inFlight !== null ? (uslPerS(usl.usl, inFlight) ?? null) : null),
      ]),
    ),
  };
}
