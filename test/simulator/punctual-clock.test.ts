import { expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { punctualClock } from '../../src/simulator/punctual-clock.ts';

/** A clock that stands still until told, and whose timers come a millisecond and more before they are asked for. */
function earlyClock(): Clock & { set(ms: number): void } {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    at: (_atMs, callback) => {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
    set: ms => {
      nowMs = ms;
    },
  };
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
};

it('a punctual clock turns the event loop until the time has come, and calls back once', async () => {
  const early = earlyClock();
  let calls = 0;
  punctualClock(early).at(10, () => calls++);
  early.set(9.99);
  await turns(5);
  expect(calls).toBe(0);
  early.set(10);
  await turns(5);
  expect(calls).toBe(1);
});

it('a punctual clock that was called off stays silent, whether its timer has fired or not', async () => {
  for (const before of [0, 3]) {
    const early = earlyClock();
    let calls = 0;
    const callOff = punctualClock(early).at(10, () => calls++);
    await turns(before);
    callOff();
    early.set(11);
    await turns(5);
    expect(calls).toBe(0);
  }
});
