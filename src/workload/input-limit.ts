import { longestOf } from './lengths.ts';
import type { PreparedWorkload } from './prepare.ts';
import { ownWords } from './prompt.ts';

/** How many prompts of a file that are too long are told. */
const problemsTold = 5;

/**
 * What of a workload is longer than a model takes, each as `where: expected …, got …`. A text is counted with its
 * tokenizer; without one a word is taken for a token, which is fewer than it has. Presets are cut, and too long only
 * where the picture beside them is.
 */
export function tooLong(
  { name, workload, prompts, tokenizer }: PreparedWorkload,
  maxInputTokens: number,
  picture?: { readonly size: string; readonly tokens: number },
): string[] {
  const { prompt } = workload;
  const ownTokens = prompt.unique ? ownWords : 0;
  const prefixTokens = (prompt.sharedPrefix?.tokens ?? 0) + ownTokens + (picture?.tokens ?? 0);
  const share = picture === undefined ? '' : `, ${picture.tokens} of them for a picture of ${picture.size}`;
  const told = (where: string, got: string) =>
    `${where}: expected at most ${maxInputTokens} tokens, got ${got}${share}`;
  const problems: string[] = [];
  const longest = (prompt.tokens === undefined ? 0 : longestOf(prompt.tokens)) + prefixTokens;
  if (longest > maxInputTokens) return [told(`workloads.${name}.prompt`, `up to ${longest}`)];
  const given = prompt.text === undefined ? prompts : [{ text: prompt.text, where: `workloads.${name}.prompt.text` }];
  for (const { text, where } of given) {
    // No text has more tokens than UTF-8 bytes, of which a character has at most four.
    if (text.length * 4 + prefixTokens <= maxInputTokens) continue;
    const tokens = (tokenizer?.count(text) ?? wordsIn(text)) + prefixTokens;
    if (tokens > maxInputTokens)
      problems.push(told(where, tokenizer === undefined ? `at least ${tokens}` : `${tokens}`));
  }
  return problems.length > problemsTold
    ? [
        ...problems.slice(0, problemsTold),
        `workloads.${name}: and ${problems.length - problemsTold} more prompts as long`,
      ]
    : problems;
}

function wordsIn(text: string): number {
  return text.trim().split(/\s+/).length;
}
