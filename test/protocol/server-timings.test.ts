import { expect, it } from 'vitest';
import { serverTimings } from '../../src/protocol/server-timings.ts';

it('reads where a server says the time went, and takes the finer of two totals', () => {
  const headers = {
    'x-validation-time': '0',
    'x-queue-time': '12',
    'x-inference-time': '340',
    'x-time-per-token': '11',
    'x-total-time': '352',
    'x-compute-time': '0.352917',
  };
  expect(serverTimings(headers)).toEqual({
    validationMs: 0,
    queueMs: 12,
    inferenceMs: 340,
    timePerTokenMs: 11,
    totalMs: 352.917,
  });
  expect(serverTimings({ 'x-total-time': '352' })).toEqual({ totalMs: 352 });
});

it('leaves out what is no plain number, and is nothing where no header tells', () => {
  expect(
    serverTimings({ 'x-queue-time': '-1', 'x-total-time': '1e3', 'x-inference-time': ['1', '2'] }),
  ).toBeUndefined();
  expect(serverTimings({ 'content-type': 'application/json' })).toBeUndefined();
});
