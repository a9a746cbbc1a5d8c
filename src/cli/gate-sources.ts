/** What a gate is told on the command line, read: its policy, and the runs of its sides. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type LikenessPart, likenessParts } from '../analysis/gate/likeness.ts';
import { allowing, defaultPolicy, type Policy, parsePolicy } from '../analysis/gate/policy.ts';
import { problemOfRun } from '../analysis/gate/stored-run.ts';
import type { GatedRun } from '../analysis/gate/subjects.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { Run } from '../record/run.ts';
import { hasBaseline, readBaseline } from '../store/baselines.ts';
import { fileNames, findRun, readRun } from '../store/run-directory.ts';
import type { Io } from './io.ts';

export interface PolicyArguments {
  readonly policy?: string | undefined;
  readonly allow?: readonly string[] | undefined;
}

/** What pairs of runs are made of, as it is told on the command line. */
export interface PairArguments extends PolicyArguments {
  readonly scenario: string;
  readonly tokenFile?: string | undefined;
  readonly pairs: number;
  readonly seed?: number | undefined;
  readonly target?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** The policy of a file, or what stands where there is none, with what the command line allows besides. */
export function loadPolicy({ policy: file, allow }: PolicyArguments, io: Io): Policy {
  return allowing(
    file === undefined ? defaultPolicy : parsePolicy({ file, text: readText(file, io, 'a policy') }),
    allowedParts(allow ?? []),
  );
}

/** The text of a file that the command line names as `what`. Throws a HarnessError where it cannot be read. */
export function readText(file: string, io: Io, what: string): string {
  try {
    return readFileSync(resolve(io.directory, file), 'utf8');
  } catch (cause) {
    throw new HarnessError(`${file}: expected ${what} to read, got: ${messageOf(cause)}`, {
      exitCode: exitCodes.usage,
      cause,
    });
  }
}

/** The parts of what makes runs alike that the command line lets differ. Throws a HarnessError on any other name. */
export function allowedParts(allow: readonly string[]): LikenessPart[] {
  return allow
    .flatMap(each => each.split(','))
    .map(name => {
      const part = likenessParts.find(each => each === name.trim());
      if (part !== undefined) return part;
      throw new HarnessError(`--allow: expected ${likenessParts.join(' | ')}, got ${JSON.stringify(name)}`, {
        exitCode: exitCodes.usage,
      });
    });
}

/** Runs by the names of baselines, run directories or ids, in the order given. Throws a HarnessError on anything that is none. */
export async function loadSide(names: readonly string[], baselines: string, io: Io): Promise<GatedRun[]> {
  const runs: GatedRun[] = [];
  for (const name of names) {
    if (hasBaseline(resolve(io.directory, baselines), name)) {
      runs.push(...(await readBaseline(resolve(io.directory, baselines), name)).runs);
    } else runs.push(await loadRun(name, io));
  }
  return runs;
}

/** A run whose every part that a gate asks for is there. */
export async function loadRun(name: string, io: Io): Promise<Run> {
  const directory = findRun(name, io.directory);
  const run = await readRun(directory);
  const problem = problemOfRun(run);
  if (problem === undefined) return run;
  throw new HarnessError(`${directory}/${fileNames.run}: expected a run, got ${problem}`, {
    hint: 'tgi-bench report makes run.json again from the records',
    exitCode: exitCodes.usage,
  });
}
