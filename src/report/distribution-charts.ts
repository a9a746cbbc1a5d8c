/** How a metric is spread, as HDR percentile plots: the tail, where users complain, gets as much room as the middle. */
import { type Distribution, distributionOf, quantileIn } from '../analysis/distribution.ts';
import { metrics } from '../record/metrics.ts';
import type { CellResult, Run } from '../record/run.ts';
import { valueAxis } from './chart/axis.ts';
import type { Chart, Point, Series } from './chart/chart.ts';
import { drawable, endpoints } from './endpoints.ts';
import { doubts } from './remarks.ts';
import { stepLabel } from './steps.ts';
import { count, left, quantileCell, right } from './table-cells.ts';

/** TTFT and ITL of every cell, a panel a step, a line an endpoint. */
export function distributions(run: Run): Chart[] {
  return (['ttftMs', 'itlMs'] as const).flatMap(metric => distribution(run, metric));
}

const maxSteps = 12;

function distribution(run: Run, metric: 'ttftMs' | 'itlMs'): Chart[] {
  const { symbol } = metrics.find(({ name }) => name === metric) as (typeof metrics)[number];
  const steps = [...new Set(run.cells.map(({ step }) => step))].sort((a, b) => a - b);
  const { drawn: lines, rest } = drawable(endpoints(run));
  const panels = steps.flatMap(step => {
    const series = lines.flatMap(({ cells, label, colour }) =>
      cells
        .filter(cell => cell.step === step)
        .flatMap((cell): Series[] => {
          const points = percentileCurve(distributionOf([cell], metric));
          return points.length === 0 ? [] : [{ label, colour, style: 'line', weight: 0.5, points }];
        }),
    );
    return series.length === 0 ? [] : [{ step, series }];
  });
  const drawn = panels.slice(0, maxSteps);
  // Two tokens that came in one packet are no time apart: the few smallest would leave no room for the others.
  const values = drawn.flatMap(({ series }) =>
    series.flatMap(({ points }) => points.flatMap(([x, y]) => (x < 1.3 ? [] : (y ?? [])))),
  );
  if (values.length === 0) return [];
  const y = valueAxis('ms', values);
  const furthest = Math.max(...drawn.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x))));
  const more = panels.length > maxSteps ? ` The first ${maxSteps} of ${panels.length} steps.` : '';
  return [
    {
      kind: 'chart',
      name: `${symbol.toLowerCase()}-distribution`,
      title: `${symbol} by percentile`,
      summary: `How many waited how long, a panel a step of the load: the further to the right, the rarer. A line ends where too few requests stand behind it, by the rule of the tables.${more}${rest}`,
      layout: 'beside',
      panels: drawn.map(({ step, series }) => ({
        title: stepLabel(run, step),
        x: {
          label: 'percentile',
          scale: 'log',
          format: 'tail',
          ticks: [2, 10, 100, 1000, 10_000, 100_000].filter(tick => tick <= Math.max(10, furthest)),
          min: 1,
          max: Math.max(10, furthest),
        },
        y,
        series,
      })),
      notes: doubts(lines.flatMap(({ cells }) => cells)),
      table: tableOf(run, metric, symbol),
    },
  ];
}

/** Quantiles from the least on, as far as enough requests stand behind them and something was seen there; x is 1/(1 − q). */
export function percentileCurve(distribution: Distribution): Point[] {
  const points: Point[] = [];
  for (let i = 0; ; i++) {
    const x = 1.12 ** i;
    const value = quantileIn(distribution, 1 - 1 / x);
    if (value === undefined) return points;
    points.push([rounded(x), rounded(value)]);
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

const keys = ['p50', 'p90', 'p95', 'p99', 'p999'] as const;

function tableOf(run: Run, metric: 'ttftMs' | 'itlMs', symbol: string): Chart['table'] {
  const rows = endpoints(run).flatMap(({ label, cells }) => cells.map((cell: CellResult) => ({ label, cell })));
  return {
    kind: 'table',
    caption: `${symbol}, ms`,
    columns: [
      left('endpoint'),
      left('step'),
      right('requests'),
      ...keys.map(key => right(key === 'p999' ? 'p99.9' : key)),
    ],
    rows: rows.map(({ label, cell }) => [
      { text: label + (cell.repetition > 1 ? ` #${cell.repetition}` : '') },
      { text: stepLabel(run, cell.step) },
      count(cell.metrics[metric].n),
      ...keys.map(key => quantileCell(cell.metrics[metric], key)),
    ]),
  };
}
