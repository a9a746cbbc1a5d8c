import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { GeneratorSample } from '../record/run.ts';

/** What one sample says of this process; the counts of requests are the run's. */
export type ProcessSample = Pick<GeneratorSample, 'loopDelayMs' | 'cpuRatio' | 'gcMs' | 'memoryBytes'>;

/** The finest delay the event loop's own monitor sees; it is part of every value it gives. */
const resolutionMs = 1;

/** Watches this process: each call of `take` tells of the time since the last. */
export function watchProcess(): { take(): ProcessSample; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let gcMs = 0;
  const collections = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) gcMs += entry.duration;
  });
  collections.observe({ entryTypes: ['gc'] });
  let cpu = process.cpuUsage();
  let takenMs = performance.now();
  const lateMs = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - resolutionMs) : 0;
  return {
    take() {
      const used = process.cpuUsage(cpu);
      const nowMs = performance.now();
      const sample: ProcessSample = {
        loopDelayMs: { mean: lateMs(delay.mean), p99: lateMs(delay.percentile(99)), max: lateMs(delay.max) },
        cpuRatio: (used.user + used.system) / 1000 / Math.max(1, nowMs - takenMs),
        gcMs,
        memoryBytes: process.memoryUsage.rss(),
      };
      delay.reset();
      gcMs = 0;
      cpu = process.cpuUsage();
      takenMs = nowMs;
      return sample;
    },
    stop() {
      delay.disable();
      collections.disconnect();
    },
  };
}
