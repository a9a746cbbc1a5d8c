/** One drawing of a page, alive: it answers to a pointer and to keys, and is drawn anew as its room or the light changes. */
import type { Panel } from '../chart/chart.ts';
import { heightOf } from '../chart/drawing.ts';
import { init } from '../chart/echarts.ts';
import { chartOption } from '../chart/option.ts';
import { dark, light } from '../chart/theme.ts';
import { placesOf, type Reading, readAt, readPoint, spoken } from './reading.ts';

export interface Plot {
  /** Draws again: as wide as there is room, without what is hidden. */
  draw(): void;
  /** From and to as shares of the whole, 0 to 100. */
  zoom(change: (from: number, to: number) => readonly [number, number]): void;
}

/** Brings a drawing to life in `room`, which holds its still picture. `say` tells what was read with keys. */
export function plot(
  room: HTMLElement,
  panels: readonly Panel[],
  name: string,
  hidden: ReadonlySet<string>,
  say: (text: string) => void,
): Plot {
  const drawn = document.createElement('div');
  drawn.className = 'drawn';
  drawn.tabIndex = 0;
  drawn.setAttribute('role', 'group');
  drawn.setAttribute('aria-label', `${name}. Left and right arrow keys read its values.`);
  const height = heightOf(panels, true);
  drawn.style.height = `${height}px`;
  room.append(drawn);
  room.classList.add('live');
  const chart = init(drawn, null, { renderer: 'svg', width: drawn.clientWidth, height });
  let range: readonly [number, number] = [0, 100];

  const places = placesOf(panels);
  let place = -1;
  const draw = () => {
    const width = drawn.clientWidth;
    const theme = matchMedia('(prefers-color-scheme: dark)').matches ? dark : light;
    chart.resize({ width, height });
    const option = chartOption(panels, { theme, width, interactive: true, hidden });
    chart.setOption({ ...option, tooltip: { ...option.tooltip, formatter: tip } }, { notMerge: true });
    zoomTo(range);
  };
  const tip = (shown: unknown) => reading(element(readingOf(shown)));
  const readingOf = (shown: unknown): Reading | undefined => {
    if (Array.isArray(shown)) return readAt(panels, Number((shown[0] as { axisValue: number }).axisValue), hidden);
    const { seriesIndex, dataIndex } = shown as { seriesIndex: number; dataIndex: number };
    const visible = panels.flatMap(panel =>
      panel.series.filter(({ label }) => !hidden.has(label)).map(series => ({ panel, series })),
    );
    const at = visible[seriesIndex];
    return at === undefined ? undefined : readPoint(at.panel, at.series, dataIndex);
  };
  const zoomTo = (to: readonly [number, number]) => {
    range = to;
    if (panels.length > 1) chart.dispatchAction({ type: 'dataZoom', start: to[0], end: to[1] });
  };
  chart.on('datazoom', () => {
    const [first] = (chart.getOption()['dataZoom'] ?? []) as { start?: number; end?: number }[];
    range = [first?.start ?? 0, first?.end ?? 100];
  });
  const move = (to: number) => {
    place = Math.max(0, Math.min(places.length - 1, to));
    const x = places[place] as number;
    chart.dispatchAction({ type: 'updateAxisPointer', currTrigger: 'mousemove', ...pixelOf(x) });
    const [px = 0, py = 0] = pointOf(x);
    chart.dispatchAction({ type: 'showTip', x: px, y: py });
    say(spoken(readAt(panels, x, hidden)));
  };
  const pointOf = (x: number) => chart.convertToPixel({ gridIndex: 0 }, [x, panels[0]?.y.max ?? 1]) as number[];
  const pixelOf = (x: number) => {
    const [px = 0, py = 0] = pointOf(x);
    return { x: px, y: py + 2 };
  };
  drawn.addEventListener('keydown', event => {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
    const step = steps[event.key];
    if (step !== undefined) move(place + step);
    else if (event.key === 'Home') move(0);
    else if (event.key === 'End') move(places.length - 1);
    else if (event.key === 'Escape') chart.dispatchAction({ type: 'hideTip' });
    else return;
    event.preventDefault();
  });
  draw();
  return { draw, zoom: change => zoomTo(within(change(range[0], range[1]))) };
}

function within([from, to]: readonly [number, number]): readonly [number, number] {
  const width = Math.min(100, Math.max(0.5, to - from));
  const start = Math.min(100 - width, Math.max(0, from));
  return [start, start + width];
}

const reading = (of: HTMLElement | undefined) => of ?? '';

/** A reading as a table; every text in it is set as text. */
function element(of: Reading | undefined): HTMLElement | undefined {
  if (of === undefined) return undefined;
  const table = document.createElement('table');
  table.className = 'reading';
  table.createCaption().textContent = of.at;
  for (const { title, values } of of.rows) {
    if (title === undefined) for (const value of values) addRow(table, value.label, [value], true);
    else addRow(table, title, values, false);
  }
  return table;
}

function addRow(
  table: HTMLTableElement,
  head: string,
  values: Reading['rows'][number]['values'],
  isNamed: boolean,
): void {
  const row = table.insertRow();
  const name = document.createElement('th');
  if (isNamed && values[0] !== undefined) name.append(swatch(values[0].colour));
  name.append(head);
  row.append(name);
  for (const { colour, text } of values) {
    const cell = row.insertCell();
    if (!isNamed) cell.append(swatch(colour));
    cell.append(text);
  }
}

function swatch(colour: number): HTMLElement {
  const mark = document.createElement('span');
  mark.className = `swatch c${colour % 8}`;
  return mark;
}
