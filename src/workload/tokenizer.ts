import { messageOf } from '../errors.ts';

/** A model's own tokenizer, for counting. */
export interface Tokenizer {
  /** Tokens of a text as the model gets it, special tokens and all. */
  count(text: string): number;
}

/** Reads a `tokenizer.json`. Rejects with an Error that says what is wrong with it. */
export async function readTokenizer(text: string): Promise<Tokenizer> {
  const { Tokenizer: HubTokenizer } = await import('@huggingface/tokenizers'); // only who has one waits for it to load
  try {
    const tokenizer = new HubTokenizer(JSON.parse(text) as object, {});
    tokenizer.encode('one word');
    return { count: prompt => tokenizer.encode(prompt).ids.length };
  } catch (cause) {
    throw new Error(`expected the tokenizer.json of a model, got: ${messageOf(cause)}`, { cause });
  }
}
