import type { DriverName } from '../scenario/driver-limits.ts';
import type { Cell } from '../scenario/expand.ts';
import type { Target } from '../scenario/target.ts';

/** How many requests a driver will have in flight to a target. */
export interface Need {
  readonly target: Target;
  readonly driver: DriverName;
  readonly inFlight: number;
}

/** The most connections of an open loop that are opened ahead. */
const mostAhead = 1_000;

/**
 * What a cell, or its k-th stripe of n, needs from the start; autocannon opens its own, an open loop without a bound as
 * it goes. The places of an open loop are not dealt out: one stripe may have more of them than another, by about the
 * square root of its share, so it gets twice that more.
 */
export function needOf({ target, driver, load }: Cell, { k, n } = { k: 0, n: 1 }): Need {
  const shareOf = (total: number) => Math.floor(total / n) + (k < total % n ? 1 : 0);
  const need = (inFlight: number): Need => ({ target, driver, inFlight });
  if (driver === 'autocannon') return need(0);
  if (load.kind === 'closed') return need(shareOf(load.effectiveConcurrency));
  const whole = Math.min(load.effectiveMaxInFlight ?? 100, mostAhead);
  return need(Math.min(whole, shareOf(whole) + (n === 1 ? 0 : Math.ceil(2 * Math.sqrt(shareOf(whole))))));
}
