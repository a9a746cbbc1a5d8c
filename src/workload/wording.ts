/** How plain English becomes tokens: which words to use, and how many of them are so many tokens to a model. */
import { commonWords } from './text.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A prompt of n words (n ≥ 1) has `perPromptTokens + n · perWordTokens` tokens. */
export interface TokensOfWords {
  readonly perPromptTokens: number;
  readonly perWordTokens: number;
}

/** Until something better is known: most tokenizers take most common words for one token each. */
export const wordForToken: TokensOfWords = { perPromptTokens: 0, perWordTokens: 1 };

/** How many words come closest to so many tokens; at least one. */
export function wordsFor(tokens: number, { perPromptTokens, perWordTokens }: TokensOfWords): number {
  return Math.max(1, Math.round((tokens - perPromptTokens) / perWordTokens));
}

/** A prompt of so many words, and how many tokens the server said it was. */
export interface CountedPrompt {
  readonly words: number;
  readonly tokens: number;
}

/** The line through two prompts of different lengths; undefined where it cannot be how words are counted. */
export function calibrated(short: CountedPrompt, long: CountedPrompt): TokensOfWords | undefined {
  const perWordTokens = (long.tokens - short.tokens) / (long.words - short.words);
  // Short common words are one token or a few, and what comes with a prompt (a beginning, a template) is never negative
  // but for rounding; a server that says anything else has cut the prompt or counts something else.
  if (!(perWordTokens >= 0.5 && perWordTokens <= 5)) return undefined;
  return { perPromptTokens: Math.max(0, short.tokens - perWordTokens * short.words), perWordTokens };
}

/** The words to make prompts of. */
export interface Wording extends TokensOfWords {
  readonly words: readonly string[];
}

/** With fewer, prompts would begin alike. */
const fewestWords = 100;

/** With a tokenizer only words that are one token each wherever they stand, so that lengths are exact; undefined where it has too few. */
export function exactWording(tokenizer: Tokenizer): Wording | undefined {
  const perPromptTokens = tokenizer.count('');
  const words = commonWords.filter(
    word => tokenizer.count(word) === perPromptTokens + 1 && tokenizer.count(`${word} ${word}`) === perPromptTokens + 2,
  );
  const isExact = tokenizer.count(words.join(' ')) === perPromptTokens + words.length;
  return isExact && words.length >= fewestWords ? { words, perPromptTokens, perWordTokens: 1 } : undefined;
}
