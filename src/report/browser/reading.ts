/** What can be read off a chart at one place, for a pointer, for keys and for a screen reader alike. */
import { readNumber } from '../chart/axis.ts';
import type { Panel, Series } from '../chart/chart.ts';

export interface Reading {
  /** Where it was read. */
  readonly at: string;
  readonly rows: readonly {
    readonly title: string | undefined;
    readonly values: readonly { readonly label: string; readonly colour: number; readonly text: string }[];
  }[];
}

/** Everything that lies at `x`, panel by panel; of each series its nearest point. */
export function readAt(panels: readonly Panel[], x: number, hidden: ReadonlySet<string>): Reading {
  const { format, label } = (panels[0] as Panel).x;
  const at = format === 'number' ? `${readNumber(x, format)} ${label}` : readNumber(x, format);
  const rows = panels.map(panel => ({
    title: panels.length > 1 ? panel.title : undefined,
    values: panel.series
      .filter(series => series.style !== 'points' && !hidden.has(series.label))
      .flatMap(series => {
        const y = valueAt(series, x);
        return y === undefined || y === null
          ? []
          : [{ label: series.label, colour: series.colour, text: readNumber(y, panel.y.format) }];
      }),
  }));
  return { at, rows: rows.filter(({ values }) => values.length > 0) };
}

/** One point by itself. */
export function readPoint(panel: Panel, series: Series, index: number): Reading | undefined {
  const point = series.points[index];
  if (point === undefined || point[1] === null) return undefined;
  const [x, y, label] = point;
  const line = (axis: Panel['x'], value: number) => ({
    label: axis.label,
    colour: series.colour,
    text: readNumber(value, axis.format),
  });
  return {
    at: series.label + (label === undefined ? '' : `, load ${label}`),
    rows: [
      { title: undefined, values: [line(panel.x, x)] },
      { title: undefined, values: [line(panel.y, y)] },
    ],
  };
}

/** All places at which something can be read, in order. */
export function placesOf(panels: readonly Panel[]): number[] {
  const all = panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x)));
  return [...new Set(all)].sort((a, b) => a - b);
}

/** A reading as a sentence. */
export function spoken({ at, rows }: Reading): string {
  return [
    at,
    ...rows.flatMap(({ title, values }) =>
      values.map(({ label, text }) => `${title === undefined ? '' : `${title} `}${label} ${text}`),
    ),
  ].join('; ');
}

function valueAt({ points }: Series, x: number): number | null | undefined {
  let nearest: Series['points'][number] | undefined;
  for (const point of points) {
    if (nearest === undefined || Math.abs(point[0] - x) < Math.abs(nearest[0] - x)) nearest = point;
  }
  return nearest?.[1];
}
