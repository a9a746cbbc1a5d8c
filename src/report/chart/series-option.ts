/** The lines, points and bars of one panel, what is written at their ends, and what lies behind them. */
import type { SeriesOption } from 'echarts';
import type { Axis, Panel, Series, Span } from './chart.ts';
import { alone, type Drawing, fontSize } from './drawing.ts';
import { seriesColour, type Theme } from './theme.ts';

/** The series of the panel at place i. */
export function seriesOf(panel: Panel, i: number, drawing: Drawing): SeriesOption[] {
  const shown = panel.series.filter(({ label }) => !drawing.hidden?.has(label));
  // Marks and spans belong to the panel: a series of their own keeps them when others are hidden.
  const shifts = endLabelShifts(shown, panel.y);
  return [
    ...shown.map(series => seriesOption(series, i, shifts.get(series) ?? 0, drawing)),
    ...annotations(panel, i, drawing),
  ];
}

function seriesOption(series: Series, i: number, endLabelShift: number, drawing: Drawing): SeriesOption {
  const { theme } = drawing;
  const color = seriesColour(theme, series.colour);
  const weight = series.weight ?? 0.8;
  const base = {
    name: series.label,
    xAxisIndex: i,
    yAxisIndex: i,
    color,
    data: series.points.map(([x, y]) => [x, y ?? '-']),
    emphasis: { disabled: true },
    silent: !drawing.interactive,
  };
  switch (series.style) {
    case 'bars':
      return { ...base, type: 'bar', stack: `bars-${i}`, barCategoryGap: '8%', itemStyle: { color } };
    case 'points':
      return {
        ...base,
        type: 'scatter',
        // What a line goes through the middle of is smaller than what stands for itself.
        symbolSize: series.endLabel === undefined ? 4 + 4 * weight : 3 + 2 * weight,
        itemStyle: { color, opacity: 0.35 + 0.6 * weight },
        label: pointLabels(series, theme),
        labelLayout: { hideOverlap: true },
      };
    case 'line':
    case 'steps':
      return {
        ...base,
        type: 'line',
        ...(series.style === 'steps' ? { step: 'start' as const } : {}),
        showSymbol: series.points.length <= 12 && (series.endLabel !== undefined || series.points.length === 1),
        symbol: 'circle',
        symbolSize: 3 + 2 * weight,
        itemStyle: { color, borderWidth: 0, opacity: 0.4 + 0.6 * weight },
        lineStyle: {
          color,
          width: 0.9 + 1.1 * weight,
          opacity: 0.4 + 0.6 * weight,
          type: series.dashed ? ([5, 3] as number[]) : 'solid',
          join: 'round',
        },
        label: pointLabels(series, theme),
        endLabel: {
          show: series.endLabel !== undefined,
          formatter: () => series.endLabel ?? '',
          color,
          fontSize: fontSize - 0.5,
          distance: 5,
          offset: [0, endLabelShift],
          textBorderWidth: 0,
        },
      };
  }
}

/** How far to move what stands at the ends of lines so that it can be read, px; downwards is positive. */
function endLabelShifts(series: readonly Series[], { scale, min = 0, max = 1 }: Axis): Map<Series, number> {
  const height = (value: number) =>
    scale === 'log' ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  const labels = series
    .filter(({ endLabel, style }) => endLabel !== undefined && style === 'line')
    .flatMap(each => {
      const last = each.points.findLast(([, y]) => y !== null)?.[1];
      return last === undefined || last === null ? [] : [{ each, at: -height(last) * alone.plot }];
    })
    .sort((a, b) => a.at - b.at);
  const lineHeight = fontSize;
  let free = Number.NEGATIVE_INFINITY;
  const placed = labels.map(({ each, at }) => {
    const to = Math.max(at, free);
    free = to + lineHeight;
    return { each, at, to };
  });
  // Those at the bottom must not be pushed below it: they push the others up again.
  let room = 4;
  for (const label of placed.reverse()) {
    label.to = Math.min(label.to, room);
    room = label.to - lineHeight;
  }
  return new Map(placed.map(({ each, at, to }) => [each, to - at]));
}

function pointLabels({ points, endLabel }: Series, theme: Theme) {
  const show = endLabel === undefined && points.some(([, , label]) => label !== undefined);
  return {
    show,
    position: 'top' as const,
    distance: 4,
    color: theme.muted,
    fontSize: fontSize - 1,
    textBorderWidth: 0,
    formatter: ({ dataIndex }: { dataIndex: number }) => points[dataIndex]?.[2] ?? '',
  };
}

function annotations({ marks = [], spans = [], x, y }: Panel, i: number, { theme, width }: Drawing): SeriesOption[] {
  if (marks.length === 0 && spans.length === 0) return [];
  const total = (x.max ?? 1) - (x.min ?? 0);
  // A name that does not fit into its span would cover its neighbours': then its last word, which is a number, has to do.
  const nameOf = ({ from, to, label }: Span) =>
    [label, label.split(' ').at(-1) ?? ''].find(name => (width * (to - from)) / total > name.length * 5.6 + 8) ?? '';
  return [
    {
      type: 'line',
      name: '',
      xAxisIndex: i,
      yAxisIndex: i,
      data: [],
      silent: true,
      tooltip: { show: false },
      markLine: {
        silent: true,
        symbol: 'none',
        animation: false,
        lineStyle: { color: theme.bad, width: 1, type: [4, 3] },
        label: { position: 'insideStartTop', fontSize: fontSize - 1, textBorderWidth: 0, distance: 5 },
        data: marks.map(({ at, label }) => ({ yAxis: at, label: { formatter: label, color: theme.bad } })),
      },
      markArea: {
        silent: true,
        animation: false,
        itemStyle: { color: theme.faint },
        label: { color: theme.muted, fontSize: fontSize - 1.5, position: 'top', distance: 21, textBorderWidth: 0 },
        // Every other one is shaded: so their ends show.
        data: spans.map((span, at) => [
          {
            name: i === 0 ? nameOf(span) : '',
            xAxis: span.from,
            yAxis: y.min ?? 'min',
            itemStyle: { opacity: at % 2 === 0 ? 0.75 : 0 },
          },
          { xAxis: span.to, yAxis: y.max ?? 'max' },
        ]),
      },
    },
  ];
}
