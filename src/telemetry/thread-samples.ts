import type { GeneratorSample, ThreadSample } from '../record/run.ts';

/** What several threads have in common: of each figure the worst. */
export type WorstThread = Pick<GeneratorSample, 'loopDelayMs' | 'cpuRatio' | 'gcMs' | 'longestGcMs'>;

/** One thread over two times that follow each other; what is no sum is taken from the worse of them. */
export function together(before: ThreadSample, after: ThreadSample): ThreadSample {
  const { coreWaitMs } = after;
  return {
    ...worstOf([before, after]),
    gcMs: before.gcMs + after.gcMs,
    ...(coreWaitMs === undefined ? {} : { coreWaitMs: (before.coreWaitMs ?? 0) + coreWaitMs }),
  };
}

/** What is left of a sample that was told: how late and how busy the thread is, and nothing to be counted again. */
export function told(sample: ThreadSample): ThreadSample {
  return { ...sample, gcMs: 0, longestGcMs: 0, ...(sample.coreWaitMs === undefined ? {} : { coreWaitMs: 0 }) };
}

/** The worst of each figure; nothing at all where there are no samples. */
export function worstOf(samples: readonly ThreadSample[]): WorstThread {
  const worst = (of: (sample: ThreadSample) => number) => Math.max(0, ...samples.map(of));
  return {
    loopDelayMs: {
      mean: worst(({ loopDelayMs }) => loopDelayMs.mean),
      p99: worst(({ loopDelayMs }) => loopDelayMs.p99),
      max: worst(({ loopDelayMs }) => loopDelayMs.max),
    },
    cpuRatio: worst(({ cpuRatio }) => cpuRatio),
    gcMs: worst(({ gcMs }) => gcMs),
    longestGcMs: worst(({ longestGcMs = 0 }) => longestGcMs),
  };
}
