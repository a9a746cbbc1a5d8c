import { uptime } from 'node:os';
import type { GeneratorSample } from '../record/run.ts';

/** Three clocks that go alike unless somebody sets one or the machine sleeps; each in ms from a time of its own. */
export interface Clocks {
  /** What all times of a run are taken from; it stands still while the machine sleeps. */
  monotonicMs(): number;
  wallMs(): number;
  /** Goes on while the machine sleeps. */
  uptimeMs(): number;
}

export const systemClocks: Clocks = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  uptimeMs: () => uptime() * 1000,
};

/** A difference up to here is the reading's own: uptime is told in hundredths of a second, and clocks are slewed by half a millisecond a second. */
const noiseMs = 50;

/** Compares clocks: each call of `take` tells what was done to them since the last, nothing where they went alike. */
export function watchClocks(clocks: Clocks): { take(): Pick<GeneratorSample, 'clockStepMs' | 'suspendedMs'> } {
  let before = readingOf(clocks);
  return {
    take() {
      const now = readingOf(clocks);
      const elapsedMs = now.monotonicMs - before.monotonicMs;
      const suspendedMs = now.uptimeMs - before.uptimeMs - elapsedMs;
      const sleptMs = suspendedMs > noiseMs ? suspendedMs : 0;
      const clockStepMs = now.wallMs - before.wallMs - elapsedMs - sleptMs;
      before = now;
      return {
        ...(Math.abs(clockStepMs) > noiseMs ? { clockStepMs } : {}),
        ...(sleptMs > 0 ? { suspendedMs: sleptMs } : {}),
      };
    },
  };
}

/** All three at one moment: again where this thread lost its core in between. */
function readingOf(clocks: Clocks): { monotonicMs: number; wallMs: number; uptimeMs: number } {
  for (let attempt = 1; ; attempt++) {
    const monotonicMs = clocks.monotonicMs();
    const [wallMs, uptimeMs] = [clocks.wallMs(), clocks.uptimeMs()];
    if (clocks.monotonicMs() - monotonicMs < 1 || attempt === 10) return { monotonicMs, wallMs, uptimeMs };
  }
}
