import type { Clock } from '../clock.ts';
import type { PageReader } from '../http/page.ts';
import type { ServerLine } from '../record/server-sample.ts';
import { PagePoll } from './page-poll.ts';
import { readTgiPage } from './tgi-page.ts';
import type { Watch } from './watch.ts';

/** One model server that is asked. */
export interface ServerPage {
  readonly target: string;
  readonly simulated: boolean;
  /** Where its page may be. */
  readonly urls: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it was named, and not only looked for. */
  readonly isNamed: boolean;
}

/** Watches model servers through their own pages, each only while its target is driven. */
export function watchServerPages(options: {
  readonly pages: readonly ServerPage[];
  readonly intervalMs: number;
  readonly reader: PageReader;
  readonly clock: Clock;
  readonly listen: (line: ServerLine) => void;
  readonly isDriven: (target: string) => boolean;
}): Watch {
  const { pages, reader, clock, intervalMs, listen, isDriven } = options;
  const nowMs = (atMs = clock.nowMs()) => Math.round(atMs * 1000) / 1000;
  const polls = pages.map(page => {
    const { target, simulated, urls, headers, isNamed } = page;
    const line = { source: 'tgi', target, simulated } as const;
    const poll = new PagePoll({
      reader,
      clock,
      intervalMs,
      urls,
      headers,
      isWanted: () => isDriven(target),
      onUnauthorised: () => stopAt(new URL(urls[0] as string).origin),
      onPage(text, atMs) {
        const values = readTgiPage(text);
        if (values !== undefined) listen({ atMs: nowMs(atMs), ...line, ...values });
        return values !== undefined;
      },
      onGap: (problem, absent) =>
        listen({
          atMs: nowMs(),
          ...line,
          gap: `${target}: ${problem}`,
          ...(absent && !isNamed ? { absent: true as const } : {}),
        }),
    });
    return { origin: new URL(urls[0] as string).origin, poll };
  });
  /** A few refused tokens can ban everybody: nobody asks there again. */
  const stopAt = (origin: string) => {
    for (const each of polls) if (each.origin === origin) each.poll.stop();
  };
  return {
    settled: Promise.resolve(),
    async stop() {
      for (const { poll } of polls) poll.stop();
    },
  };
}
