#!/usr/bin/env node
import { cli } from './cli/cli.ts';
import type { Output } from './cli/io.ts';
import { exitCodes } from './errors.ts';

const interrupt = new AbortController();
for (const [signal, code] of [
  ['SIGINT', exitCodes.interrupted],
  ['SIGTERM', exitCodes.terminated],
] as const) {
  process.on(signal, () => {
    // The first ends the phase and writes the reports, the second ends everything.
    if (interrupt.signal.aborted) process.exit(code);
    interrupt.abort(code);
    process.stderr.write(
      '\nstopping: waiting up to 5 s for what is in flight, then writing the reports; once more ends it at once\n',
    );
  });
}

function output(stream: NodeJS.WriteStream): Output {
  let isOpen = true;
  // A reader that has gone away (| head) is no reason to end a run: what is written to it is lost, the run is kept.
  stream.on('error', () => {
    isOpen = false;
  });
  const isTTY = stream.isTTY === true;
  return {
    isTTY,
    get columns() {
      return Math.max(40, stream.columns ?? 80);
    },
    colour: isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
    write: text => {
      if (isOpen) stream.write(text);
    },
  };
}

process.exitCode = await cli(process.argv.slice(2), {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  environment: process.env,
  directory: process.cwd(),
  interrupted: interrupt.signal,
});
