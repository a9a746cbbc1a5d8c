import { execFileSync, spawn } from 'node:child_process';
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

/** Turns round until its parent is gone, or for a quarter of an hour. */
const turning = `
const [parent, endMs] = [process.ppid, Date.now() + 900_000];
while (process.ppid === parent && Date.now() < endMs) for (let k = 0; k < 1e6; k++);
`;

/**
 * Keeps the last core of the machine from sleeping, where there are two, with a loop that yields to whatever else there
 * is: a core that sleeps is given to others where it is lent by a host, and comes back up to 5 ms after it was woken.
 * Gives what ends it.
 */
export function keepThatCoreAwake(): () => void {
  if (!canPin) return () => {};
  const args = ['-i', '0', 'taskset', '-c', String(last), process.execPath, '-e', turning];
  const child = spawn('chrt', args, { stdio: 'ignore' });
  child.on('error', () => {}); // where there is no such thing it may sleep
  return () => child.kill('SIGKILL');
}
