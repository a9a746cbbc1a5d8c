/** Charts as SVG, without a screen: in a page where nothing reads it with a pointer, and as files beside Markdown. */
import { allVisible, visible } from '../document.ts';
import { type Chart, legendOf, type Panel } from './chart.ts';
import { heightOf } from './drawing.ts';
import { init } from './echarts.ts';
import { chartOption } from './option.ts';
import { dark, light, sansSerif, seriesColour, translation } from './theme.ts';

/** The pictures of a chart, one a panel or one for all that are stacked, each `<svg>…</svg>` in the light colours. */
export function panelSvgs(chart: Chart, width: number): string[] {
  return drawings(chart).map((panels, i) => draw(panels, width, `${chart.name}-${i}`));
}

/** What is drawn together: each panel alone, or all that share an axis. */
export function drawings({ layout, panels }: Chart): (readonly Panel[])[] {
  return layout === 'stacked' ? [panels] : panels.map(panel => [panel]);
}

/** A CSS rule that gives each colour of the light theme in drawings below `selector` its dark one. */
export function darkRules(selector: string): string {
  return translation(light, dark)
    .flatMap(([from, to]) => [
      `${selector} [fill="${from}"]{fill:${to}}`,
      `${selector} [stroke="${from}"]{stroke:${to}}`,
    ])
    .join('');
}

const file = { width: 1000, padding: 16, gap: 20, title: 30, legendLine: 20, panelTitle: 20 };

/** A chart as a file of its own: its title, the stamp of its document, its legend and its panels, light or dark as its reader likes it. */
export function chartSvg(chart: Chart, stamp: string | undefined): string {
  const inner = file.width - 2 * file.padding;
  const across = chart.layout === 'stacked' ? 1 : Math.max(2, Math.min(3, chart.panels.length));
  const width = Math.floor((inner - (across - 1) * file.gap) / across);
  const entries = legendOf(chart);
  const lines = entries.length > 1 ? legendLines(entries, inner) : [];
  const top = file.padding + file.title + lines.length * file.legendLine + 6;
  const titleHeight = chart.layout === 'stacked' ? 0 : file.panelTitle;
  const pictures = panelSvgs(chart, width);
  const rowHeight = heightOf(drawings(chart)[0] ?? [], false) + titleHeight + file.gap;
  const rows = Math.ceil(pictures.length / across);
  const height = top + rows * rowHeight;
  const placed = pictures.map((picture, i) => {
    const [x, y] = [file.padding + (i % across) * (width + file.gap), top + Math.floor(i / across) * rowHeight];
    const title = titleHeight === 0 ? '' : text(chart.panels[i]?.title ?? '', x, y + 12, 12.5, light.ink, 600);
    return `${title}<g transform="translate(${x} ${y + titleHeight})">${picture}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${file.width}" height="${height}" viewBox="0 0 ${file.width} ${height}" role="img" font-family="${escaped(sansSerif)}">`,
    `<title>${escaped(chart.title)}</title><desc>${escaped(chart.summary)}</desc>`,
    `<style>@media (prefers-color-scheme:dark){${darkRules('svg')}}</style>`,
    `<rect width="100%" height="100%" rx="6" fill="${light.surface}"/>`,
    text(chart.title, file.padding, file.padding + 14, 15, light.ink, 600),
    ...(stamp === undefined
      ? []
      : [text(stamp.toUpperCase(), file.width - file.padding, file.padding + 14, 11, light.doubt, 600, 'end')]),
    ...lines.flatMap((line, i) =>
      line.map(({ x, label, colour }) => {
        const y = file.padding + file.title + i * file.legendLine + 8;
        const swatch = `<rect x="${file.padding + x}" y="${y - 8}" width="12" height="8" rx="2" fill="${seriesColour(light, colour)}"/>`;
        return swatch + text(label, file.padding + x + 18, y, 12, light.muted, 400);
      }),
    ),
    ...placed,
    '</svg>\n',
  ].join('\n');
}

function legendLines(entries: ReturnType<typeof legendOf>, width: number) {
  const lines: { x: number; label: string; colour: number }[][] = [[]];
  let x = 0;
  for (const entry of entries) {
    const needs = entry.label.length * 6.6 + 40;
    if (x > 0 && x + needs > width) {
      lines.push([]);
      x = 0;
    }
    lines.at(-1)?.push({ x, ...entry });
    x += needs;
  }
  return lines;
}

function draw(panels: readonly Panel[], width: number, id: string): string {
  const height = heightOf(panels, false);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(chartOption(allVisible(panels), { theme: light, width, interactive: false }));
    return cleaned(chart.renderToSVGString(), id);
  } finally {
    chart.dispose();
  }
}

/** Without what only a pointer needs, and with ids that are the same each time and belong to one drawing. */
function cleaned(svg: string, id: string): string {
  return svg
    .replaceAll(/<style ?>[\s\S]*?<\/style>/g, '')
    .replaceAll(/ (ecmeta_\w+|class|pointer-events|xml:space|xmlns:xlink|baseProfile|version)="[^"]*"/g, '')
    .replaceAll(/font-family:[^;"]*;?/g, '')
    .replaceAll(/\bzr\d+-c/g, `${id}-clip-`)
    .replaceAll(/ (?:d|transform)="[^"]*"/g, path => path.replaceAll(/(\.\d)\d+/g, '$1'))
    .replaceAll(/\n+/g, '');
}

function text(
  content: string,
  x: number,
  y: number,
  size: number,
  colour: string,
  weight: number,
  anchor: 'start' | 'end' = 'start',
): string {
  return `<text text-anchor="${anchor}" x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return visible(content)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
