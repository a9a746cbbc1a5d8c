import { execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { cpus } from 'node:os';

/** Whether there are two cores, and the means to give a process one of them. */
const canPin = (() => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return cpus().length > 1;
  } catch {
    return false;
  }
})();

const last = cpus().length - 1;
const others = last === 1 ? '0' : `0-${last - 1}`;

/** Keeps a process, all of its threads and those to come, off the last core of the machine, where there are two. */
export function keepOffThatCore(pid: number): void {
  if (canPin) execFileSync('taskset', ['-acp', others, String(pid)], { stdio: 'ignore' });
}

/**
 * Gives the thread that it is called in the last core of the machine for itself, where there are two. What helps it, to
 * compile code and to collect garbage, goes to the others, as it does wherever a core is free; on the same core it would
 * keep it from its bytes for up to 4 ms at a time.
 */
export async function takeThatCore(): Promise<void> {
  if (!canPin) return;
  keepOffThatCore(process.pid);
  // The threads that write files come into being with the first work for them, and stay where they do.
  await Promise.all(Array.from({ length: 8 }, () => stat('.')));
  execFileSync('taskset', ['-cp', String(last), String(process.pid)], { stdio: 'ignore' });
}
