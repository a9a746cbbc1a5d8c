import { launchChild, program } from './child.ts';
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

/** Starts a service in its own process, which ends when this one does. Rejects with a HarnessError where it does not come up. */
export async function launchService(options: ServiceOptions): Promise<LaunchedService> {
  const { first, pid, stop } = await launchChild<Pick<LaunchedService, 'url' | 'adminToken'>>(
    'process',
    options,
    'embedded service',
  );
  return { ...first, pid, statistics: () => readStatistics(first.url, first.adminToken), stop };
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

async function readStatistics(url: string, adminToken: string): Promise<ServiceStatistics> {
  const response = await fetch(`${url}/admin/statistics`, { headers: { authorization: `Bearer ${adminToken}` } });
  return (await response.json()) as ServiceStatistics;
}
