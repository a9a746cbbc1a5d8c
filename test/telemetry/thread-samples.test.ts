import { describe, expect, it } from 'vitest';
import { together, told, worstOf } from '../../src/telemetry/thread-samples.ts';

const one = {
  loopDelayMs: { mean: 1, p99: 9, max: 10 },
  cpuRatio: 0.5,
  coreWaitMs: 100,
  gcMs: 3,
  longestGcMs: 2,
};
const other = {
  loopDelayMs: { mean: 2, p99: 4, max: 30 },
  cpuRatio: 0.7,
  coreWaitMs: 20,
  gcMs: 1,
  longestGcMs: 1,
};

describe('samples of threads', () => {
  it('are as bad as the worst of them, figure by figure', () => {
    expect(worstOf([one, other])).toEqual({
      loopDelayMs: { mean: 2, p99: 9, max: 30 },
      cpuRatio: 0.7,
      gcMs: 3,
      longestGcMs: 2,
    });
    expect(worstOf([])).toMatchObject({ loopDelayMs: { p99: 0 }, cpuRatio: 0 });
  });

  it('of two seconds of one thread add up what is a sum', () => {
    expect(together(one, other)).toMatchObject({ gcMs: 4, coreWaitMs: 120, longestGcMs: 2, cpuRatio: 0.7 });
    const { coreWaitMs: _, ...untold } = one;
    expect(together(untold, untold)).not.toHaveProperty('coreWaitMs');
  });

  it('are counted once', () => {
    expect(together(told(one), other)).toMatchObject({ gcMs: 1, coreWaitMs: 20, longestGcMs: 1 });
  });
});
