import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { FirstLine } from './parent.ts';

/** A program of this folder in a process of its own, with what it said first. */
export interface Child<T> {
  readonly first: T;
  readonly pid: number;
  stop(): Promise<void>;
}

const readyWithinMs = 10_000;
const stopWithinMs = 2_000;

/** The compiled program of that name; from the sources it is the build's. */
export function program(name: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/simulator/' : './';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}

/**
 * Starts a program, which ends when this process does, however that ends. Options go in by stdin, so a token is neither
 * an argument nor in the environment. Rejects with a HarnessError that calls it `what` where it does not come up.
 */
export async function launchChild<T extends object>(name: string, options: unknown, what: string): Promise<Child<T>> {
  const child = execa(process.execPath, [program(name)], {
    buffer: false,
    reject: false,
    stderr: 'inherit',
    forceKillAfterDelay: stopWithinMs,
  });
  child.stdin.on('error', () => {}); // it died before it read; its first line, or the lack of one, tells
  child.stdin.write(`${JSON.stringify(options)}\n`);
  const first = await firstLine<T>(child.stdout);
  if ('error' in first) {
    child.kill();
    throw new HarnessError(`the ${what} did not start: ${first.error}`, {
      hint: first.hint,
      exitCode: exitCodes.usage,
    });
  }
  return {
    first,
    pid: child.pid as number,
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill(), stopWithinMs);
      await child;
      clearTimeout(timer);
    },
  };
}

async function firstLine<T extends object>(output: Readable): Promise<FirstLine<T>> {
  const lines = createInterface({ input: output });
  try {
    const closed = once(lines, 'close').then(() => []);
    const [line] = await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(readyWithinMs) }), closed]);
    return line === undefined ? { error: 'its process ended' } : (JSON.parse(line as string) as FirstLine<T>);
  } catch (error) {
    return { error: `no ready line within ${readyWithinMs / 1000} s (${messageOf(error)})` };
  }
}
