import { expect, test } from 'vitest';
import { Fifo } from '../src/fifo.ts';

test('gives back what it was given, in its order, however pushes and shifts are mixed', () => {
  const fifo = new Fifo<number>();
  const model: number[] = [];
  for (let k = 0; k < 5_000; k++) {
    const pushes = (k * 7) % 5;
    for (let n = 0; n < pushes; n++) {
      fifo.push(k * 10 + n);
      model.push(k * 10 + n);
    }
    for (let n = 0; n < (k * 3) % 4; n++) {
      expect(fifo.first).toBe(model[0]);
      expect(fifo.shift()).toBe(model.shift());
    }
    expect(fifo.length).toBe(model.length);
  }
  expect(fifo.drain()).toEqual(model);
  expect(fifo.length).toBe(0);
  expect(fifo.shift()).toBeUndefined();
});

test('lets go of what it has given back', () => {
  const fifo = new Fifo<number>();
  for (let k = 0; k < 1_000_000; k++) {
    fifo.push(k);
    if (k >= 10) fifo.shift();
  }
  expect(fifo.length).toBe(10);
  expect(fifo.drain()).toEqual([
    999_990, 999_991, 999_992, 999_993, 999_994, 999_995, 999_996, 999_997, 999_998, 999_999,
  ]);
});
