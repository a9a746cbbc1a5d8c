/**
 * Time, handed in: the system's monotonic clock for real runs, a virtual one for tests and simulation. Whatever
 * waits, waits on a Clock, so that a whole run can happen in virtual time.
 */
export interface Clock {
  /** Milliseconds since this clock began, with fractions. */
  nowMs(): number;
  /** Calls back once at `atMs` or as soon after it as can be, never before it; gives a function that calls it off. */
  at(atMs: number, callback: () => void): () => void;
}

/** Rounded to whole microseconds: as fine as the clock is true, and as long as a number should be in a file. */
export function microseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Resolves at `atMs`, never before it, or as soon as the signal aborts. */
export function sleepUntil(clock: Clock, atMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted || clock.nowMs() >= atMs) return Promise.resolve();
  return new Promise(resolve => {
    const stop = () => {
      cancel();
      resolve();
    };
    const cancel = clock.at(atMs, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** The longest time a Node timer takes; longer waits are made of several. */
const longestTimerMs = 2 ** 31 - 1;

/** The system's monotonic time in ms, the same in every thread and process of the machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** How far the system's monotonic time is ahead of this thread's `performance.now()`, which costs less to read. */
function aheadMs(): number {
  // What lies between the two readings counts as well: of several, the shortest is the truest.
  const readings = Array.from({ length: 10 }, () => {
    const ownMs = performance.now();
    return monotonicMs() - ownMs;
  });
  return Math.min(...readings);
}

/** A clock that follows the system's monotonic time, from now on or from a `monotonicMs` that several threads have in common. */
export function systemClock(beganMs = monotonicMs()): Clock {
  const originMs = beganMs - aheadMs();
  const nowMs = () => performance.now() - originMs;
  return {
    nowMs,
    at(atMs, callback) {
      let timer: NodeJS.Timeout;
      // Node may fire up to about a millisecond early, so a timer that is early is set again.
      const arm = () => {
        const waitMs = atMs - nowMs();
        if (waitMs <= 0) return callback();
        timer = setTimeout(arm, Math.min(waitMs, longestTimerMs));
      };
      timer = setTimeout(arm, Math.min(Math.max(0, atMs - nowMs()), longestTimerMs));
      return () => clearTimeout(timer);
    },
  };
}

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** A clock whose time passes only while nothing is left to do at the present moment. */
export interface VirtualClock extends Clock {
  /** Lets time pass until `work` settles. Throws if nothing is left that could settle it. */
  run<T>(work: Promise<T>): Promise<T>;
}

/** A virtual clock at zero. */
export function virtualClock(): VirtualClock {
  let nowMs = 0;
  const timers: Timer[] = [];
  return {
    nowMs: () => nowMs,
    at(atMs, callback) {
      const timer: Timer = { atMs: Math.max(atMs, nowMs), callback, cancelled: false };
      insert(timers, timer);
      return () => {
        timer.cancelled = true;
      };
    },
    async run(work) {
      let settled = false;
      const done = work.finally(() => {
        settled = true;
      });
      done.catch(() => {});
      for (;;) {
        await new Promise(resolve => setImmediate(resolve)); // every promise that can go on, goes on first
        if (settled) return done;
        const timer = timers.pop();
        if (timer === undefined) throw new Error('virtual time has stopped: something waits for what never comes');
        if (timer.cancelled) continue;
        nowMs = timer.atMs;
        timer.callback();
      }
    },
  };
}

/** Keeps `timers` sorted so that the last is the next to fire; of equal times the one set first fires first. */
function insert(timers: Timer[], timer: Timer): void {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timers[middle] as Timer).atMs > timer.atMs) low = middle + 1;
    else high = middle;
  }
  timers.splice(low, 0, timer);
}
