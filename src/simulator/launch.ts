import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { FirstLine } from './process.ts';
import type { ServiceOptions } from './service.ts';
import type { ServiceStatistics } from './statistics.ts';

/** An embedded service in a process of its own. */
export interface LaunchedService {
  readonly url: string;
  readonly adminToken: string;
  readonly pid: number;
  statistics(): Promise<ServiceStatistics>;
  stop(): Promise<void>;
}

const readyWithinMs = 10_000;
const stopWithinMs = 2_000;

/** The compiled program of that name; from the sources it is the build's. */
function program(name: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/simulator/' : './';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}

/**
 * Starts a service in its own process, which ends when this one does, however that ends. Options go in by stdin, so
 * the token is neither an argument nor in the environment. Rejects with a HarnessError where it does not come up.
 */
export async function launchService(options: ServiceOptions): Promise<LaunchedService> {
  const child = execa(process.execPath, [program('process')], {
    buffer: false,
    reject: false,
    stderr: 'inherit',
    forceKillAfterDelay: stopWithinMs,
  });
  child.stdin.on('error', () => {}); // it died before it read; its first line, or the lack of one, tells
  child.stdin.write(`${JSON.stringify(options)}\n`);
  const first = await firstLine(child.stdout);
  if ('error' in first) {
    child.kill();
    throw new HarnessError(`the embedded service did not start: ${first.error}`, {
      hint: first.hint,
      exitCode: exitCodes.usage,
    });
  }
  const { url, adminToken } = first;
  return {
    url,
    adminToken,
    pid: child.pid as number,
    statistics: () => readStatistics(url, adminToken),
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill(), stopWithinMs);
      await child;
      clearTimeout(timer);
    },
  };
}

/** The `nvidia-smi` look-alike for the GPUs of a service: what to start, with what in its environment. */
export function nvidiaSmiOf({ url, adminToken }: Pick<LaunchedService, 'url' | 'adminToken'>): {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  return {
    command: [process.execPath, program('nvidia-smi')],
    env: { TGI_BENCH_GPUS_URL: `${url}/admin/gpus`, TGI_BENCH_GPUS_TOKEN: adminToken },
  };
}

async function firstLine(output: Readable): Promise<FirstLine> {
  const lines = createInterface({ input: output });
  try {
    const closed = once(lines, 'close').then(() => []);
    const [line] = await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(readyWithinMs) }), closed]);
    return line === undefined ? { error: 'its process ended' } : (JSON.parse(line as string) as FirstLine);
  } catch (error) {
    return { error: `no ready line within ${readyWithinMs / 1000} s (${messageOf(error)})` };
  }
}

async function readStatistics(url: string, adminToken: string): Promise<ServiceStatistics> {
  const response = await fetch(`${url}/admin/statistics`, { headers: { authorization: `Bearer ${adminToken}` } });
  return (await response.json()) as ServiceStatistics;
}
