/** A chart as ECharts takes it: the same for pictures in files and for pages that can be read with a pointer. */
import type { DataZoomComponentOption, EChartsOption, XAXisComponentOption, YAXisComponentOption } from 'echarts';
import { axisLabel, ticksOf } from './axis.ts';
import type { Axis, Panel } from './chart.ts';
import { alone, type Drawing, endLabelWidth, fontSize, margins, stacked } from './drawing.ts';
import { seriesOf } from './series-option.ts';
import { sansSerif, type Theme } from './theme.ts';

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
