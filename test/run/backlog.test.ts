import { describe, expect, it } from 'vitest';
import { Backlog } from '../../src/run/backlog.ts';

/** A clock that each look at it moves on by as much as a task takes. */
const slowClock = (taskMs: number) => {
  let nowMs = 0;
  return {
    nowMs: () => {
      nowMs += taskMs;
      return nowMs;
    },
    at: () => () => {},
  };
};
const turn = () => new Promise(resolve => setImmediate(resolve));

describe('what can wait', () => {
  it('waits for the turn, is done in order, and no more than a slice at a time', async () => {
    const backlog = new Backlog(slowClock(0.4));
    const done: number[] = [];
    for (let k = 0; k < 9; k++) backlog.add(() => done.push(k));
    expect(done).toEqual([]);
    await turn();
    const first = done.length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(9);
    for (let k = 0; k < 9; k++) await turn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('is done at once where it is drained, and only once', async () => {
    const backlog = new Backlog(slowClock(5));
    const done: number[] = [];
    for (let k = 0; k < 5; k++) backlog.add(() => done.push(k));
    await turn();
    backlog.drain();
    expect(done).toEqual([0, 1, 2, 3, 4]);
    backlog.add(() => done.push(5));
    await turn();
    await turn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
