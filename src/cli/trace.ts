import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { convertTrace, type TraceFormat } from '../arrival/trace-formats.ts';
import { type ExitCode, exitCodes, HarnessError, messageOf } from '../errors.ts';
import { plural } from '../units.ts';
import { type Io, say } from './io.ts';

export interface ConvertArguments {
  readonly file: string;
  readonly format: TraceFormat | 'auto';
}

/** How many lines are written at once. */
const batchLines = 1000;

/** `tgi-bench trace convert`: somebody's trace on stdout in the form that scenarios replay, however long it is. */
export async function convert({ file, format }: ConvertArguments, io: Io): Promise<ExitCode> {
  let failed = 0;
  let written = 0;
  let batch = '';
  const flush = () => {
    if (batch !== '') io.stdout.write(batch);
    batch = '';
  };
  const onFailed = () => void failed++;
  for await (const entry of convertTrace(linesOf(resolve(io.directory, file), file), { file, format, onFailed })) {
    batch += `${JSON.stringify(entry)}\n`;
    if (++written % batchLines === 0) flush();
  }
  flush();
  const left = failed === 0 ? '' : `, ${plural(failed, 'failed request')} left out`;
  say(io.stderr, `${file}: ${plural(written, 'request')}${left}`);
  return exitCodes.done;
}

async function* linesOf(path: string, name: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    throw new HarnessError(`${name}: expected a file to read, got: ${messageOf(cause)}`, {
      hint: 'check the path',
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
