/** The runs that are kept below one directory. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { Run } from '../record/run.ts';
import { fileNames, readRun } from './run-directory.ts';

/** A directory below it: the run in it, or why that cannot be read. */
export type ListedRun =
  | { readonly name: string; readonly run: Run }
  | { readonly name: string; readonly problem: string };

/** Every directory that holds a run, by name, one after the other; others are passed over. Throws a HarnessError where there is nothing to look into. */
export async function* listRuns(directory: string): AsyncGenerator<ListedRun> {
  for (const name of await directoriesIn(directory)) {
    if (!existsSync(join(directory, name, fileNames.run))) continue;
    try {
      yield { name, run: await readRun(join(directory, name)) };
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      yield { name, problem: error.hint === undefined ? error.message : `${error.message} (${error.hint})` };
    }
  }
}

async function directoriesIn(directory: string): Promise<string[]> {
  if (existsSync(join(directory, fileNames.run)))
    throw new HarnessError(`${directory}: expected a directory of run directories, got one run`, {
      hint: 'name the directory above it; tgi-bench report shows a single run',
      exitCode: exitCodes.usage,
    });
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter(entry => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    throw new HarnessError(`${directory}: expected a directory of run directories, got: ${messageOf(cause)}`, {
      hint: 'tgi-bench run leaves its runs in reports/',
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
