import type { Cell } from '../scenario/expand.ts';
import type { FromStripe, Port, StripeOrder, ToStripe } from './stripe-messages.ts';

/** A thread that drives stripes. */
export interface Lane {
  /** What it is called in words. */
  readonly name: string;
  /** Aborted where it comes to an end of its own, with the reason. */
  readonly lost: AbortSignal;
  /** Begins to drive a stripe; what becomes of it comes by the port. */
  begin(order: StripeOrder): Port<FromStripe, ToStripe>;
}

/** A stripe of a cell, and who drives it. */
export interface Share<T extends Lane = Lane> {
  readonly lane: T;
  readonly k: number;
  readonly n: number;
}

/**
 * How a cell is dealt out: over all lanes, but a closed loop over no more than it has slots, and what waits in one
 * queue over one. Cells begin at different lanes, so that many small ones are spread as well.
 */
export function sharesOf<T extends Lane>({ index, load }: Cell, lanes: readonly T[]): Share<T>[] {
  const hasQueue = load.kind === 'open' && load.whenFull === 'queue' && load.effectiveMaxInFlight !== undefined;
  const most = load.kind === 'closed' ? load.effectiveConcurrency : hasQueue ? 1 : lanes.length;
  const n = Math.min(lanes.length, most);
  return Array.from({ length: n }, (_, k) => ({ lane: lanes[(index + k) % lanes.length] as T, k, n }));
}
