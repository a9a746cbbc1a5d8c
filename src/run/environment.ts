import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Machine } from '../record/machine.ts';
import type { Environment } from '../record/run.ts';
import type { Assets } from '../scenario/assets.ts';
import type { Scenario } from '../scenario/resolve.ts';

/** This program's version. */
export const harnessVersion = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** What tells this kind of machine, with this Node and this version, from others. */
export function thisMachine(): Machine {
  const host = {
    platform: `${platform()} ${release()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
  };
  return { harness: harnessVersion, node: process.versions.node, host };
}

/** What the numbers of a run depend on, besides the scenario. */
export function inspectEnvironment(
  scenario: Scenario,
  service: Environment['service'],
  assets: Assets,
  directory: string,
  threads: number,
): Environment {
  const machine = thisMachine();
  const { host } = machine;
  const commit = gitCommit(directory);
  const files = Object.fromEntries(
    [...assets].map(([path, content]) => [path, digestOf(content.map(file => file.bytes))]),
  );
  return {
    ...machine,
    threads,
    git: commit === undefined ? {} : { commit },
    service,
    ...(assets.size === 0 ? {} : { files }),
    fingerprint: digestOf([
      JSON.stringify([scenario, host.cpu, host.cores, process.versions.node, harnessVersion, files]),
    ]),
  };
}

/** The beginning of a SHA-256, in hex: enough to tell contents apart. */
function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

/** The commit that is checked out in the repository around `directory`, read from its files. */
function gitCommit(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const git = join(at, '.git');
    if (existsSync(join(git, 'HEAD'))) {
      const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
      const ref = head.startsWith('ref: ') ? join(git, head.slice(5)) : undefined;
      const commit = ref === undefined ? head : existsSync(ref) ? readFileSync(ref, 'utf8').trim() : '';
      return /^[0-9a-f]{40}$/.test(commit) ? commit : undefined;
    }
    if (dirname(at) === at) return undefined;
  }
}
