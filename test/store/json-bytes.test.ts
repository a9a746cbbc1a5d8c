import { expect, test } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { mostNumberBytes, writeNumber, writeText, writeTimes } from '../../src/store/json-bytes.ts';

const written = (timesMs: readonly number[]) => {
  const bytes = Buffer.alloc(timesMs.length * mostNumberBytes);
  return bytes.toString('latin1', 0, writeTimes(timesMs, bytes, 0));
};

test('times are written as JSON has them', () => {
  const random = seededRandom('times');
  const edges = [
    0,
    0.001,
    0.01,
    0.1,
    0.999,
    1,
    9.999,
    10,
    99.99,
    100,
    999.999,
    1000,
    123_456.7,
    2 ** 30 - 0.001,
    2 ** 30,
  ];
  const others = Array.from({ length: 20_000 }, () => random.integer(0, 10 ** random.integer(1, 12)) / 1000);
  const timesMs = [...edges, ...others, -1.5, 1e15, Number.MAX_VALUE];
  expect(`[${written(timesMs)}]`).toBe(JSON.stringify(timesMs));
});

test('times are rounded to whole microseconds', () => {
  expect(written([0.0004, 0.0006, 1.9996, 41.12349])).toBe('0,0.001,2,41.123');
});

test('times are none where there are none', () => {
  expect(written([])).toBe('');
});

test.each([
  '',
  'chat',
  'a "quoted" \\ word',
  'a line\nand\ttabs',
  'größer als 日本語 😀',
  'half a pair \ud83d',
  '\u0000\u001f\u007f\u2028',
])('a text is written as JSON has it: %j', text => {
  const bytes = Buffer.alloc(200, 'x');
  const to = writeText(text, bytes, 7);
  expect(bytes.toString('utf8', 7, to)).toBe(JSON.stringify(text));
  expect(bytes.subarray(0, 7).toString()).toBe('xxxxxxx');
});

test.each([0, 9, 10, 200, 2 ** 30 - 1, 2 ** 30, 2 ** 53 - 1, -1, 0.5, 1e21, Number.NaN])(
  'a number is written as JSON has it: %d',
  value => {
    const bytes = Buffer.alloc(mostNumberBytes);
    expect(bytes.toString('latin1', 0, writeNumber(value, bytes, 0))).toBe(JSON.stringify(value));
  },
);
