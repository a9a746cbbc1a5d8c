import { visible } from '../document.ts';

/** Text that is HTML already; whatever is not, is escaped on its way into one. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | readonly Markup[] | undefined;

/** HTML from a template: what is put into it is text and shows as text, unless it is HTML from here. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: strings.map((text, i) => (i === 0 ? '' : shown(parts[i - 1])) + text).join('') };
}

/** HTML that was made elsewhere, of parts that were escaped there. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** Several one after the other. */
export function joined(parts: readonly Markup[]): Markup {
  return { markup: parts.map(({ markup }) => markup).join('') };
}

function shown(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return 'markup' in part ? part.markup : joined(part).markup;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, character => entities[character] as string);
}
