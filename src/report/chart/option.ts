/** A chart as ECharts takes it: the same for pictures in files and for pages that can be read with a pointer. */
import type {
  DataZoomComponentOption,
  EChartsOption,
  SeriesOption,
  XAXisComponentOption,
  YAXisComponentOption,
} from 'echarts';
import { axisLabel, ticksOf } from './axis.ts';
import type { Axis, Panel, Series, Span } from './chart.ts';
import { sansSerif, seriesColour, type Theme } from './theme.ts';

export interface Drawing {
  readonly theme: Theme;
  readonly width: number;
  /** Whether a pointer reads it: pictures have no slider to zoom with. */
  readonly interactive: boolean;
  /** Labels of series that are left out. */
  readonly hidden?: ReadonlySet<string>;
}

const fontSize = 11.5;
const margins = { left: 50, top: 30, bottom: 40 };
/** Room for what stands at the ends of lines. */
const endLabelWidth = 34;
const alone = { plot: 190 };
/** `strip`: where the names of stretches stand, above all of it. */
const stacked = { plot: 92, gap: 32, slider: 34, strip: 18 };

/** How high a drawing of these panels is, px. */
export function heightOf(panels: readonly Panel[], interactive: boolean): number {
  return panels.length === 1
    ? margins.top + alone.plot + margins.bottom
    : margins.top +
        stacked.strip +
        panels.length * (stacked.plot + stacked.gap) +
        (interactive ? stacked.slider : 8) +
        8;
}

/** The option of one panel, or of several below each other that share their x axis. */
export function chartOption(panels: readonly Panel[], drawing: Drawing): EChartsOption {
  const { theme, interactive } = drawing;
  const isStack = panels.length > 1;
  const plotHeight = isStack ? stacked.plot : alone.plot;
  const topOf = (i: number) => margins.top + (isStack ? stacked.strip : 0) + i * (plotHeight + stacked.gap);
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: sansSerif, fontSize },
    grid: panels.map((panel, i) => ({
      left: margins.left,
      right: panel.series.some(({ endLabel }) => endLabel !== undefined) ? endLabelWidth : 14,
      top: topOf(i),
      height: plotHeight,
      outerBoundsMode: 'none' as const,
    })),
    xAxis: panels.map((panel, i) => xAxis(panel, i, i === panels.length - 1, drawing)),
    yAxis: panels.map((panel, i) => yAxis(panel, i, isStack, drawing)),
    series: panels.flatMap((panel, i) => seriesOf(panel, i, drawing)),
    ...(interactive ? pointer(panels, drawing) : {}),
    ...(interactive && isStack ? { dataZoom: zoom(panels, theme) } : {}),
  };
}

function axisBase(axis: Axis, { theme }: Drawing) {
  const ticks = ticksOf(axis);
  const custom = ticks === undefined ? {} : { customValues: [...ticks] };
  return {
    ...(axis.min === undefined ? {} : { min: axis.min }),
    ...(axis.max === undefined ? {} : { max: axis.max }),
    axisLine: { show: false, lineStyle: { color: theme.rule } },
    axisTick: { show: false, ...custom },
    axisLabel: {
      ...custom,
      color: theme.muted,
      fontSize,
      hideOverlap: true,
      formatter: (value: number) => axisLabel(value, axis.format),
    },
    nameTextStyle: { color: theme.muted, fontSize },
    minorTick: { show: false },
    minorSplitLine: { show: false },
    animation: false,
  };
}

function xAxis({ x }: Panel, i: number, isLast: boolean, drawing: Drawing): XAXisComponentOption {
  const base = axisBase(x, drawing);
  return {
    ...base,
    type: x.scale === 'log' ? 'log' : 'value',
    gridIndex: i,
    splitLine: { show: false },
    // Bars would widen their axis, and no longer stand below what happened at the same time.
    containShape: false,
    axisLine: { show: true, onZero: false, lineStyle: { color: drawing.theme.rule } },
    axisLabel: { ...base.axisLabel, show: isLast },
    axisTick: { ...base.axisTick, show: isLast, length: 4, lineStyle: { color: drawing.theme.rule } },
    ...(isLast ? { name: x.label, nameLocation: 'middle', nameGap: 24 } : {}),
    axisPointer: { label: { show: false } },
  };
}

function yAxis({ y, title }: Panel, i: number, isStack: boolean, drawing: Drawing): YAXisComponentOption {
  return {
    ...axisBase(y, drawing),
    type: y.scale === 'log' ? 'log' : 'value',
    gridIndex: i,
    splitNumber: isStack ? 2 : 4,
    splitLine: { lineStyle: { color: drawing.theme.faint } },
    name: isStack ? title : y.label,
    nameLocation: 'end',
    nameGap: isStack ? 10 : 13,
    nameTextStyle: {
      color: isStack ? drawing.theme.ink : drawing.theme.muted,
      fontSize,
      align: 'left',
      padding: [0, 0, 0, -margins.left + 4],
    },
    axisPointer: { show: false },
  };
}

function seriesOf(panel: Panel, i: number, drawing: Drawing): SeriesOption[] {
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

function pointer(panels: readonly Panel[], { theme }: Drawing): EChartsOption {
  // Where points stand for themselves each is read alone; along a line everything at its x is.
  const isScatter = panels[0]?.series[0]?.style === 'points';
  return {
    axisPointer: {
      link: [{ xAxisIndex: 'all' }],
      lineStyle: { color: theme.muted, width: 1, type: 'solid', opacity: 0.6 },
      triggerTooltip: true,
    },
    tooltip: {
      trigger: isScatter ? 'item' : 'axis',
      confine: true,
      transitionDuration: 0,
      backgroundColor: theme.surface,
      borderColor: theme.rule,
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: theme.ink, fontSize: 12, fontFamily: sansSerif },
      extraCssText:
        'box-shadow:0 4px 16px rgba(0,0,0,.14);border-radius:6px;max-width:min(30rem,92vw);white-space:normal',
    },
  };
}

function zoom(panels: readonly Panel[], theme: Theme): DataZoomComponentOption[] {
  const xAxisIndex = panels.map((_, i) => i);
  return [
    {
      type: 'inside',
      xAxisIndex,
      filterMode: 'none',
      zoomOnMouseWheel: 'ctrl',
      moveOnMouseMove: 'shift',
      moveOnMouseWheel: false,
      preventDefaultMouseMove: false,
    },
    {
      type: 'slider',
      xAxisIndex,
      filterMode: 'none',
      left: margins.left,
      right: 14,
      bottom: 6,
      height: 16,
      showDataShadow: false,
      showDetail: false,
      brushSelect: true,
      borderColor: theme.rule,
      backgroundColor: theme.surface,
      fillerColor: theme.faint,
      handleStyle: { color: theme.surface, borderColor: theme.muted },
      moveHandleSize: 0,
      dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } },
      selectedDataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } },
    },
  ];
}
