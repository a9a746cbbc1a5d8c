import { describe, expect, it } from 'vitest';
import type { Workload } from '../../src/scenario/workload.ts';
import { cutOf, type ModelFacts, ownWords } from '../../src/workload/prompt.ts';
import { requestSource } from '../../src/workload/workload.ts';
import { prepared } from './prepared.ts';

const workload = (prompt: Workload['prompt']): Workload => ({
  kind: 'text',
  prompt,
  output: { maxNewTokens: 1 },
  parameters: {},
  stream: true,
});
const promptFile = (text: string) => new Map([['p.txt', [{ name: 'p.txt', bytes: new TextEncoder().encode(text) }]]]);

/** The first prompts of a workload. */
async function prompts(prompt: Workload['prompt'], facts: ModelFacts = {}, text = '') {
  const requestOf = requestSource(await prepared(workload(prompt), { assets: promptFile(text) }), 42, facts);
  return Array.from({ length: 400 }, (_, index) => requestOf([index]));
}

const words = (text: string) => text.split(' ').length;
const beginning = (text: string) => text.split(' ').slice(0, 40).join(' ');

describe('a shared prefix', () => {
  it('begins as many prompts as it is said to, before words of their own', async () => {
    const drawn = await prompts({ tokens: 60, sharedPrefix: { ratio: 0.25, tokens: 40 } });
    const shared = drawn.filter(({ prompt }) => words(prompt) === 100);
    expect(Math.abs(shared.length - 100)).toBeLessThan(30);
    expect(new Set(shared.map(({ prompt }) => beginning(prompt))).size).toBe(1);
    expect(new Set(shared.map(({ prompt }) => prompt)).size).toBe(shared.length);
    expect(shared.every(({ askedInputTokens }) => askedInputTokens === 100)).toBe(true);
    const rest = drawn.filter(each => !shared.includes(each));
    expect(rest.every(({ prompt, askedInputTokens }) => words(prompt) === 60 && askedInputTokens === 60)).toBe(true);
    expect(new Set(rest.map(({ prompt }) => beginning(prompt))).size).toBe(rest.length);
  });

  it('stands before the prompts of a file', async () => {
    const drawn = await prompts({ file: 'p.txt', sharedPrefix: { ratio: 1, tokens: 40 } }, {}, 'Why?');
    expect(drawn.every(({ prompt }) => prompt.endsWith('\n\nWhy?') && words(prompt) === 40)).toBe(true);
  });

  it('counts towards what a preset is cut to', async () => {
    const drawn = await prompts({ preset: 'agent', sharedPrefix: { ratio: 1, tokens: 100 } }, { maxInputTokens: 1000 });
    expect(Math.max(...drawn.map(({ askedInputTokens }) => askedInputTokens ?? 0))).toBe(950);
  });
});

describe('the prompts of a file', () => {
  it('are all asked before one is asked again, and begin with words of their own where they are to be unique', async () => {
    const text = Array.from({ length: 100 }, (_, line) => `prompt ${line}`).join('\n');
    const drawn = await prompts({ file: 'p.txt' }, {}, text);
    for (const from of [0, 100, 200, 300])
      expect(new Set(drawn.slice(from, from + 100).map(({ prompt }) => prompt)).size).toBe(100);
    const unique = await prompts({ file: 'p.txt', unique: true }, {}, text);
    expect(unique.map(({ prompt }) => prompt.split('\n\n')[1])).toEqual(drawn.map(({ prompt }) => prompt));
    expect(new Set(unique.map(({ prompt }) => prompt.split('\n\n')[0])).size).toBe(400);
    expect(unique.every(({ prompt }) => words(prompt.split('\n\n')[0] ?? '') === ownWords)).toBe(true);
  });

  it('are asked as they stand, each of them some time, in an order the seed decides', async () => {
    const drawn = await prompts({ file: 'p.txt' }, {}, 'one\ntwo\nthree');
    expect(new Set(drawn.map(({ prompt }) => prompt))).toEqual(new Set(['one', 'two', 'three']));
    expect(drawn.every(({ askedInputTokens }) => askedInputTokens === undefined)).toBe(true);
    expect(await prompts({ file: 'p.txt' }, {}, 'one\ntwo\nthree')).toEqual(drawn);
  });
});

describe('a text', () => {
  it('is the same each time, or begins with words of its own each time', async () => {
    expect(new Set((await prompts({ text: 'Why?' })).map(({ prompt }) => prompt))).toEqual(new Set(['Why?']));
    const unique = await prompts({ text: 'Why?', unique: true });
    expect(new Set(unique.map(({ prompt }) => prompt)).size).toBe(400);
    expect(unique.every(({ prompt }) => prompt.endsWith('\n\nWhy?'))).toBe(true);
  });
});

describe('what a server has said of how it counts', () => {
  it('decides how many words a length is', async () => {
    const [first] = await prompts({ tokens: 126 }, { tokensOfWords: { perPromptTokens: 6, perWordTokens: 1.2 } });
    expect([words(first?.prompt ?? ''), first?.askedInputTokens]).toEqual([100, 126]);
  });
});

describe('an answer', () => {
  it('is asked to be no longer than fits beside its prompt and its picture', async () => {
    const requests = async (facts: ModelFacts) => {
      const requestOf = requestSource(
        await prepared({ ...workload({ preset: 'chat' }), output: undefined }),
        42,
        facts,
      );
      return Array.from({ length: 400 }, (_, index) => requestOf([index]));
    };
    const limits = { maxInputTokens: 2_000, maxTotalTokens: 2_200 };
    const cut = await requests(limits);
    for (const { askedInputTokens = Number.NaN, maxNewTokens } of cut) {
      expect(askedInputTokens + maxNewTokens).toBeLessThanOrEqual(2_090);
      expect(maxNewTokens).toBeGreaterThanOrEqual(1);
    }
    const whole = await requests({ maxInputTokens: 2_000 });
    expect(cut.map(({ prompt }) => prompt)).toEqual(whole.map(({ prompt }) => prompt));
    expect(cut.some(({ maxNewTokens }, i) => maxNewTokens < (whole[i]?.maxNewTokens ?? 0))).toBe(true);
    const pictureTokens = { chat: { '8x8': 300 } };
    for (const { askedInputTokens = Number.NaN, maxNewTokens } of await requests({ ...limits, pictureTokens }))
      expect(askedInputTokens + maxNewTokens + 300).toBeLessThanOrEqual(2_090);
  });
});

describe('cutOf', () => {
  it('says how many prompts of a preset are cut, and to what', async () => {
    const preset = await prepared(workload({ preset: 'chat' }));
    expect(cutOf(preset, { maxInputTokens: 2000 })).toMatchObject({ tokens: 1900 });
    expect(cutOf(preset, { maxInputTokens: 2000 })?.ratio).toBeCloseTo(0.15, 2);
    expect(cutOf(preset, { maxInputTokens: 100_000 })).toBeUndefined();
    expect(cutOf(preset, {})).toBeUndefined();
    const fixed = await prepared(workload({ tokens: 100 }));
    expect(cutOf(fixed, { maxInputTokens: 100 })).toEqual({ tokens: 95 });
    expect(cutOf(fixed, { maxInputTokens: 106 })).toBeUndefined();
    expect(cutOf(await prepared(workload({ text: 'Why?' })), { maxInputTokens: 1 })).toBeUndefined();
    const pictureTokens = { chat: { '64x64': 600, '512x512': 1000 }, other: { '8x8': 1900 } };
    expect(cutOf(preset, { maxInputTokens: 2000, pictureTokens })).toMatchObject({ tokens: 950 });
  });
});
