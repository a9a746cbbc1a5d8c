/**
 * What a report says, before it is said in any format: headings, paragraphs, lists and tables, with footnotes where a
 * number has to be doubted. Invariant: a number is formatted once, here or before; a renderer only lays out.
 */
export interface Document {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | Table;

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
}

export interface TableCell {
  readonly text: string;
  /** Why it has to be read with care. */
  readonly notes?: readonly string[];
}

/** Numbers the notes of a document in the order in which they stand; equal notes share a number. */
export function footnotes(document: Document): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const block of document.blocks) {
    if (block.kind !== 'table') continue;
    for (const note of block.rows.flat().flatMap(cell => cell.notes ?? [])) {
      if (!numbers.has(note)) numbers.set(note, numbers.size + 1);
    }
  }
  return numbers;
}

/**
 * Text from servers and files as it may be shown: what would move the cursor, hide, or turn the direction of writing
 * is made visible instead.
 */
export function visible(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    character => {
      return character === '\n' || character === '\t'
        ? ' '
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    },
  );
}
