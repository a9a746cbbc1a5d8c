/**
 * The process of an embedded service: its options come in as one line of JSON, its address goes out as another, and
 * it ends when its stdin does, so that it never outlives its parent.
 */

import { createInterface } from 'node:readline';
import { HarnessError, messageOf } from '../errors.ts';
import { rehearse } from './rehearsal.ts';
import { type ServiceOptions, startService } from './service.ts';

/** What the process says first: where it is, or why it is not. */
export type FirstLine =
  | { readonly url: string; readonly adminToken: string }
  | { readonly error: string; readonly hint?: string };

// Ctrl-C reaches every process of the terminal; the parent drains its requests first, and closes stdin then.
process.on('SIGINT', () => {});

const lines = createInterface({ input: process.stdin });
lines.once('line', line => void start(JSON.parse(line) as ServiceOptions).then(say));
lines.once('close', () => process.exit());

async function start(options: ServiceOptions): Promise<FirstLine> {
  try {
    await rehearse(options);
    const { url, adminToken } = await startService(options);
    return { url, adminToken };
  } catch (error) {
    const hint = error instanceof HarnessError && error.hint !== undefined ? { hint: error.hint } : {};
    return { error: messageOf(error), ...hint };
  }
}

function say(line: FirstLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
