import { systemClock } from '../../clock.ts';

/** Milliseconds of the machine's monotonic time, cheaply: what another process reads with `monotonicMs`. */
export const machineMs = systemClock(0).nowMs;
