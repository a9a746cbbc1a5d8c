import { describe, expect, it } from 'vitest';
import { monotonicMs, sleepUntil, systemClock, virtualClock } from '../src/clock.ts';

describe('a virtual clock', () => {
  it('begins at zero and stands still while nobody runs it', () => {
    const clock = virtualClock();
    clock.at(10, () => {});
    expect(clock.nowMs()).toBe(0);
  });

  it('calls back in order of time, at exactly the time, and those of one time in the order they were set', async () => {
    const clock = virtualClock();
    const calls: [string, number][] = [];
    const note = (name: string) => () => calls.push([name, clock.nowMs()]);
    clock.at(20, note('d'));
    clock.at(10.25, note('b'));
    clock.at(5, note('a'));
    clock.at(10.25, note('c'));
    clock.at(20, note('e'));
    await clock.run(sleepUntil(clock, 30));
    expect(calls).toEqual([
      ['a', 5],
      ['b', 10.25],
      ['c', 10.25],
      ['d', 20],
      ['e', 20],
    ]);
  });

  it('never goes back: what is asked for in the past happens now', async () => {
    const clock = virtualClock();
    const times: number[] = [];
    clock.at(50, () => clock.at(10, () => times.push(clock.nowMs())));
    await clock.run(sleepUntil(clock, 60));
    expect(times).toEqual([50]);
  });

  it('forgets what was called off', async () => {
    const clock = virtualClock();
    let called = false;
    const cancel = clock.at(5, () => {
      called = true;
    });
    cancel();
    await clock.run(sleepUntil(clock, 10));
    expect(called).toBe(false);
  });

  it('lets everything happen that can happen at one moment before time passes', async () => {
    const clock = virtualClock();
    const times: number[] = [];
    const work = async () => {
      await sleepUntil(clock, 5);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      times.push(clock.nowMs());
    };
    clock.at(6, () => times.push(clock.nowMs()));
    await clock.run(Promise.all([work(), sleepUntil(clock, 7)]));
    expect(times).toEqual([5, 6]);
  });

  it('gives what the work gives, throws what it throws, and goes on from there', async () => {
    const clock = virtualClock();
    expect(await clock.run(sleepUntil(clock, 10).then(() => 'done'))).toBe('done');
    expect(clock.nowMs()).toBe(10);
    const failing = sleepUntil(clock, 20).then(() => {
      throw new Error('from the work');
    });
    await expect(clock.run(failing)).rejects.toThrow('from the work');
    await clock.run(sleepUntil(clock, 30));
    expect(clock.nowMs()).toBe(30);
  });

  it('says so where nothing is left that could settle the work', async () => {
    const clock = virtualClock();
    clock.at(5, () => {});
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow(/virtual time has stopped/);
  });
});

describe('sleepUntil', () => {
  it('resolves at the time and not before', async () => {
    const clock = virtualClock();
    const woke = sleepUntil(clock, 12.5).then(() => clock.nowMs());
    expect(await clock.run(woke)).toBe(12.5);
  });

  it('resolves at once where the time has come already', async () => {
    const clock = virtualClock();
    await clock.run(sleepUntil(clock, 10));
    await sleepUntil(clock, 10);
    await sleepUntil(clock, 3);
    expect(clock.nowMs()).toBe(10);
  });

  it('wakes as soon as it is aborted, and leaves no timer behind', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const woke = sleepUntil(clock, 1000, controller.signal).then(() => clock.nowMs());
    clock.at(7, () => controller.abort());
    expect(await clock.run(woke)).toBe(7);
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow(/virtual time has stopped/);
    expect(clock.nowMs()).toBe(7);
  });

  it('does not sleep at all where it is aborted before', async () => {
    const clock = virtualClock();
    await sleepUntil(clock, 1000, AbortSignal.abort());
    expect(clock.nowMs()).toBe(0);
  });

  it('wakes once: an abort after the time changes nothing', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    let wakes = 0;
    const woke = sleepUntil(clock, 5, controller.signal).then(() => wakes++);
    await clock.run(woke);
    controller.abort();
    await clock.run(sleepUntil(clock, 10));
    expect(wakes).toBe(1);
  });
});

describe('two clocks of the system that began together', () => {
  it('tell the same time', () => {
    const beganMs = monotonicMs();
    const [one, other] = [systemClock(beganMs), systemClock(beganMs)];
    const beforeMs = one.nowMs();
    const betweenMs = other.nowMs();
    const afterMs = one.nowMs();
    const uncertainMs = 0.05;
    expect(betweenMs).toBeGreaterThan(beforeMs - uncertainMs);
    expect(betweenMs).toBeLessThan(afterMs + uncertainMs);
  });
});
