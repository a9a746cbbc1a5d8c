#!/usr/bin/env node
import { cli } from './cli/cli.ts';
import { outputTo } from './cli/terminal-output.ts';
import { exitCodes } from './errors.ts';

const stdout = outputTo(process.stdout, process.env);
const stderr = outputTo(process.stderr, process.env);
const interrupt = new AbortController();
for (const [signal, code] of [
  ['SIGINT', exitCodes.interrupted],
  ['SIGTERM', exitCodes.terminated],
] as const) {
  process.on(signal, () => {
    // The first ends the phase and writes the reports, the second ends everything.
    if (interrupt.signal.aborted) process.exit(code);
    interrupt.abort(code);
    stderr.write(
      '\nstopping: waiting up to 5 s for what is in flight, then writing the reports; once more ends it at once\n',
    );
  });
}

// However it ends, nothing half drawn stays behind.
process.on('exit', () => stderr.write(''));

process.exitCode = await cli(process.argv.slice(2), {
  stdout,
  stderr,
  environment: process.env,
  directory: process.cwd(),
  interrupted: interrupt.signal,
});
