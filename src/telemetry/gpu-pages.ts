import { type Clock, microseconds } from '../clock.ts';
import type { PageReader } from '../http/page.ts';
import type { GpuLine } from '../record/gpu-sample.ts';
import { readDcgmPage } from './dcgm-page.ts';
import { PagePoll } from './page-poll.ts';
import type { Watch } from './watch.ts';

/** Watches GPUs through the page of a DCGM exporter, all the time. */
export function watchGpuPage(options: {
  readonly url: string;
  readonly host: string | undefined;
  readonly source: string;
  readonly intervalMs: number;
  readonly reader: PageReader;
  readonly clock: Clock;
  readonly listen: (line: GpuLine) => void;
}): Watch {
  const { url, host, source, listen, clock } = options;
  let settle = () => {};
  const settled = new Promise<void>(resolve => {
    settle = resolve;
  });
  let pages = 0;
  const poll = new PagePoll({
    ...options,
    urls: [url],
    headers: {},
    isWanted: () => true,
    onUnauthorised: () => {},
    onPage(text, atMs) {
      const gpus = readDcgmPage(text, host);
      for (const gpu of gpus ?? []) listen({ atMs: microseconds(atMs), source, simulated: false, ...gpu });
      if (++pages >= 3) settle();
      return gpus !== undefined;
    },
    onGap(problem) {
      const gap = `${source}: ${problem}`;
      listen({
        atMs: microseconds(clock.nowMs()),
        source,
        simulated: false,
        ...(host === undefined ? {} : { host }),
        gap,
      });
      settle();
    },
  });
  return { settled, stop: async () => poll.stop() };
}
