import { describe, expect, it } from 'vitest';
import { commonWords } from '../../src/workload/text.ts';
import { readTokenizer } from '../../src/workload/tokenizer.ts';
import { requestSource } from '../../src/workload/workload.ts';
import { prepared } from './prepared.ts';
import { wordTokenizer } from './word-tokenizer.ts';

/** Two thirds of the words are a token each; the others are several. */
const known = commonWords.filter((_, index) => index % 3 > 0);
const json = wordTokenizer(known, { beginsWith: '<s>' });
const assets = new Map([['t.json', [{ name: 't.json', bytes: new TextEncoder().encode(json) }]]]);

describe('a tokenizer', () => {
  it('counts a text as the model gets it, with what begins a prompt', async () => {
    const { count } = await readTokenizer(json);
    expect([count(''), count('again'), count('again again'), count('xxx')]).toEqual([1, 2, 3, 1 + 3]);
  });

  it('makes prompts of exactly the tokens asked for', async () => {
    const { count } = await readTokenizer(json);
    const workload = await prepared(
      {
        kind: 'text',
        prompt: {
          tokens: { kind: 'uniform', min: 5, max: 400 },
          tokenizer: 't.json',
          sharedPrefix: { ratio: 0.5, tokens: 50 },
        },
        output: { maxNewTokens: 1 },
        parameters: {},
        stream: true,
      },
      { assets },
    );
    const requestOf = requestSource(workload, 42);
    for (let index = 0; index < 200; index++) {
      const { prompt, askedInputTokens } = requestOf([index]);
      expect(count(prompt)).toBe(askedInputTokens);
    }
  });

  it('is refused with a reason where it is none, or takes plain words apart', async () => {
    const open = async (text: string) => {
      const bytes = new TextEncoder().encode(text);
      const prompt = { tokens: 5, tokenizer: 't.json' };
      await prepared(
        { kind: 'text', prompt, output: { maxNewTokens: 1 }, parameters: {}, stream: true },
        { assets: new Map([['t.json', [{ name: 't.json', bytes }]]]) },
      );
    };
    await expect(open('{')).rejects.toThrow(/^t\.json: expected the tokenizer\.json of a model, got: /);
    await expect(open('{"model": {}}')).rejects.toThrow(/^t\.json: expected the tokenizer\.json of a model, got: /);
    await expect(open(wordTokenizer(['again', 'all']))).rejects.toThrow(/common English words are a token each/);
  });
});
