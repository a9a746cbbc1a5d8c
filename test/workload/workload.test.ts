import { describe, expect, it } from 'vitest';
import { tgi } from '../../src/protocol/tgi.ts';
import type { Lengths, Workload } from '../../src/scenario/workload.ts';
import { type RequestSource, requestSource } from '../../src/workload/workload.ts';
import { prepared } from './prepared.ts';

const chat: Workload = {
  kind: 'text',
  prompt: { tokens: 64 },
  output: { maxNewTokens: 150 },
  parameters: { temperature: 0.7, do_sample: true },
  stream: true,
};

const source = async (workload: Partial<Workload>, seed = 42, name = 'chat') =>
  requestSource(await prepared({ ...chat, ...workload }, { seed, name }), seed);

const indices = (count: number) => Array.from({ length: count }, (_, index) => index);
const words = (text: string) => text.split(' ');
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map(value => value ** 2)) - mean(values) ** 2);

/** Output lengths of the first requests. */
async function lengths(maxNewTokens: Lengths, count = 20_000): Promise<number[]> {
  const requestOf = await source({ prompt: { text: 'Hi' }, output: { maxNewTokens } });
  return indices(count).map(index => requestOf(['measured', index]).maxNewTokens);
}

describe('requestSource', () => {
  it('gives the same request for the same names, whoever asks and in whatever order', async () => {
    const [one, other] = await Promise.all([source({}), source({})]);
    const forwards = indices(50).map(index => one(['measured', 0, 1, index]));
    const backwards = indices(50)
      .toReversed()
      .map(index => other(['measured', 0, 1, index]));
    expect(backwards.toReversed()).toEqual(forwards);
    expect(JSON.stringify(one(['measured', 0, 1, 7]))).toBe(JSON.stringify(forwards[7]));
  });

  it('gives other requests for any other name, seed or workload', async () => {
    const sources: [RequestSource, ...(string | number)[]][] = [
      [await source({}), 'measured', 0, 1, 0],
      [await source({}), 'measured', 0, 1, 1],
      [await source({}), 'measured', 0, 2, 0],
      [await source({}), 'measured', 1, 1, 0],
      [await source({}), 'warmup', 0, 1, 0],
      [await source({}, 43), 'measured', 0, 1, 0],
      [await source({}, 42, 'code'), 'measured', 0, 1, 0],
    ];
    expect(new Set(sources.map(([requestOf, ...names]) => requestOf(names).prompt)).size).toBe(sources.length);
  });

  it('gives prompts that share no beginning, so that no cache of prefixes can help', async () => {
    const requestOf = await source({});
    const prompts = indices(1000).map(index => requestOf(['measured', index]).prompt);
    const distinct = (count: number) => new Set(prompts.map(prompt => words(prompt).slice(0, count).join(' '))).size;
    // 1000 draws of about 900 words: two thirds of the words come up; two words in a row hardly ever twice.
    expect(distinct(1)).toBeGreaterThan(500);
    expect(distinct(2)).toBeGreaterThan(990);
    expect(distinct(3)).toBe(1000);
  });

  it('makes prompts of as many words as tokens were asked for', async () => {
    for (const tokens of [1, 2, 128, 2048]) {
      const requestOf = await source({ prompt: { tokens } });
      for (const index of indices(5)) expect(words(requestOf([index]).prompt)).toHaveLength(tokens);
    }
  });

  it('makes prompts of short plain words', async () => {
    const requestOf = await source({ prompt: { tokens: 5000 } });
    for (const word of words(requestOf([0]).prompt)) expect(word).toMatch(/^[a-z]{1,8}$/);
  });

  it('asks a given prompt as it stands, each time', async () => {
    const text = 'Describe this image in detail.\n\tPlease — “now”.';
    const requestOf = await source({ prompt: { text } });
    for (const index of indices(5)) expect(requestOf([index]).prompt).toBe(text);
  });

  it('passes parameters and stream on as they are', async () => {
    const requestOf = await source({ stream: false, parameters: { top_p: 0.9, stop: ['\n'] } });
    expect(requestOf([0])).toMatchObject({
      stream: false,
      parameters: { top_p: 0.9, stop: ['\n'] },
      images: [],
      maxNewTokens: 150,
    });
  });
});

describe('lengths', () => {
  it('can be one number', async () => {
    expect(new Set(await lengths(150, 100))).toEqual(new Set([150]));
  });

  it('can be uniform between two bounds, both of them reached', async () => {
    const drawn = await lengths({ kind: 'uniform', min: 16, max: 48 });
    expect(Math.min(...drawn)).toBe(16);
    expect(Math.max(...drawn)).toBe(48);
    expect(mean(drawn)).toBeCloseTo(32, 0);
    expect(Math.abs(deviation(drawn) - Math.sqrt((33 ** 2 - 1) / 12))).toBeLessThan(0.2);
  });

  it('can be normal, with the mean and deviation asked for, in whole tokens', async () => {
    const drawn = await lengths({ kind: 'normal', mean: 200, deviation: 20, min: 1, max: 1000 });
    expect(Math.abs(mean(drawn) - 200)).toBeLessThan(1);
    expect(Math.abs(deviation(drawn) - 20)).toBeLessThan(0.6);
    expect(drawn.every(Number.isInteger)).toBe(true);
    const above = drawn.filter(length => length > 220).length / drawn.length;
    expect(Math.abs(above - 0.153)).toBeLessThan(0.02);
  });

  it('can be log-normal, with the mean and deviation of the lengths themselves', async () => {
    const drawn = await lengths({ kind: 'lognormal', mean: 200, deviation: 150, min: 1, max: 100_000 });
    expect(Math.abs(mean(drawn) - 200)).toBeLessThan(5);
    expect(Math.abs(deviation(drawn) - 150)).toBeLessThan(10);
    // The median of a log-normal is its mean over √(1 + (deviation/mean)²).
    const median = drawn.toSorted((a, b) => a - b)[drawn.length / 2] ?? 0;
    expect(Math.abs(median - 160)).toBeLessThan(5);
  });

  it('stay within their bounds', async () => {
    for (const kind of ['normal', 'lognormal'] as const) {
      const drawn = await lengths({ kind, mean: 100, deviation: 100, min: 50, max: 120 }, 2000);
      expect(Math.min(...drawn)).toBe(50);
      expect(Math.max(...drawn)).toBe(120);
    }
  });

  it('vary from request to request, for prompts as well', async () => {
    const requestOf = await source({ prompt: { tokens: { kind: 'uniform', min: 48, max: 208 } } });
    const counts = indices(500).map(index => words(requestOf([index]).prompt).length);
    expect(Math.min(...counts)).toBeLessThan(60);
    expect(Math.max(...counts)).toBeGreaterThan(196);
    expect(counts.every(count => count >= 48 && count <= 208)).toBe(true);
  });
});

describe('a preset', () => {
  it('gives the lengths of prompts and answers', async () => {
    const { output: _, ...rest } = chat;
    const requestOf = requestSource(await prepared({ ...rest, prompt: { preset: 'code' } }), 42);
    const requests = indices(4000).map(index => requestOf([index]));
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length / 2] ?? 0;
    expect(Math.abs(median(requests.map(request => request.askedInputTokens ?? 0)) - 1469)).toBeLessThan(120);
    expect(Math.abs(median(requests.map(request => request.maxNewTokens)) - 13)).toBeLessThanOrEqual(1);
  });

  it('is held below one number beside it, and gives way to a distribution', async () => {
    const asked = async (maxNewTokens: Lengths) => {
      const requestOf = await source({ prompt: { preset: 'chat' }, output: { maxNewTokens } });
      return indices(500).map(index => requestOf([index]).maxNewTokens);
    };
    const bounded = await asked(100);
    expect(Math.max(...bounded)).toBe(100);
    expect(Math.min(...bounded)).toBeLessThan(40);
    expect(Math.min(...(await asked({ kind: 'uniform', min: 300, max: 400 })))).toBeGreaterThanOrEqual(300);
  });

  it('is cut to what a model takes, and a little less where lengths are not exact', async () => {
    const requestOf = requestSource(await prepared({ ...chat, prompt: { preset: 'agent' } }), 42, {
      maxInputTokens: 2000,
    });
    const asked = indices(200).map(index => requestOf([index]).askedInputTokens ?? 0);
    expect(Math.max(...asked)).toBe(1900);
  });
});

describe('lengths that are given', () => {
  it('take the place of the workload’s own', async () => {
    const requestOf = await source({});
    const { prompt, maxNewTokens, askedInputTokens } = requestOf([0], { inputTokens: 7, outputTokens: 9 });
    expect([words(prompt).length, maxNewTokens, askedInputTokens]).toEqual([7, 9, 7]);
  });

  it('leave a prompt as it is where it is not made up', async () => {
    const requestOf = await source({ prompt: { text: 'Why?' } });
    expect(requestOf([0], { inputTokens: 7, outputTokens: 9 })).toMatchObject({ prompt: 'Why?', maxNewTokens: 9 });
  });
});

describe('a workload with images', () => {
  const generate = { width: 64, height: 48, format: 'jpeg', quality: 85, count: 5 } as const;
  const vlm = { kind: 'vlm', prompt: { text: 'What is this?' }, images: { generate } } as const;

  it('puts one of its pictures into each request, and every one of them into some', async () => {
    const requestOf = await source(vlm);
    const requests = indices(200).map(index => requestOf(['measured', index]));
    expect(requests.every(request => request.images.length === 1)).toBe(true);
    expect(new Set(requests.map(request => request.images[0]?.base64)).size).toBe(5);
    expect(requests[0]?.images[0]).toMatchObject({ mediaType: 'image/jpeg', width: 64, height: 48 });
    expect(requests.every(request => request.variant === undefined)).toBe(true);
  });

  it('asks with the same bytes for the same seed, pictures and all', async () => {
    const bodies = async (seed: number) => {
      const requestOf = await source({ ...vlm, prompt: { tokens: 20 } }, seed);
      return indices(20).map(index => tgi('tag').encode(requestOf([index])));
    };
    const first = await bodies(1);
    expect(await bodies(1)).toEqual(first);
    expect(await bodies(2)).not.toEqual(first);
  });

  it('says which size a request has where there are several, each as often as its weight', async () => {
    const sizes = [
      { ...generate, weight: 3 },
      { ...generate, width: 32, height: 32, weight: 1 },
    ];
    const requestOf = await source({ ...vlm, images: { sizes } });
    const requests = indices(1000).map(index => requestOf([index]));
    for (const { variant, images } of requests) expect(variant).toBe(`${images[0]?.width}x${images[0]?.height}`);
    const small = requests.filter(({ variant }) => variant === '32x32').length;
    expect(Math.abs(small - 250)).toBeLessThan(50);
  });

  it('asks for no length in all, as the picture adds to it', async () => {
    const requestOf = await source({ ...vlm, prompt: { tokens: 20 } });
    expect(requestOf([0]).askedInputTokens).toBeUndefined();
    expect((await source({}))([0]).askedInputTokens).toBe(64);
  });
});
