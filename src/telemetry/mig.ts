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

const withinMs = 5_000;
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
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(() => void process.stop().then(resolve), withinMs);
  });
  await Promise.race([process.ended, late]);
  clearTimeout(timer);
  return readInstances(list);
}
