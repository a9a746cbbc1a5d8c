import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { GeneratorSample, ThreadSample } from '../record/run.ts';
import { systemClocks, watchClocks } from './clock-steps.ts';
import { watchCpu } from './thread-cpu.ts';

/** What one sample says of this process; the counts of requests are the run's. */
export type ProcessSample = Omit<GeneratorSample, 'atMs' | 'cells' | 'sent' | 'ended' | 'inFlight' | 'engineLateRatio'>;

/** The finest delay the event loop's own monitor sees; it is part of every value it gives. At 1 ms its timer would take 2 % of a core. */
const resolutionMs = 2;

/** Watches the thread it is called in: each call of `take` tells of the time since the last. */
export function watchThread(): { take(): ThreadSample; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let gc = { gcMs: 0, longestGcMs: 0 };
  const collections = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries())
      gc = { gcMs: gc.gcMs + duration, longestGcMs: Math.max(gc.longestGcMs, duration) };
  });
  collections.observe({ entryTypes: ['gc'] });
  const takeCpu = watchCpu();
  /** The turn of the loop in which it is reset, which the monitor does not see. */
  let firstTurnMs = 0;
  const lateMs = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - resolutionMs) : 0;
  return {
    take() {
      const maxMs = Math.max(lateMs(delay.max), firstTurnMs);
      const sample: ThreadSample = {
        loopDelayMs: { mean: lateMs(delay.mean), p99: lateMs(delay.percentile(99)), max: maxMs },
        ...takeCpu(),
        ...gc,
      };
      delay.reset();
      gc = { gcMs: 0, longestGcMs: 0 };
      firstTurnMs = 0;
      const resetMs = performance.now();
      setImmediate(() => {
        firstTurnMs = performance.now() - resetMs;
      });
      return sample;
    },
    stop() {
      delay.disable();
      collections.disconnect();
    },
  };
}

/** Watches this process, which is one thread that does everything: each call of `take` tells of the time since the last. */
export function watchProcess(): { take(): ProcessSample; stop(): void } {
  const thread = watchThread();
  const clocks = watchClocks(systemClocks);
  let cpu = process.cpuUsage();
  let takenMs = performance.now();
  return {
    take() {
      const seen = thread.take();
      const used = process.cpuUsage(cpu);
      const nowMs = performance.now();
      const cpuRatio = (used.user + used.system) / 1000 / Math.max(1, nowMs - takenMs);
      cpu = process.cpuUsage();
      takenMs = nowMs;
      return { ...seen, cpuRatio, memoryBytes: process.memoryUsage.rss(), ...clocks.take() };
    },
    stop: thread.stop,
  };
}
