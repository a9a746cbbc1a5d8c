/** Whole studies in virtual time: arrivals in, what became of each out, with nothing done token by token. */

import type { EngineState } from './engine.ts';
import { type Arrival, openStation, type Served, type SimulationOptions } from './station.ts';

export type { Arrival, SimulationOptions };

export interface Simulation {
  /** In the order of the arrivals. */
  readonly served: readonly Served[];
  /** What the engine had done when the last request had ended. */
  readonly state: EngineState;
  readonly endMs: number;
}

/**
 * Serves arrivals, given in order of time and with ids of their own, until the last has ended. `overloaded` beyond
 * `maxConcurrentRequests`, `rejected` for more tokens than the limits allow. Throws what `createEngine` throws.
 */
export function simulate(arrivals: readonly Arrival[], options: SimulationOptions): Simulation {
  const fates = new Map<Arrival, Served>();
  let endMs = 0;
  const station = openStation(options, served => {
    fates.set(served.arrival, served);
    if (served.outcome === 'ok') endMs = Math.max(endMs, served.endMs);
  });
  for (const arrival of arrivals) station.offer(arrival);
  station.advance(Number.POSITIVE_INFINITY);
  return { served: arrivals.map(arrival => fates.get(arrival) as Served), state: station.state(), endMs };
}
