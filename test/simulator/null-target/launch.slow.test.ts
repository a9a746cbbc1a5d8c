import { describe, expect, it } from 'vitest';
import { monotonicMs } from '../../../src/clock.ts';
import { launchNullTarget } from '../../../src/simulator/null-target/launch.ts';

describe('a null target in its own process', () => {
  it('reads the same clock as this one, and ends when it is stopped', async () => {
    const target = await launchNullTarget();
    const before = monotonicMs();
    await fetch(`${target.url}/flood/gpu0/generate`, { method: 'POST', body: '{}' });
    const { firstRequestMs, requests } = await target.statistics();
    expect(requests).toBe(1);
    expect(firstRequestMs).toBeGreaterThan(before - 1);
    expect(firstRequestMs).toBeLessThan(monotonicMs() + 1);
    expect(await target.sentTimes()).toEqual({ sentMs: {}, left: 0 });
    await target.stop();
    expect(() => process.kill(target.pid, 0)).toThrow('ESRCH');
  });
});
