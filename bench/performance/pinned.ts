import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whether there are two cores, and the means to give a process one of them. */
const canPin = (() => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return availableParallelism() > 1;
  } catch {
    return false;
  }
})();

/** What starts Node on a core of its own, where that can be; the last core of the machine. */
export function nodeOnItsOwnCore(): readonly [program: string, ...args: string[]] {
  const { execPath } = process;
  return canPin ? ['taskset', '-c', String(availableParallelism() - 1), execPath] : [execPath];
}

/** Keeps a process, all of its threads, off that core; false where that cannot be. */
export function keepOffThatCore(pid: number): boolean {
  if (!canPin) return false;
  const last = availableParallelism() - 2;
  execFileSync('taskset', ['-acp', last === 0 ? '0' : `0-${last}`, String(pid)], { stdio: 'ignore' });
  return true;
}
