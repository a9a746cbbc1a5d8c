import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { watchThread } from '../../src/telemetry/generator.ts';

function busyFor(ms: number): void {
  const began = performance.now();
  while (performance.now() - began < ms);
}

describe('a thread that is watched', () => {
  it('shows that it was busy and that its loop was late, once', async () => {
    const thread = watchThread();
    await sleep(20);
    thread.take();
    busyFor(120);
    await sleep(20);
    const busy = thread.take();
    await sleep(200);
    const idle = thread.take();
    thread.stop();
    expect(busy.loopDelayMs.max).toBeGreaterThan(100);
    expect(busy.cpuRatio).toBeGreaterThan(idle.cpuRatio);
    // All that time it ran, or waited for a core that others had.
    if (existsSync('/proc/thread-self/schedstat'))
      expect(busy.cpuRatio * 140 + (busy.coreWaitMs ?? Number.NaN)).toBeGreaterThan(100);
  });
});
