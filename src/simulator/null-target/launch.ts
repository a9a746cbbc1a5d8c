import { launchChild } from '../child.ts';
import type { NullStatistics, NullTargetOptions, SentTimes } from './target.ts';

/** A null target in a process of its own. */
export interface LaunchedNullTarget {
  readonly url: string;
  readonly pid: number;
  statistics(): Promise<NullStatistics>;
  /** When each event of each paced stream was sent since this was last asked. */
  sentTimes(): Promise<SentTimes>;
  stop(): Promise<void>;
}

/** Starts a null target, which ends when this process does, however that ends. Rejects with a HarnessError where it does not come up. */
export async function launchNullTarget(options: NullTargetOptions = {}): Promise<LaunchedNullTarget> {
  const { first, pid, stop } = await launchChild<{ readonly url: string }>(
    'null-target/process',
    options,
    'null target',
  );
  const read = async (path: string): Promise<unknown> => (await fetch(first.url + path)).json();
  return {
    url: first.url,
    pid,
    statistics: async () => (await read('/statistics')) as NullStatistics,
    sentTimes: async () => (await read('/sent')) as SentTimes,
    stop,
  };
}
