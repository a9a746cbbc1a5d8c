/** Brings the charts of a page to life: what was drawn beforehand is drawn again where somebody looks, to be read and zoomed. */
import type { Chart } from '../chart/chart.ts';
import { type Plot, plot } from './plot.ts';

type Drawn = Pick<Chart, 'name' | 'title' | 'layout' | 'panels'>;

const charts = JSON.parse(document.getElementById('charts')?.textContent ?? '[]') as Drawn[];
const said = document.createElement('div');
said.className = 'unseen';
said.setAttribute('aria-live', 'polite');
document.body.append(said);
const say = (text: string) => {
  said.textContent = text;
};

const plots: Plot[] = [];
for (const chart of charts) {
  const figure = document.querySelector<HTMLElement>(`figure[data-chart="${CSS.escape(chart.name)}"]`);
  if (figure !== null) bringToLife(figure, chart);
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const each of plots) each.draw();
});

function bringToLife(figure: HTMLElement, chart: Drawn): void {
  const hidden = new Set<string>();
  const own: Plot[] = [];
  const rooms = figure.querySelectorAll<HTMLElement>('.plot');
  const seen = new IntersectionObserver(
    entries => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        const made = make(target as HTMLElement, chart, hidden);
        own.push(made);
        plots.push(made);
      }
    },
    { rootMargin: '600px' },
  );
  for (const room of rooms) seen.observe(room);
  for (const button of figure.querySelectorAll<HTMLButtonElement>('.legend button')) {
    button.addEventListener('click', () => {
      const label = button.dataset['series'] ?? '';
      const isShown = hidden.delete(label);
      if (!isShown) hidden.add(label);
      button.setAttribute('aria-pressed', String(isShown));
      for (const each of own) each.draw();
    });
  }
}

function make(room: HTMLElement, { title, layout, panels }: Drawn, hidden: ReadonlySet<string>): Plot {
  const i = Number(room.dataset['panel'] ?? 0);
  const shown = layout === 'stacked' ? panels : panels.slice(i, i + 1);
  const name = layout === 'stacked' ? title : `${title}: ${panels[i]?.title ?? ''}`;
  const made = plot(room, shown, name, hidden, say);
  let width = room.clientWidth;
  new ResizeObserver(() => {
    if (room.clientWidth === width || room.clientWidth === 0) return;
    width = room.clientWidth;
    made.draw();
  }).observe(room);
  if (layout === 'stacked') addZoom(room, made);
  return made;
}

const zooms: readonly (readonly [
  string,
  string | undefined,
  (from: number, to: number) => readonly [number, number],
])[] = [
  ['+', 'Zoom in', (from, to) => [from + (to - from) / 4, to - (to - from) / 4]],
  ['−', 'Zoom out', (from, to) => [from - (to - from) / 2, to + (to - from) / 2]],
  ['←', 'Earlier', (from, to) => [from - (to - from) / 4, to - (to - from) / 4]],
  ['→', 'Later', (from, to) => [from + (to - from) / 4, to + (to - from) / 4]],
  ['whole run', undefined, () => [0, 100]],
];

function addZoom(room: HTMLElement, made: Plot): void {
  const bar = document.createElement('div');
  bar.className = 'zoom';
  bar.setAttribute('role', 'group');
  bar.setAttribute('aria-label', 'Zoom');
  for (const [text, label, change] of zooms) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = text;
    if (label !== undefined) button.setAttribute('aria-label', label);
    button.addEventListener('click', () => made.zoom(change));
    bar.append(button);
  }
  bar.append('or drag over the strip below, or turn the wheel with Ctrl');
  room.before(bar);
}
