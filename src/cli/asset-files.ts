import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { AssetFile } from '../scenario/assets.ts';
import { matches } from '../scenario/target.ts';

/** Reads the files that a path below a directory means; in its last part `*` and `?` may stand. Throws where there is none. */
export function readAssetFiles(directory: string, path: string): AssetFile[] {
  const pattern = basename(path);
  if (!/[*?]/.test(pattern)) return [{ name: path, bytes: readFileSync(resolve(directory, path)) }];
  const folder = resolve(directory, dirname(path));
  const files = readdirSync(folder, { withFileTypes: true })
    .filter(entry => !entry.isDirectory() && matches(entry.name, pattern))
    .map(entry => entry.name)
    .sort();
  if (files.length === 0) throw new Error(`no file ${pattern} in ${dirname(path)}`);
  return files.map(name => ({ name: join(dirname(path), name), bytes: readFileSync(join(folder, name)) }));
}
