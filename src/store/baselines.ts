/** Baselines: runs that were accepted once, kept in files small enough to be committed, with why each was taken. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problemOfRun, storedRun } from '../analysis/gate/stored-run.ts';
import type { GatedRun } from '../analysis/gate/subjects.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import { schemaVersion } from '../record/run.ts';
import { writeAtomically, writingInto } from './run-directory.ts';

/** `rolling` keeps the latest runs; `pinned` stays as it is, so that a slow drift shows. */
export interface Baseline {
  readonly schemaVersion: typeof schemaVersion;
  readonly name: string;
  readonly kind: 'rolling' | 'pinned';
  /** What was taken in, when and why, the latest last. */
  readonly history: readonly BaselineChange[];
  readonly runs: readonly GatedRun[];
}

export interface BaselineChange {
  readonly at: string;
  readonly reason: string;
  readonly runs: readonly string[];
}

/** Where the baseline of a name lies in a directory of baselines. Throws a HarnessError on a name that could lead elsewhere. */
export function baselinePath(directory: string, name: string): string {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) {
    throw new HarnessError(`expected a name of letters, digits, dots and dashes, got ${JSON.stringify(name)}`, {
      exitCode: exitCodes.usage,
    });
  }
  return join(directory, `${name}.json`);
}

/** Whether there is a baseline of this name. */
export function hasBaseline(directory: string, name: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,63}$/.test(name) && existsSync(baselinePath(directory, name));
}

/** Reads a baseline. Throws a HarnessError that names the file where it is not one, or damaged. */
export async function readBaseline(directory: string, name: string): Promise<Baseline> {
  const path = baselinePath(directory, name);
  const broken = (got: string, cause?: unknown) =>
    new HarnessError(`${path}: expected a baseline, got ${got}`, {
      hint: 'restore it from version control, or make it again with tgi-bench baseline',
      exitCode: exitCodes.usage,
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw broken(messageOf(cause), cause);
  }
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) throw broken('other JSON');
  if (value.schemaVersion !== schemaVersion)
    throw broken(`one of schemaVersion ${JSON.stringify(value.schemaVersion)}`);
  const { runs, history, kind } = value as Partial<Record<keyof Baseline, unknown>>;
  if (!Array.isArray(runs) || runs.length === 0) throw broken('one without runs');
  if (!Array.isArray(history) || (kind !== 'rolling' && kind !== 'pinned')) throw broken('one without its history');
  const problem = runs.map(run => problemOfRun(run)).find(each => each !== undefined);
  if (problem !== undefined) throw broken(problem);
  return value as Baseline;
}

/** The names of all baselines in a directory, in order; none where there is no such directory. */
export async function baselineNames(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const files = await readdir(directory);
  return files.flatMap(file => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])).sort();
}

/** A rolling baseline with more runs, of which the latest `keep` stay; a new one where there was none. */
export function updated(
  before: Baseline | undefined,
  { name, runs, change, keep }: { name: string; runs: readonly GatedRun[]; change: BaselineChange; keep: number },
): Baseline {
  const known = new Set(runs.map(({ id }) => id));
  return {
    schemaVersion,
    name,
    kind: 'rolling',
    history: [...(before?.history ?? []), change],
    runs: [...(before?.runs ?? []).filter(({ id }) => !known.has(id)), ...runs.map(storedRun)].slice(-keep),
  };
}

/** A baseline of just these runs, which stays until it is pinned again. */
export function pinned(
  before: Baseline | undefined,
  { name, runs, change }: { name: string; runs: readonly GatedRun[]; change: BaselineChange },
): Baseline {
  return {
    schemaVersion,
    name,
    kind: 'pinned',
    history: [...(before?.history ?? []), change],
    runs: runs.map(storedRun),
  };
}

/** Writes a baseline, whole or not at all. */
export async function writeBaseline(directory: string, baseline: Baseline): Promise<string> {
  const path = baselinePath(directory, baseline.name);
  await writingInto(directory, () => writeAtomically(path, `${JSON.stringify(baseline, null, 1)}\n`));
  return path;
}
