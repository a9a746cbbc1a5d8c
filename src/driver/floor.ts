import type { Clock } from '../clock.ts';
import type { Turn } from './autocannon.ts';

export interface RoundTripOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly connections: number;
  /** Ends after so many requests, after this time, or at the first answer that is not 200. */
  readonly requests: number;
  readonly withinMs: number;
}

/** Asks for a page that costs its server nothing, over autocannon, as often as it may; gives how long each 200 took, in ms. */
export async function roundTrips(options: RoundTripOptions): Promise<number[]> {
  const { converse } = await import('./autocannon.ts');
  const { url, headers, clock, withinMs } = options;
  return new Promise(resolve => {
    const timesMs: number[] = [];
    let left = options.requests;
    let pending = 0;
    const ended = (isGood: boolean) => {
      pending--;
      if (!isGood) left = 0;
      if (left === 0 && pending === 0) end();
    };
    const turn = (): Turn => {
      let sentMs = clock.nowMs();
      left--;
      pending++;
      return {
        headers,
        sent: () => {
          sentMs = clock.nowMs();
        },
        headersArrived: () => {},
        answered: ({ status }) => {
          if (status === 200) timesMs.push(clock.nowMs() - sentMs);
          ended(status === 200);
        },
        broken: () => ended(false),
      };
    };
    const next = () => (left > 0 ? turn() : undefined);
    const end = () => {
      cancel();
      for (const hangUp of hangUps) hangUp();
      resolve(timesMs);
    };
    const cancel = clock.at(clock.nowMs() + withinMs, end);
    const connections = Math.min(options.connections, options.requests);
    const hangUps = Array.from({ length: connections }, () => converse({ url, method: 'GET' }, turn(), next));
  });
}
