/** The words of a request: given, from a file, or made up to a length in tokens. */
import { type Random, seededRandom } from '../random.ts';
import { lengthOf, longestOf, shareAbove } from './lengths.ts';
import { inPasses } from './passes.ts';
import type { PreparedWorkload } from './prepare.ts';
import { presets } from './presets.ts';
import { commonWords, madeUpText } from './text.ts';
import { type TokensOfWords, type Wording, wordForToken, wordsFor } from './wording.ts';

/** What is known of the model that is asked; it need not be anything. */
export interface ModelFacts {
  /** How the server itself counts plain words. */
  readonly tokensOfWords?: TokensOfWords;
  readonly maxInputTokens?: number;
  /** What a prompt and its answer may have together. */
  readonly maxTotalTokens?: number;
  /** What its pictures are to it, in tokens, by workload and size. */
  readonly pictureTokens?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A prompt and, where it was made to a length, how many tokens that is. */
export interface Prompt {
  readonly text: string;
  readonly askedTokens?: number;
}

/**
 * Draws the prompt of a request by its names, of which the last is its number; where it is made up, `tokens` take the
 * place of the length that the workload asks for.
 */
export type PromptSource = (random: Random, names: readonly (string | number)[], tokens?: number) => Prompt;

/** How many words of its own a given prompt begins with, where it is to be unlike any other. */
export const ownWords = 8;

/** The prompts of a workload for a model. */
export function promptSource(prepared: PreparedWorkload, seed: number, facts: ModelFacts): PromptSource {
  const { prompt } = prepared.workload;
  const wording = wordingOf(prepared, facts);
  const { words, perWordTokens } = wording;
  const { ratio, tokens: prefixTokens } = prompt.sharedPrefix ?? { ratio: 0, tokens: 0 };
  const prefixWords = Math.round(prefixTokens / perWordTokens);
  const prefix = madeUpText(prefixWords, words, seededRandom(seed, 'prefix', prepared.name));
  const begins = (random: Random) => ratio > 0 && random.uniform() < ratio;

  const { text } = prompt;
  const given = text === undefined ? prepared.prompts : [{ text }];
  if (given.length > 0) {
    const placeOf = inPasses(given.length, seed, prepared.name);
    return (random, names) => {
      const { text } = given[placeOf(names)] as { text: string };
      const own = prompt.unique ? `${madeUpText(ownWords, words, random)}\n\n${text}` : text;
      return { text: begins(random) ? `${prefix}\n\n${own}` : own };
    };
  }
  const lengths = lengthsOf(prepared);
  const most = mostTokens(prepared, facts);
  return (random, _, tokens = lengthOf(lengths, random)) => {
    const own = Math.min(tokens, most);
    if (!begins(random)) return { text: madeUpText(wordsFor(own, wording), words, random), askedTokens: own };
    const askedTokens = own + prefixTokens;
    const wordsAfter = Math.max(1, wordsFor(askedTokens, wording) - prefixWords);
    return { text: `${prefix} ${madeUpText(wordsAfter, words, random)}`, askedTokens };
  };
}

/**
 * What made-up prompts are cut to for a model, and of a preset the share (0–1) of them that are longer; undefined where
 * nothing is cut.
 */
export function cutOf(prepared: PreparedWorkload, facts: ModelFacts): { tokens: number; ratio?: number } | undefined {
  const { preset, tokens: lengths } = prepared.workload.prompt;
  const tokens = mostTokens(prepared, facts);
  if (preset === undefined) return lengths !== undefined && longestOf(lengths) > tokens ? { tokens } : undefined;
  const ratio = shareAbove(presets[preset].input, tokens);
  return ratio > 0 ? { tokens, ratio } : undefined;
}

/** Without a tokenizer lengths are true within a few percent: what is cut to a limit keeps so far away from it. */
const inexactShare = 0.95;

/** The longest a made-up prompt may be, without its picture and the beginning that it may share. */
function mostTokens({ name, workload, wording }: PreparedWorkload, facts: ModelFacts): number {
  const { maxInputTokens } = facts;
  if (maxInputTokens === undefined) return Number.POSITIVE_INFINITY;
  const limit = maxInputTokens - (costliestPicture(facts, name)?.tokens ?? 0);
  const text = wording === undefined ? Math.floor(limit * inexactShare) : limit;
  return Math.max(1, text - (workload.prompt.sharedPrefix?.tokens ?? 0));
}

/**
 * How long an answer may be beside a prompt that was made to a length, its picture apart. Without a tokenizer the limit
 * of both together keeps the same distance as that of the prompt.
 */
export function answerRoom({ name, wording }: PreparedWorkload, facts: ModelFacts): (promptTokens: number) => number {
  const { maxTotalTokens = Number.POSITIVE_INFINITY } = facts;
  const limit = wording === undefined ? Math.floor(maxTotalTokens * inexactShare) : maxTotalTokens;
  const pictureTokens = costliestPicture(facts, name)?.tokens ?? 0;
  return promptTokens => Math.max(1, limit - promptTokens - pictureTokens);
}

/** The longest prompt that is made up for a model; undefined where prompts are given. */
export function longestPromptTokens(prepared: PreparedWorkload, facts: ModelFacts): number | undefined {
  const { prompt } = prepared.workload;
  if (prompt.preset === undefined && prompt.tokens === undefined) return undefined;
  return Math.min(longestOf(lengthsOf(prepared)), mostTokens(prepared, facts)) + (prompt.sharedPrefix?.tokens ?? 0);
}

/** The size of a workload's pictures that costs a model most; undefined where none is known. */
export function costliestPicture(
  { pictureTokens }: ModelFacts,
  workload: string,
): { readonly size: string; readonly tokens: number } | undefined {
  const sizes = Object.entries(pictureTokens?.[workload] ?? {}).map(([size, tokens]) => ({ size, tokens }));
  return sizes.toSorted((a, b) => b.tokens - a.tokens)[0];
}

function wordingOf({ wording }: PreparedWorkload, { tokensOfWords = wordForToken }: ModelFacts): Wording {
  return wording ?? { words: commonWords, ...tokensOfWords };
}

function lengthsOf({ workload: { prompt } }: PreparedWorkload) {
  return prompt.preset === undefined ? (prompt.tokens ?? 1) : presets[prompt.preset].input;
}
