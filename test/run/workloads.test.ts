import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import type { CellResult } from '../../src/record/run.ts';
import {
  checkLengths,
  factsOf,
  openWorkloads,
  prepareWorkloads,
  remarksOn,
  repeatsIn,
} from '../../src/run/workloads.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

/** A scenario of these workloads, each asked of a model `m`, with its files. */
function scenarioOf(workloads: Record<string, string>, files: Record<string, string | Buffer> = {}, rest = '') {
  const text = `name: s
targets: [{ model: m, gpus: [0, 1], workloads: [${Object.keys(workloads).join(', ')}] }]
load: { steps: [{ concurrency: 1, requests: 1 }] }
workloads: { ${Object.entries(workloads)
    .map(([name, workload]) => `${name}: ${workload}`)
    .join(', ')} }
${rest}`;
  const readFiles = (path: string) =>
    Object.entries(files)
      .filter(([name]) => path === name || path.startsWith('*'))
      .map(([name, content]) => ({ name, bytes: Buffer.from(content) }));
  return parseScenario({ file: 's.yaml', text, overrides: [], environment: {}, readFiles });
}

/** What a promise fails with: all lines of a problem of the scenario. */
async function failure(promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HarnessError);
  expect((error as HarnessError).exitCode).toBe(2);
  return (error as HarnessError).message.split('\n');
}

const chat = '{ kind: text, prompt: { preset: chat } }';

describe('workloads', () => {
  it('are told everything that is wrong with their files at once', async () => {
    const wide = await sharp({ create: { width: 1030, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const { scenario, assets } = scenarioOf(
      {
        asked: '{ kind: text, prompt: { file: p.jsonl }, output: { maxNewTokens: 8 } }',
        seen: '{ kind: vlm, prompt: { text: What? }, images: { files: "*" }, output: { maxNewTokens: 8 } }',
      },
      { 'p.jsonl': '{"prompt": "x"}\nnope', 'wide.jpg': wide },
    );
    const lines = await failure(openWorkloads(scenario, assets));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^p\.jsonl:2: expected JSON/);
    expect(lines[1]).toMatch(/^p\.jsonl: expected a picture that can be decoded/);
    expect(lines[2]).toMatch(/^wide\.jpg: expected at most 1024 × 1024 pixels, got 1030 × 8/);
  });

  it('are held to limits.maxInputTokens', async () => {
    const { scenario, assets } = scenarioOf(
      { asked: '{ kind: text, prompt: { file: p.txt }, output: { maxNewTokens: 8 } }' },
      { 'p.txt': 'one two three four five six' },
      'limits: { maxInputTokens: 5 }',
    );
    expect(await failure(openWorkloads(scenario, assets))).toEqual([
      'p.txt:1: expected at most 5 tokens, got at least 6 (limits.maxInputTokens)',
    ]);
  });

  it('are refused where pictures that are made are too large to be sent', async () => {
    const size = '{ width: 1024, height: 1024, format: png, count: 1 }';
    const { scenario, assets } = scenarioOf({
      seen: `{ kind: vlm, prompt: { text: What? }, images: { sizes: [{ width: 64, height: 64, count: 1 }, ${size}] }, output: { maxNewTokens: 8 } }`,
    });
    const lines = await failure(prepareWorkloads(scenario, assets));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^workloads\.seen\.images\.sizes\[1\]: expected a picture of at most/);
  });
});

describe('what a model has said of itself', () => {
  it('can show that it would be asked too much', async () => {
    const { scenario, assets } = scenarioOf({
      chat: '{ kind: text, prompt: { tokens: 300 }, output: { maxNewTokens: 8 } }',
    });
    const workloads = await prepareWorkloads(scenario, assets);
    const check = (maxInputTokens: number) => checkLengths(scenario, workloads, new Map([['m', { maxInputTokens }]]));
    expect(() => check(256)).toThrow(/^workloads\.chat\.prompt: .* got up to 300 \(what m says of itself at \/info\)$/);
    expect(() => check(300)).not.toThrow();
    expect(() => checkLengths(scenario, workloads, new Map())).not.toThrow();
  });

  it('can show that a trace asks for longer prompts, and on which line', async () => {
    const trace = '{"dueMs":0,"inputTokens":90}\n\n{"dueMs":5,"inputTokens":300}\n{"dueMs":9,"inputTokens":900}\n';
    const text = (prompt: string, step: string) => `name: s
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: ${prompt}, output: { maxNewTokens: 8 } } }
load: { steps: [${step}] }`;
    const check = async (prompt: string, step: string, maxInputTokens: number) => {
      const read = { readTrace: () => ({ text: trace, sha256: '' }) };
      const { scenario, assets } = parseScenario({
        file: 's.yaml',
        text: text(prompt, step),
        overrides: [],
        environment: {},
        ...read,
      });
      checkLengths(scenario, await prepareWorkloads(scenario, assets), new Map([['m', { maxInputTokens }]]));
    };
    const whole = '{ trace: t.jsonl }';
    await expect(check('{ tokens: 5 }', whole, 800)).rejects.toThrow(
      /^t\.jsonl:4: expected at most 800 tokens a prompt, got 900 \(what m says of itself at \/info\)$/,
    );
    await expect(check('{ tokens: 5, sharedPrefix: { ratio: 1, tokens: 50 } }', whole, 940)).rejects.toThrow(/got 950/);
    await check('{ tokens: 5 }', whole, 900);
    await check('{ tokens: 5 }', '{ trace: t.jsonl, requests: 2 }', 300);
  });

  it('counts what its pictures cost it', async () => {
    const images = 'images: { generate: { width: 8, height: 8, count: 1 } }';
    const { scenario, assets } = scenarioOf({
      seen: `{ kind: vlm, prompt: { text: What is this? }, ${images}, output: { maxNewTokens: 8 } }`,
    });
    const workloads = await prepareWorkloads(scenario, assets);
    const facts = { maxInputTokens: 2048, pictureTokens: { seen: { '8x8': 2928 } } };
    expect(() => checkLengths(scenario, workloads, new Map([['m', facts]]))).toThrow(
      'workloads.seen.prompt: expected at most 2048 tokens, got up to 2928, 2928 of them for a picture of 8x8 (what m says',
    );
    const ours = scenarioOf(
      { seen: `{ kind: vlm, prompt: { text: What is this? }, ${images}, output: { maxNewTokens: 8 } }` },
      {},
      'limits: { maxInputTokens: 2000 }',
    );
    expect(() => checkLengths(ours.scenario, workloads, new Map([['m', facts]]))).toThrow('(limits.maxInputTokens)');
  });

  it('holds together with limits.maxInputTokens: the lower of the two', () => {
    const { scenario } = scenarioOf({ chat }, {}, 'limits: { maxInputTokens: 4096 }');
    expect(factsOf(scenario, new Map([['m', { maxInputTokens: 2048 }]]), 'm')).toEqual({ maxInputTokens: 2048 });
    expect(factsOf(scenario, new Map([['m', { maxInputTokens: 8192 }]]), 'm')).toEqual({ maxInputTokens: 4096 });
    expect(factsOf(scenario, new Map(), 'm')).toEqual({ maxInputTokens: 4096 });
  });
});

describe('repeatsIn', () => {
  const cell = (workload: string, target: string, due: number, rest: object = {}) =>
    ({
      workload,
      target: { name: target },
      counts: { due, dropped: 0 },
      warmupRequests: 4,
      ...rest,
    }) as unknown as CellResult;
  const text = '{ kind: text, prompt: { text: Why? }, output: { maxNewTokens: 8 } }';
  const file = (rest = '') => `{ kind: text, prompt: { file: p.txt${rest} }, output: { maxNewTokens: 8 } }`;
  const remarks = async (workload: string, cells: CellResult[], isSimulated = false) => {
    const { scenario, assets } = scenarioOf({ asked: workload, other: text }, { 'p.txt': 'a\nb\nc\nd\ne' });
    return repeatsIn(await prepareWorkloads(scenario, assets), cells, isSimulated).map(each => each.text);
  };

  it('says how often the prompts of a file were sent to the endpoint that was sent most', async () => {
    const cells = [
      cell('asked', 'm/gpu0', 6),
      cell('asked', 'm/gpu1', 20),
      cell('asked', 'm/gpu0', 8, { cooldownRequests: 3 }),
    ];
    const said = [
      expect.stringMatching(/^asked: 25 requests to an endpoint were 5 different ones, each sent 5\.00 times/),
    ];
    expect(await remarks(file(), cells)).toEqual(said);
    expect(await remarks(file(), cells, true)).toEqual(said);
  });

  it('says nothing where none came twice', async () => {
    expect(await remarks(file(), [cell('asked', 'm/gpu0', 1), cell('asked', 'm/gpu1', 1)])).toEqual([]);
    expect(await remarks(file(', unique: true'), [cell('asked', 'm/gpu0', 90)])).toEqual([]);
    expect(await remarks('{ kind: text, prompt: { preset: chat } }', [cell('asked', 'm/gpu0', 90)])).toEqual([]);
  });

  it('says it of one text as well, but for the embedded service, which keeps no prefixes', async () => {
    expect(await remarks(text, [cell('asked', 'm/gpu0', 90)])).toHaveLength(1);
    expect(await remarks(text, [cell('asked', 'm/gpu0', 90)], true)).toEqual([]);
  });

  it('counts the part of a mix', async () => {
    const part = { counts: { due: 6, dropped: 2 }, warmupRequests: 2 };
    const mixed = cell('mixed', 'm/gpu0', 60, { byWorkload: { asked: part, other: part } });
    expect(await remarks(file(), [mixed])).toEqual([
      expect.stringMatching(/^asked: 6 requests .* 5 different/),
      expect.stringMatching(/^other: 6 requests to an endpoint were one and the same;/),
    ]);
  });
});

describe('remarksOn', () => {
  it('says once a model which prompts were cut, and that a server did not count words', async () => {
    const { scenario, assets } = scenarioOf({ chat });
    const workloads = await prepareWorkloads(scenario, assets);
    const remarks = remarksOn(scenario, workloads, new Map([['m', { maxInputTokens: 4096 }]])).map(({ text }) => text);
    expect(remarks).toEqual([
      'chat: 5.60 % of the prompts for m were cut to 3,891 tokens, within its limit of 4,096',
      'chat: m did not say how long a prompt is; a word was taken for a token',
    ]);
  });

  it('says where prompts of a given length had to be cut', async () => {
    const { scenario, assets } = scenarioOf({
      fixed: '{ kind: text, prompt: { tokens: 100 }, output: { maxNewTokens: 8 } }',
    });
    const tokensOfWords = { perPromptTokens: 0, perWordTokens: 1 };
    const models = new Map([['m', { tokensOfWords, maxInputTokens: 100 }]]);
    expect(remarksOn(scenario, await prepareWorkloads(scenario, assets), models)).toEqual([
      { text: 'fixed: the longest of the prompts for m were cut to 95 tokens, within its limit of 100' },
    ]);
  });

  it('says where answers are cut to what fits beside their prompt', async () => {
    const { scenario, assets } = scenarioOf({
      chat,
      fixed: '{ kind: text, prompt: { tokens: 90 }, output: { maxNewTokens: 8 } }',
    });
    const workloads = await prepareWorkloads(scenario, assets);
    const tokensOfWords = { perPromptTokens: 0, perWordTokens: 1 };
    const said = (maxTotalTokens: number) =>
      remarksOn(scenario, workloads, new Map([['m', { tokensOfWords, maxInputTokens: 99_000, maxTotalTokens }]])).map(
        ({ text }) => text,
      );
    expect(said(16_000)).toEqual([]);
    expect(said(4096)).toEqual([
      'chat: answers are asked of m to be no longer than fits beside their prompt, 4,096 tokens in all',
    ]);
    expect(said(100)).toHaveLength(2);
  });

  it('says nothing where there is nothing to say', async () => {
    const { scenario, assets } = scenarioOf({ chat });
    const workloads = await prepareWorkloads(scenario, assets);
    const tokensOfWords = { perPromptTokens: 0, perWordTokens: 1 };
    expect(remarksOn(scenario, workloads, new Map([['m', { tokensOfWords }]]))).toEqual([]);
  });
});
