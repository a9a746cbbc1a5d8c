/** The candidate's quantiles over those of the base, from the least to the rarest: where in the distribution a change lies. */
import type { ComparedCell, Comparison } from '../analysis/comparison/comparison.ts';
import { type Distribution, distributionOf, quantileIn } from '../analysis/distribution.ts';
import { boundsOf, fewestRuns, unpairedChange } from '../analysis/gate/change.ts';
import { metrics } from '../record/metrics.ts';
import { formatNumber, missing } from '../units.ts';
import { axisRange } from './chart/axis.ts';
import type { Chart, Panel, Point, Series } from './chart/chart.ts';
import { percentileCurve } from './distribution-charts.ts';
import type { TableCell } from './document.ts';
import { left, right } from './table-cells.ts';

const drawn = ['ttftMs', 'itlMs', 'responseTimeMs'] as const;
type Drawn = (typeof drawn)[number];

const mostPanels = 12;
/** Where labels stand on an axis of ratios, the denser the less it spans: they must not stand on each other. */
const ticks = {
  dense: [0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 7, 10],
  usual: [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 30, 50, 100],
  sparse: [0.01, 0.1, 0.3, 1, 3, 10, 30, 100, 1000],
} as const;

/** A chart a metric, a panel a condition, a line a candidate. */
export function ratioCharts(comparisons: readonly Comparison[]): Chart[] {
  return drawn.flatMap(metric => ratioChart(comparisons, metric));
}

function ratioChart(comparisons: readonly Comparison[], metric: Drawn): Chart[] {
  const symbol = metrics.find(({ name }) => name === metric)?.symbol ?? metric;
  const labels = [...new Set(comparisons.flatMap(({ cells }) => cells.map(({ label }) => label)))];
  const panels = labels
    .map(label => ({ title: label, series: seriesOf(comparisons, label, metric) }))
    .filter(({ series }) => series.length > 0);
  if (panels.length === 0) return [];
  const shown = panels.slice(0, mostPanels);
  const points = shown.flatMap(({ series }) => series).flatMap(each => each.points);
  const range = axisRange([1, ...points.flatMap(([, y]) => y ?? [])], 'log');
  const furthest = Math.max(10, ...points.map(([x]) => x));
  const more = panels.length > mostPanels ? ` The first ${mostPanels} of ${panels.length} conditions.` : '';
  return [
    {
      kind: 'chart',
      name: `${symbol.toLowerCase().replaceAll(' ', '-')}-ratio`,
      title: `${symbol}: quantiles of the candidate over those of the base`,
      summary: `Above 1 the candidate takes longer; the further to the right, the rarer. Thin lines are 95 % bounds over the repetitions, where there are at least ${fewestRuns} a side. A line ends where too few requests stand behind it.${more}`,
      layout: 'beside',
      panels: shown.map(
        ({ title, series }): Panel => ({
          title,
          x: {
            label: 'percentile',
            scale: 'log',
            format: 'tail',
            ticks: [2, 10, 100, 1000, 10_000].filter(tick => tick <= furthest),
            min: 1,
            max: furthest,
          },
          y: {
            label: 'candidate / base',
            scale: 'log',
            format: 'number',
            ...range,
            ticks: ticksIn(range),
          },
          series,
          marks: [{ at: 1, label: 'the same' }],
        }),
      ),
      table: tableOf(comparisons, metric, symbol),
    },
  ];
}

function ticksIn({ min, max }: { readonly min: number; readonly max: number }): number[] {
  const span = max / min;
  const all = span <= 4 ? ticks.dense : span <= 30 ? ticks.usual : ticks.sparse;
  return all.filter(tick => tick >= min && tick <= max);
}

function seriesOf(comparisons: readonly Comparison[], label: string, metric: Drawn): Series[] {
  return comparisons.flatMap(({ candidate, cells }, colour) => {
    const cell = cells.find(each => each.label === label);
    if (cell === undefined) return [];
    const points = ratios(distributionOf(cell.base.flat(), metric), distributionOf(cell.candidate.flat(), metric));
    if (points.length === 0) return [];
    const line: Series = { label: candidate.name, colour, style: 'line', weight: 0.8, points };
    const bounds = bands(cell, metric).map((each): Series => ({ ...line, weight: 0.1, dashed: true, points: each }));
    return [line, ...bounds];
  });
}

/** Quantile over quantile, as far as both have them. */
function ratios(base: Distribution, candidate: Distribution): Point[] {
  const ours = percentileCurve(base);
  return percentileCurve(candidate).flatMap(([x, y], i): Point[] => {
    const below = ours[i]?.[1];
    return below && y ? [[x, Number((y / below).toPrecision(4))]] : [];
  });
}

/** 95 % bounds on the ratio over the repetitions; none where they are too few. */
function bands({ base, candidate, repetitions }: ComparedCell, metric: Drawn): Point[][] {
  if (repetitions < fewestRuns) return [];
  const [ours, theirs] = [base, candidate].map(side =>
    side.map(cells => percentileCurve(distributionOf(cells, metric))),
  ) as [Point[][], Point[][]];
  const bounds = (theirs[0] ?? []).flatMap(([x], i) => {
    const at = (curves: readonly Point[][]) => curves.flatMap(curve => curve[i]?.[1] || []);
    const [a, b] = [at(ours), at(theirs)];
    if (a.length < ours.length || b.length < theirs.length) return [];
    const reading = (value: number) => ({ value, censored: false });
    const change = unpairedChange({ baseline: a.map(reading), candidate: b.map(reading) }, 'lower');
    const { low, high } = boundsOf(change, 0.025);
    return [{ x, low: Math.exp(low), high: Math.exp(high) }];
  });
  const rounded = (value: number) => Number(value.toPrecision(4));
  return [bounds.map(({ x, low }) => [x, rounded(low)]), bounds.map(({ x, high }) => [x, rounded(high)])];
}

const told = [0.5, 0.9, 0.95, 0.99] as const;

function tableOf(comparisons: readonly Comparison[], metric: Drawn, symbol: string): Chart['table'] {
  return {
    kind: 'table',
    caption: `${symbol}, candidate / base`,
    columns: [left('condition'), left('candidate'), ...told.map(q => right(`p${q * 100}`))],
    rows: comparisons.flatMap(({ candidate, cells }) =>
      cells.map(cell => {
        const [ours, theirs] = [cell.base, cell.candidate].map(side => distributionOf(side.flat(), metric)) as [
          Distribution,
          Distribution,
        ];
        return [{ text: cell.label }, { text: candidate.name }, ...told.map(q => ratioCell(ours, theirs, q))];
      }),
    ),
  };
}

function ratioCell(base: Distribution, candidate: Distribution, q: number): TableCell {
  const [ours, theirs] = [quantileIn(base, q), quantileIn(candidate, q)];
  if (!ours || theirs === undefined) return { text: missing, value: null };
  return { text: formatNumber(theirs / ours), value: theirs / ours };
}
