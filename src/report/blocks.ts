import type { Block } from './document.ts';

/** A heading. */
export const heading = (text: string): Block => ({ kind: 'heading', text });

/** A heading and what stands under it; nothing where there is nothing. */
export function section(text: string, blocks: readonly Block[]): Block[] {
  return blocks.length === 0 ? [] : [heading(text), ...blocks];
}

/** Words that stand out. Nothing where there are no items for it; without a list it stands by itself. */
export function callout(tone: 'bad' | 'doubt' | 'plain', text: string, items?: readonly string[]): Block[] {
  if (items?.length === 0) return [];
  return [{ kind: 'callout', tone, text, ...(items === undefined ? {} : { items }) }];
}
