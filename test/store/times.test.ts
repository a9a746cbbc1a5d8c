import { expect, test } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { mostTimeBytes, writeTimes } from '../../src/store/times.ts';

const written = (timesMs: readonly number[]) => {
  const bytes = Buffer.alloc(timesMs.length * mostTimeBytes);
  return bytes.toString('latin1', 0, writeTimes(timesMs, bytes, 0));
};

test('are written as JSON has them', () => {
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

test('are rounded to whole microseconds', () => {
  expect(written([0.0004, 0.0006, 1.9996, 41.12349])).toBe('0,0.001,2,41.123');
});

test('are none where there are none', () => {
  expect(written([])).toBe('');
});
