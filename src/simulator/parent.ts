import { createInterface } from 'node:readline';
import { HarnessError, messageOf } from '../errors.ts';

/** What a process says first that was started by another: what it was asked for, or why it is not there. */
export type FirstLine<T> = T | { readonly error: string; readonly hint?: string };

/**
 * Serves the process that started this one: options come in as one line of JSON on stdin, what `start` makes of them
 * goes out as another, and this process ends when its stdin does, so that it never outlives its parent.
 */
export function serveParent<Options, T extends object>(start: (options: Options) => Promise<T>): void {
  // Ctrl-C reaches every process of the terminal; the parent drains its requests first, and closes stdin then.
  process.on('SIGINT', () => {});
  const lines = createInterface({ input: process.stdin });
  lines.once('line', line => void answer(() => start(JSON.parse(line) as Options)));
  lines.once('close', () => process.exit());
}

async function answer<T extends object>(start: () => Promise<T>): Promise<void> {
  let line: FirstLine<T>;
  try {
    line = await start();
  } catch (error) {
    const hint = error instanceof HarnessError && error.hint !== undefined ? { hint: error.hint } : {};
    line = { error: messageOf(error), ...hint };
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
