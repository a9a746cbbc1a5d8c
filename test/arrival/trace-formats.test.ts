import { describe, expect, it } from 'vitest';
import { convertTrace, type TraceFormat } from '../../src/arrival/trace-formats.ts';
import { HarnessError } from '../../src/errors.ts';
import type { TraceEntry } from '../../src/scenario/trace.ts';

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n');
}

async function converted(text: string, format: TraceFormat | 'auto' = 'auto') {
  const entries: TraceEntry[] = [];
  let failed = 0;
  const onFailed = () => void failed++;
  for await (const entry of convertTrace(linesOf(text), { file: 'in.csv', format, onFailed })) entries.push(entry);
  return { entries, failed };
}

const dueTimes = async (text: string) => (await converted(text)).entries.map(({ dueMs }) => dueMs);

/** What a file is refused with. */
async function refusal(text: string, format: TraceFormat | 'auto' = 'auto'): Promise<string> {
  const error = await converted(text, format).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HarnessError);
  expect(error).toMatchObject({ exitCode: 2 });
  return (error as HarnessError).message;
}

describe('a file of Azure', () => {
  it('is read with times of seven decimals and no zone', async () => {
    const { entries } = await converted(`TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,374,44
2023-11-16 18:17:04.0319600,396,109
2023-11-16 18:17:04.0319601,879,55
`);
    expect(entries).toEqual([
      { dueMs: 0, inputTokens: 374, outputTokens: 44 },
      { dueMs: 52, inputTokens: 396, outputTokens: 109 },
      { dueMs: 52, inputTokens: 879, outputTokens: 55 },
    ]);
  });

  it('is read where only some of its times have a fraction', async () => {
    const times = await dueTimes(`TIMESTAMP,ContextTokens,GeneratedTokens
2024-05-10 00:00:00.009930+00:00,10,1
2024-05-10 00:00:01+00:00,10,1
2024-05-10 00:00:01.500000+00:00,10,1`);
    expect(times).toEqual([0, 990.07, 1490.07]);
  });

  it('is read with further columns, and with times as ISO has them', async () => {
    const { entries } = await converted(`TIMESTAMP,NumImages,ContextTokens,GeneratedTokens
2025-01-01T00:00:00Z,3,10,20
2025-01-01T00:00:00.25Z,0,11,21`);
    expect(entries).toEqual([
      { dueMs: 0, inputTokens: 10, outputTokens: 20 },
      { dueMs: 250, inputTokens: 11, outputTokens: 21 },
    ]);
  });

  it.each([
    ['a day', '2023-11-16 23:59:59', '2023-11-17 00:00:00'],
    ['a leap day', '2024-02-28 23:59:59', '2024-02-29 00:00:00'],
    ['February', '2024-02-29 23:59:59', '2024-03-01 00:00:00'],
    ['February of a year without a leap day', '2023-02-28 23:59:59', '2023-03-01 00:00:00'],
    ['a year', '2023-12-31 23:59:59', '2024-01-01 00:00:00'],
    ['a zone', '2024-05-10 10:00:00+02:00', '2024-05-10 03:00:01-05:00'],
  ])('goes on across the end of %s', async (_, before, after) => {
    const times = await dueTimes(`TIMESTAMP,ContextTokens,GeneratedTokens\n${before},1,1\n${after},1,1`);
    expect(times).toEqual([0, 1_000]);
  });

  it.each(['2023-11-16', '2024-03-01', '1999-12-31', '2000-02-29', '2100-03-01', '2399-12-31'])(
    'knows how long ago 1970 was on %s',
    async date => {
      const rows = [`1970-01-01 00:00:00,1,1`, `${date} 00:00:00,1,1`];
      const times = await dueTimes(['TIMESTAMP,ContextTokens,GeneratedTokens', ...rows].join('\n'));
      expect(times[1]).toBe(Date.parse(`${date}T00:00:00Z`));
    },
  );
});

describe('a file of BurstGPT', () => {
  it('is read without its failed requests, which are counted', async () => {
    const { entries, failed } = await converted(`Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
45.5,ChatGPT,1087,0,1087,API log
118,GPT-4,417,276,693,Conversation log`);
    expect(entries).toEqual([
      { dueMs: 0, inputTokens: 472, outputTokens: 18 },
      { dueMs: 113_000, inputTokens: 417, outputTokens: 276 },
    ]);
    expect(failed).toBe(1);
  });

  it('is read with the columns of its later versions', async () => {
    const { entries } =
      await converted(`Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type
0.1,a,3,ChatGPT,1,2,3,API log
0.35,,4,GPT-4,3,4,7,API log`);
    expect(entries).toEqual([
      { dueMs: 0, inputTokens: 1, outputTokens: 2 },
      { dueMs: 250, inputTokens: 3, outputTokens: 4 },
    ]);
  });
});

describe('a file of Mooncake', () => {
  it('is read a JSON object a line, several at the same time', async () => {
    const { entries } =
      await converted(`{"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}
{"timestamp": 0, "input_length": 7319, "output_length": 490, "hash_ids": []}

{"timestamp": 3000, "input_length": 7234, "output_length": 794}`);
    expect(entries).toEqual([
      { dueMs: 0, inputTokens: 6758, outputTokens: 500 },
      { dueMs: 0, inputTokens: 7319, outputTokens: 490 },
      { dueMs: 3_000, inputTokens: 7234, outputTokens: 794 },
    ]);
  });
});

describe('a file that cannot be converted', () => {
  const azure = 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.5,374,44\n';

  it.each([
    ['a time before the one above', `${azure}2023-11-16 18:17:03.4,1,1`, 'in.csv:3: expected a time not before'],
    ['no time', `${azure},1,1`, 'in.csv:3: expected a time, got ",1,1"'],
    ['a time that is none', `${azure}yesterday,1,1`, 'in.csv:3: expected a time, got "yesterday,1,1"'],
    ['a number that is none', `${azure}2023-11-16 18:17:04,x,1`, 'in.csv:3: expected whole numbers of tokens, got'],
    ['a row cut short', `${azure}2023-11-16 18:17:04,1`, 'in.csv:3: expected whole numbers of tokens, got'],
    ['a negative number', `${azure}2023-11-16 18:17:04,-5,1`, 'in.csv:3: expected whole numbers of tokens, got'],
    ['no header', '2023-11-16 18:17:03.5,374,44', 'in.csv:1: expected a file of azure, burstgpt, mooncake, got'],
    ['our own form', '{"dueMs":0}', 'in.csv:1: expected a file of azure, burstgpt, mooncake, got'],
    ['nothing', '', 'in.csv:2: expected requests, got the end of the file'],
    [
      'a header only',
      'TIMESTAMP,ContextTokens,GeneratedTokens',
      'in.csv:2: expected requests, got the end of the file',
    ],
    ['half a line of JSON', '{"timestamp": 0, "input_length', 'in.csv:1: '],
    ['JSON without lengths', '{"timestamp": 0}', 'in.csv:1: expected whole numbers of tokens, got'],
  ])('for it has %s says so with file and line', async (_, text, message) => {
    expect(await refusal(text)).toMatch(message);
  });

  it('for it is of another format than was said says so', async () => {
    expect(await refusal(azure, 'burstgpt')).toMatch(/^in\.csv:1: expected a file of burstgpt, got "TIMESTAMP,/);
    expect((await converted(azure, 'azure')).entries).toHaveLength(1);
  });
});
