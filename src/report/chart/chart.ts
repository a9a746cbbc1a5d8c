/** A chart as part of a document: what is drawn, in numbers and words, before it is drawn in any format. */
import type { Table } from '../document.ts';

export interface Chart {
  readonly kind: 'chart';
  /** In kebab-case, its own in a document: the name of its SVG file. */
  readonly name: string;
  readonly title: string;
  /** What it shows and how to read it, for everybody and for those who cannot see it. */
  readonly summary: string;
  /** `beside`: small multiples, each with its own axes. `stacked`: below each other on one x axis, read and zoomed together. */
  readonly layout: 'beside' | 'stacked';
  readonly panels: readonly Panel[];
  /** The numbers it was drawn from, or as many as can be read. */
  readonly table: Table;
  readonly notes?: readonly string[];
}

export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Lines across at a value of y: objectives. */
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
  /** Stretches of x with a name: what was asked for meanwhile. */
  readonly spans?: readonly Span[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
  readonly format: NumberFormat;
  /** Where to put its labels; undefined: wherever they fit. */
  readonly ticks?: readonly number[];
  readonly min?: number;
  readonly max?: number;
}

/** `tail`: 1/(1 − q) of a quantile q, shown as its percentage. `seconds`: since the run began. */
export type NumberFormat = 'number' | 'ratio' | 'tail' | 'seconds';

export interface Series {
  /** Series of one label are one thing, in every panel: they share an entry of the legend. */
  readonly label: string;
  /** Its place in the palette. */
  readonly colour: number;
  readonly style: 'line' | 'steps' | 'points' | 'bars';
  /** 0 to 1: what matters most is drawn boldest. */
  readonly weight?: number;
  readonly dashed?: boolean;
  /** What stands at its end, or else it is told from the others by the legend. */
  readonly endLabel?: string;
  readonly points: readonly Point[];
}

/** null leaves a gap: missing is never zero. */
export type Point = readonly [x: number, y: number | null, label?: string];

/** The entries of a chart's legend: its labels with their colours, where colour is what tells them apart. */
export function legendOf({ panels }: Chart): { readonly label: string; readonly colour: number }[] {
  const entries = new Map<string, number>();
  for (const { label, colour, endLabel } of panels.flatMap(panel => panel.series)) {
    if (endLabel === undefined && !entries.has(label)) entries.set(label, colour);
  }
  return [...entries].map(([label, colour]) => ({ label, colour })).sort((a, b) => a.colour - b.colour);
}
