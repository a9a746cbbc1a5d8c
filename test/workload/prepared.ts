import type { Assets } from '../../src/scenario/assets.ts';
import type { Workload } from '../../src/scenario/workload.ts';
import { openWorkload, type PreparedWorkload, withPictures } from '../../src/workload/prepare.ts';

/** A workload made ready; what is wrong with it fails the test. */
export async function prepared(
  workload: Workload,
  options: { seed?: number; name?: string; assets?: Assets } = {},
): Promise<PreparedWorkload> {
  const fail = (problem: string) => {
    throw new Error(problem);
  };
  const { seed = 42, name = 'chat', assets = new Map() } = options;
  return withPictures(await openWorkload(name, workload, assets, fail), seed, fail);
}
