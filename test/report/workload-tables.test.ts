import { describe, expect, it } from 'vitest';
import type { Block } from '../../src/report/document.ts';
import { costOfSizes, lengths, wordCounts } from '../../src/report/workload-tables.ts';
import { virtualRun } from '../run/virtual-run.ts';

const { run, records } = await virtualRun(`
name: sizes
targets: [{ model: m, gpus: [0], workloads: [chat, caption] }]
workloads:
  chat: { kind: text, prompt: { tokens: { kind: uniform, min: 50, max: 150 } }, output: { maxNewTokens: 4 } }
  caption:
    kind: vlm
    prompt: { text: What is this? }
    images: { sizes: [{ width: 64, height: 48, count: 2 }, { width: 32, height: 32, count: 2, weight: 2 }] }
    output: { maxNewTokens: 4 }
load: { steps: [{ concurrency: 2, requests: 90 }, { concurrency: 4, requests: 30 }] }
`);

const tables = (blocks: readonly Block[]) => blocks.flatMap(block => (block.kind === 'table' ? [block] : []));
const texts = (block: Block | undefined) =>
  block?.kind === 'table' ? block.rows.map(row => row.map(({ text }) => text)) : [];

describe('the cost of sizes', () => {
  it('is a table for each cell of a workload that has several, a row a size, small ones first', () => {
    const blocks = costOfSizes(run);
    expect(blocks.filter(({ kind }) => kind === 'heading')).toEqual(
      [2, 4].map(concurrency => ({
        kind: 'heading',
        text: `caption by size of the picture: m/gpu0, concurrency ${concurrency}`,
      })),
    );
    const [table] = tables(blocks);
    expect(table?.columns.map(({ label }) => label).slice(0, 3)).toEqual(['pixels', 'ok', 'input tokens']);
    const rows = texts(table);
    expect(rows.map(([size]) => size)).toEqual(['32x32', '64x48']);
    expect(rows.reduce((sum, [, ok]) => sum + Number(ok), 0)).toBe(90);
    for (const [, , inputTokens, ttftMs, , responseMs] of rows) {
      expect(inputTokens).toBe('3.00');
      expect(Number(responseMs)).toBeGreaterThan(Number(ttftMs));
    }
  });
});

describe('lengths', () => {
  it('puts what prompts were asked to be beside what the server counted', () => {
    const [chat, caption] = texts(lengths(run)[1]).toSorted((a, b) => (b[1] ?? '').localeCompare(a[1] ?? ''));
    expect(chat?.slice(0, 2)).toEqual(['m/gpu0', 'chat']);
    expect(chat?.[2]).toBe(chat?.[3]);
    expect(chat?.slice(4)).toEqual(['0 %', '4.00', '100 %']);
    expect(caption).toEqual(['m/gpu0', 'caption', '–', '3.00', '–', '4.00', '100 %']);
  });

  it('says by how much they differ', () => {
    const [cell] = run.cells;
    if (cell === undefined) throw new Error('no cell');
    const off = { ...cell, tokens: { ...cell.tokens, askedInputMean: 200, inputMean: 190 } };
    expect(texts(lengths({ ...run, cells: [off] })[1])[0]?.slice(2, 5)).toEqual(['200', '190', '-5.00 %']);
  });

  it('can be told from the records: each says what was asked, and which size it was', () => {
    const asked = records.filter(({ workload }) => workload === 'chat');
    expect(asked.every(({ askedInputTokens, inputTokens }) => askedInputTokens === inputTokens)).toBe(true);
    const seen = records.filter(({ workload }) => workload === 'caption');
    expect(new Set(seen.map(({ variant }) => variant))).toEqual(new Set(['64x48', '32x32']));
    expect(seen.every(({ askedInputTokens }) => askedInputTokens === undefined)).toBe(true);
  });
});

describe('wordCounts', () => {
  it('says how a model counts the words that prompts are made of', () => {
    const models = { m: { tokensOfWords: { perPromptTokens: 6, perWordTokens: 1.25 } }, other: {} };
    const service = { ...run.environment.service, models };
    expect(wordCounts({ ...run, environment: { ...run.environment, service } })).toEqual([
      'prompts for m: 1.25 tokens a word and 6.00 a prompt, by its own count of two before the run',
    ]);
    expect(wordCounts(run)).toEqual([]);
  });
});
