import { startLeashed } from './leashed.ts';

/** The MIG instances of each GPU by its UUID, as `nvidia-smi -L` lists them. */
export function readInstances(list: string): Map<string, string[]> {
  const instances = new Map<string, string[]>();
  let own: string[] = [];
  for (const line of list.split('\n')) {
    const gpu = /^GPU \d+: .*\(UUID: (GPU-[\w-]+)\)/.exec(line)?.[1];
    const instance = /^\s+MIG .*\(UUID: (MIG-[\w/-]+)\)/.exec(line)?.[1];
    if (gpu !== undefined) {
      own = [];
      instances.set(gpu, own);
    } else if (instance !== undefined) own.push(instance);
  }
  return instances;
}

const withinMs = 10_000;
const mostCharacters = 100_000;

/** Asks a tool for them, once; what it cannot tell in time stays unknown. */
export async function listInstances(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Map<string, string[]>> {
  let list = '';
  const process = startLeashed({
    command: [...command, '-L'],
    env,
    onOutput: chunk => {
      if (list.length < mostCharacters) list += chunk.toString();
    },
    onErrorOutput: () => {},
  });
  const timer = setTimeout(() => void process.stop(), withinMs);
  await process.ended;
  clearTimeout(timer);
  return readInstances(list);
}
