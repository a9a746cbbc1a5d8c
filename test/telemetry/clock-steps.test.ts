import { describe, expect, it } from 'vitest';
import { type Clocks, watchClocks } from '../../src/telemetry/clock-steps.ts';

/** Clocks that are set by hand. */
function clocks(): Clocks & { pass(ms: number): void; set(byMs: number): void; sleep(ms: number): void } {
  const at = { monotonicMs: 5, wallMs: 1.7e12, uptimeMs: 90_000 };
  return {
    monotonicMs: () => at.monotonicMs,
    wallMs: () => at.wallMs,
    uptimeMs: () => at.uptimeMs,
    pass(ms) {
      at.monotonicMs += ms;
      at.wallMs += ms;
      at.uptimeMs += ms;
    },
    set(byMs) {
      at.wallMs += byMs;
    },
    sleep(ms) {
      at.wallMs += ms;
      at.uptimeMs += ms;
    },
  };
}

describe('clocks that are watched', () => {
  it('say nothing while they go alike, or are slewed', () => {
    const watched = clocks();
    const watch = watchClocks(watched);
    for (let second = 0; second < 100; second++) {
      watched.pass(1_000);
      watched.set(0.5);
      expect(watch.take()).toEqual({});
    }
  });

  it('tell a step of the wall clock once, with its sign', () => {
    const watched = clocks();
    const watch = watchClocks(watched);
    watched.pass(1_000);
    watched.set(3_000);
    expect(watch.take()).toEqual({ clockStepMs: 3_000 });
    watched.pass(1_000);
    expect(watch.take()).toEqual({});
    watched.set(-200);
    watched.pass(1_000);
    expect(watch.take()).toEqual({ clockStepMs: -200 });
  });

  it('tell sleep of the machine from a step', () => {
    const watched = clocks();
    const watch = watchClocks(watched);
    watched.pass(400);
    watched.sleep(60_000);
    watched.pass(600);
    expect(watch.take()).toEqual({ suspendedMs: 60_000 });
    watched.sleep(1_000);
    watched.set(-5_000);
    expect(watch.take()).toEqual({ clockStepMs: -5_000, suspendedMs: 1_000 });
  });

  it('read all clocks at one moment, again where the thread lost its core in between', () => {
    const watched = clocks();
    let reads = 0;
    const wallMs = () => {
      const ms = watched.wallMs();
      if (reads++ === 1) watched.pass(80); // between the wall clock and the next
      return ms;
    };
    const watch = watchClocks({ ...watched, wallMs });
    watched.pass(1_000);
    expect(watch.take()).toEqual({});
    expect(reads).toBe(3);
  });
});
