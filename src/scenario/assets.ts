/** The files that a scenario names. The edge reads them; the rooms take their bytes. */
import { messageOf } from '../errors.ts';
import type { Path, Problem } from '../schema/checked-yaml.ts';
import type { Workload } from './workload.ts';

/** One file, by the name that problems call it. */
export interface AssetFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The files behind each path of a scenario, by how it stands there; several where it has `*` or `?` in it. */
export type Assets = ReadonlyMap<string, readonly AssetFile[]>;

/** Reads the files a path means, at least one. Throws an Error where there is none. */
export type AssetReader = (path: string) => readonly AssetFile[];

/** Takes in what is wrong with a file, each as `where: expected …, got … (hint)`. */
export type Complain = (problem: string) => void;

/** Reads all files of the workloads; one that cannot be read is a problem where it is named. */
export function readAssets(
  workloads: Readonly<Record<string, Workload>>,
  read: AssetReader = unreadable,
): { assets: Assets; problems: Problem[] } {
  const assets = new Map<string, readonly AssetFile[]>();
  const problems: Problem[] = [];
  for (const { path, named } of pathsOf(workloads)) {
    try {
      if (!assets.has(named)) assets.set(named, read(named));
    } catch (error) {
      problems.push({
        path,
        message: `expected a file to read, got: ${messageOf(error)}`,
        hint: 'paths are relative to the scenario file',
      });
    }
  }
  return { assets, problems };
}

function unreadable(): never {
  throw new Error('nothing to read it with');
}

function pathsOf(workloads: Readonly<Record<string, Workload>>): { path: Path; named: string }[] {
  return Object.entries(workloads).flatMap(([name, { prompt, images }]) =>
    [
      { path: ['workloads', name, 'prompt', 'file'], named: prompt.file },
      { path: ['workloads', name, 'prompt', 'tokenizer'], named: prompt.tokenizer },
      { path: ['workloads', name, 'images', 'files'], named: images?.files },
    ].flatMap(({ path, named }) => (named === undefined ? [] : [{ path, named }])),
  );
}

/** A file as text. Throws an Error where it is not UTF-8. */
export function textOf({ bytes }: AssetFile): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('expected UTF-8 text, got other bytes', { cause });
  }
}
