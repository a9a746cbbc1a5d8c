import { readFileSync } from 'node:fs';
import type { ThreadSample } from '../record/run.ts';

/** Where Linux tells the thread that asks how long it ran, waited for a core (both ns), and how often. */
const statistics = '/proc/thread-self/schedstat';

/**
 * Watches the CPU time of the thread it is called in: each call of what it gives tells of the time since the last.
 * Node tells of the whole process only. Where the system does not tell either, the share of the time in which the event
 * loop did not wait stands for it, which is never less.
 */
export function watchCpu(): () => Pick<ThreadSample, 'cpuRatio' | 'coreWaitMs'> {
  let before = readStatistics();
  let loop = performance.eventLoopUtilization();
  let takenMs = performance.now();
  return () => {
    const now = readStatistics();
    const nowMs = performance.now();
    const busy = performance.eventLoopUtilization(loop).utilization;
    const spanMs = Math.max(1, nowMs - takenMs);
    const sample =
      now === undefined || before === undefined
        ? { cpuRatio: busy }
        : { cpuRatio: (now.ranMs - before.ranMs) / spanMs, coreWaitMs: now.waitedMs - before.waitedMs };
    [before, loop, takenMs] = [now, performance.eventLoopUtilization(), nowMs];
    return sample;
  };
}

function readStatistics(): { readonly ranMs: number; readonly waitedMs: number } | undefined {
  try {
    const [ran, waited] = readFileSync(statistics, 'utf8').split(' ').map(Number);
    return Number.isFinite(ran) && Number.isFinite(waited)
      ? { ranMs: (ran as number) / 1e6, waitedMs: (waited as number) / 1e6 }
      : undefined;
  } catch {
    return undefined;
  }
}
