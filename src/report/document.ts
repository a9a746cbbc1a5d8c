/**
 * What a report says, before it is said in any format: headings, text, tables and charts, with footnotes where a number
 * has to be doubted. A report is a function that gives a document; terminal, Markdown, HTML and CSV are functions of one.
 * Invariant: a number is formatted once, here or before; a renderer only lays out.
 */
import type { Chart } from './chart/chart.ts';

export interface Document {
  readonly title: string;
  /** What must be seen with any part of it that is shown alone, such as that its figures are simulated. */
  readonly stamp?: string;
  readonly blocks: readonly Block[];
}

export type Block =
  /** `level` 3 is a part of the section that the last heading of level 2 began. */
  | { readonly kind: 'heading'; readonly text: string; readonly level?: 2 | 3 }
  | { readonly kind: 'paragraph'; readonly text: string; readonly notes?: readonly string[] }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | Callout
  | Figures
  | Facts
  | Table
  | Chart;

/** How something is to be taken: `bad` cannot be used or was missed, `doubt` is to be read with care. */
export type Tone = 'good' | 'doubt' | 'bad' | 'plain';

/** What must be read before anything else: a verdict, a warning, where figures come from. */
export interface Callout {
  readonly kind: 'callout';
  readonly tone: Tone;
  readonly text: string;
  readonly items?: readonly string[];
}

/** The few numbers that answer the question the report was made for. */
export interface Figures {
  readonly kind: 'figures';
  readonly items: readonly Figure[];
}

export interface Figure {
  readonly label: string;
  readonly text: string;
  readonly unit?: string;
  /** Where and under which condition it was measured. */
  readonly detail?: string;
  readonly tone?: Tone;
  readonly notes?: readonly string[];
}

/** Names with what stands behind them: how something was measured, what it ran on. */
export interface Facts {
  readonly kind: 'facts';
  readonly items: readonly { readonly label: string; readonly text: string }[];
}

export interface Table {
  readonly kind: 'table';
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly TableCell[])[];
}

export interface Column {
  readonly label: string;
  /** What several columns side by side have in common, such as the metric of some quantiles. */
  readonly group?: string;
  readonly align: 'left' | 'right';
  /** Which way its numbers are good, where there is one. */
  readonly better?: 'lower' | 'higher';
}

export interface TableCell {
  readonly text: string;
  /** The number as it was before it was rounded for people; null: missing. For CSV. */
  readonly value?: number | null;
  /** How many requests stand behind it. */
  readonly n?: number;
  /** Why it has to be read with care. */
  readonly notes?: readonly string[];
  readonly tone?: Tone;
  /** How far it stands from its like, −1 (as much better as is shown) to 1 (as much worse): a shade of the cell. */
  readonly heat?: number;
  /** The share of a whole that it is, 0 to 1: the length of a bar behind it. */
  readonly bar?: number;
}

/** A figure on one line. */
export function figureText({ label, text, unit, detail }: Figure): string {
  return `${label}: ${text}${unit === undefined ? '' : ` ${unit}`}${detail === undefined ? '' : ` (${detail})`}`;
}

/** Numbers the notes of a document in the order in which they stand; equal notes share a number. */
export function footnotes(document: Document): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const note of document.blocks.flatMap(notesOf)) {
    if (!numbers.has(note)) numbers.set(note, numbers.size + 1);
  }
  return numbers;
}

function notesOf(block: Block): readonly string[] {
  switch (block.kind) {
    case 'table':
      return block.rows.flat().flatMap(cell => cell.notes ?? []);
    case 'figures':
      return block.items.flatMap(item => item.notes ?? []);
    case 'paragraph':
    case 'chart':
      return block.notes ?? [];
    default:
      return [];
  }
}

/** Nobody reads further; a body of megabytes would only hide the rest. */
const longest = 4_000;

/**
 * Text from servers and files as it may be shown: what would move the cursor, hide, or turn the direction of writing
 * is made visible instead, and what goes on for ever is cut.
 */
export function visible(text: string): string {
  const cut = text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length - longest} characters more)`;
  return cut.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    character =>
      character === '\n' || character === '\t' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same value, every text in it as it may be shown. */
export function allVisible<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? visible(each) : each)),
  ) as T;
}
