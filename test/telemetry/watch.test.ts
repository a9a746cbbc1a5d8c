import { expect, it } from 'vitest';
import { virtualClock } from '../../src/clock.ts';
import { settledWithin } from '../../src/telemetry/watch.ts';

const never = new Promise<void>(() => {});

it('waits for a watch, but not for ever, and not beyond an abort', async () => {
  const clock = virtualClock();
  const signal = new AbortController().signal;
  await clock.run(settledWithin({ settled: Promise.resolve() }, 3_000, clock, signal));
  expect(clock.nowMs()).toBe(0);
  await clock.run(settledWithin({ settled: never }, 3_000, clock, signal));
  expect(clock.nowMs()).toBe(3_000);
  await clock.run(settledWithin({ settled: never }, 3_000, clock, AbortSignal.abort()));
  expect(clock.nowMs()).toBe(3_000);
});
