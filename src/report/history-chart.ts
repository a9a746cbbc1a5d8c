/** How a number went over the runs, drawn: a panel a load, a line an endpoint. */
import type { History, Trend, TrendGroup } from '../analysis/history.ts';
import { measureText } from '../analysis/measure.ts';
import { metrics } from '../record/metrics.ts';
import { axisRange, valueAxis } from './chart/axis.ts';
import type { Chart, Panel, Series } from './chart/chart.ts';
import { drawable } from './endpoints.ts';
import { quantityCell } from './history-cells.ts';
import { left, right } from './table-cells.ts';

const mostPanels = 12;

/** The trends of a group of runs as a chart; none where no line has two runs. */
export function trendChart(group: TrendGroup, history: History, number: number): Chart[] {
  const { runs, trends } = group;
  const loads = [...new Set(trends.map(({ load }) => load))];
  const names = [...new Set(trends.map(nameOf))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const { drawn, rest } = drawable(names);
  const values = trends.flatMap(({ points }) => points.flatMap(({ reading }) => reading.value ?? []));
  if (runs.length < 2 || values.length === 0) return [];
  const text = measureText(history.measure);
  const unit = metrics.find(({ name }) => name === history.measure.metric)?.unit ?? text;
  const y = history.kind === 'points' ? shareAxis(text, values) : valueAxis(unit, values);
  const more =
    loads.length > mostPanels ? ` The first ${mostPanels} of ${loads.length} loads; the table holds all.` : '';
  return [
    {
      kind: 'chart',
      name: `trend-${number + 1}`,
      title: `${text} of ${group.scenario}, run by run`,
      summary: `Each run of the group by its number, the oldest first. Dots apart from the lines: left out of the trend, because the run is invalid, was interrupted, or gives only a bound.${rest}${more}`,
      layout: 'beside',
      panels: loads.slice(0, mostPanels).map(load => ({
        title: load,
        x: {
          label: 'run',
          scale: 'linear',
          format: 'number',
          ticks: ticksFor(runs.length),
          min: 0.5,
          max: runs.length + 0.5,
        },
        y,
        series: trends
          .filter(trend => trend.load === load && drawn.includes(nameOf(trend)))
          .flatMap(trend => seriesOf(trend, group, names.indexOf(nameOf(trend)))),
      })),
      table: {
        kind: 'table',
        caption: text,
        columns: [left('run'), left('endpoint'), left('load'), right(text), left('left out')],
        rows: trends.flatMap(trend =>
          trend.points.map(({ run, reading, leftOut }) => [
            { text: `${runs.indexOf(run) + 1}: ${run.name}` },
            { text: nameOf(trend) },
            { text: trend.load },
            quantityCell(reading, history),
            { text: leftOut ?? '' },
          ]),
        ),
      },
    },
  ];
}

function shareAxis(label: string, values: readonly number[]): Panel['y'] {
  return { label, scale: 'linear', format: 'ratio', ...axisRange(values, 'linear') };
}

function nameOf({ target, workload }: Trend): string {
  return `${target} ${workload}`;
}

function ticksFor(runs: number): number[] {
  const step = Math.max(1, Math.ceil(runs / 8));
  return Array.from({ length: Math.ceil(runs / step) }, (_, i) => 1 + i * step);
}

/** The line of an endpoint, and dots for what does not belong to it. */
function seriesOf(trend: Trend, { runs }: TrendGroup, colour: number): Series[] {
  const at = trend.points.map(({ run, reading, leftOut }) => ({
    x: runs.indexOf(run) + 1,
    y: reading.value,
    isCounted: leftOut === undefined,
  }));
  const base = { label: nameOf(trend), colour };
  const apart = at.filter(({ y, isCounted }) => !isCounted && y !== null);
  return [
    { ...base, style: 'line', points: at.map(({ x, y, isCounted }) => [x, isCounted ? y : null]) },
    ...(apart.length === 0
      ? []
      : [{ ...base, style: 'points' as const, weight: 0.4, points: apart.map(({ x, y }) => [x, y] as const) }]),
  ];
}
