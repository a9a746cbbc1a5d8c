import type { Asking } from './clients.ts';

/** What a client is asked to do. */
export type Work =
  | ({ readonly kind: 'ask' } & Asking)
  | { readonly kind: 'idle'; readonly url: string; readonly streams: number };

/** What came and what it cost: events or unary answers, and CPU time (user and system) of the client. */
export interface Cost {
  readonly events: number;
  readonly cpuMs: number;
}

/** What each idle stream holds on to. */
export interface Held {
  readonly residentBytes: number;
  readonly heapBytes: number;
}

export type Told = Cost | Held;
