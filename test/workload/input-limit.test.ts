import { describe, expect, it } from 'vitest';
import type { Workload } from '../../src/scenario/workload.ts';
import { tooLong } from '../../src/workload/input-limit.ts';
import { commonWords } from '../../src/workload/text.ts';
import { prepared } from './prepared.ts';
import { wordTokenizer } from './word-tokenizer.ts';

const file = (name: string, text: string) => [name, [{ name, bytes: new TextEncoder().encode(text) }]] as const;
const tokenizer = file('t.json', wordTokenizer(commonWords));

/** What of a workload is too long for a model that takes ten tokens. */
async function problems(
  prompt: Workload['prompt'],
  prompts = '',
  picture?: { size: string; tokens: number },
): Promise<string[]> {
  const workload = { kind: 'text', prompt, output: { maxNewTokens: 1 }, parameters: {}, stream: true } as const;
  return tooLong(await prepared(workload, { assets: new Map([file('p.txt', prompts), tokenizer]) }), 10, picture);
}

describe('tooLong', () => {
  it('names the lines of a file that are longer than a model takes', async () => {
    const long = 'a word and another '.repeat(3);
    expect(await problems({ file: 'p.txt' }, `short\n${long}\nshort\n${long}`)).toEqual([
      'p.txt:2: expected at most 10 tokens, got at least 12',
      'p.txt:4: expected at most 10 tokens, got at least 12',
    ]);
  });

  it('counts with the tokenizer where there is one', async () => {
    expect(await problems({ file: 'p.txt', tokenizer: 't.json' }, 'again zzzzzzzzzzzz')).toEqual([
      'p.txt:1: expected at most 10 tokens, got 14',
    ]);
    expect(await problems({ file: 'p.txt' }, 'again zzzzzzzzzzzz')).toEqual([]);
  });

  it('names the prompt of the scenario, and lengths that can go beyond the limit', async () => {
    const text = 'one two three four five six seven eight nine ten eleven';
    expect(await problems({ text })).toEqual([
      'workloads.chat.prompt.text: expected at most 10 tokens, got at least 11',
    ]);
    expect(await problems({ tokens: { kind: 'uniform', min: 5, max: 11 } })).toEqual([
      'workloads.chat.prompt: expected at most 10 tokens, got up to 11',
    ]);
    expect(await problems({ tokens: 8, sharedPrefix: { ratio: 0.5, tokens: 3 } })).toHaveLength(1);
  });

  it('leaves a preset alone, which is cut, and whatever fits', async () => {
    expect(await problems({ preset: 'agent' })).toEqual([]);
    expect(await problems({ tokens: 10 })).toEqual([]);
  });

  it('counts the picture in, of whatever prompt it stands beside', async () => {
    const picture = { size: '64x64', tokens: 8 };
    const share = ', 8 of them for a picture of 64x64';
    expect(await problems({ text: 'one two three' }, '', picture)).toEqual([
      `workloads.chat.prompt.text: expected at most 10 tokens, got at least 11${share}`,
    ]);
    expect(await problems({ file: 'p.txt' }, 'one two\none two three', picture)).toEqual([
      `p.txt:2: expected at most 10 tokens, got at least 11${share}`,
    ]);
    expect(await problems({ tokens: { kind: 'uniform', min: 1, max: 3 } }, '', picture)).toEqual([
      `workloads.chat.prompt: expected at most 10 tokens, got up to 11${share}`,
    ]);
    expect(await problems({ preset: 'agent' }, '', picture)).toEqual([]);
    expect(await problems({ tokens: 2 }, '', picture)).toEqual([]);
  });

  it('says once that a picture alone is too long', async () => {
    const picture = { size: '512x512', tokens: 12 };
    for (const prompt of [{ preset: 'chat' as const }, { text: 'Why?' }, { file: 'p.txt' }])
      expect(await problems(prompt, 'a\nb', picture)).toEqual([
        'workloads.chat.prompt: expected at most 10 tokens, got up to 12, 12 of them for a picture of 512x512',
      ]);
  });

  it('tells a few of many', async () => {
    const found = await problems({ file: 'p.txt' }, `${'word '.repeat(11)}\n`.repeat(20));
    expect(found).toHaveLength(6);
    expect(found.at(-1)).toBe('workloads.chat: and 15 more prompts as long');
  });
});
