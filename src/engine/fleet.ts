/**
 * A fleet in virtual time: the engines of one model behind a gateway and a router. Arrivals in, what became of each
 * out; it keeps what is in flight and nothing more, so its memory does not grow with the length of a study.
 *
 * Invariant: engines are carried on only when something of theirs is due, and then in the order in which they stand;
 * a fleet of one without a gateway serves as `simulate` does.
 */

import type { EngineState } from './engine.ts';
import { type Routing, router } from './router.ts';
import { type Arrival, openStation, type Served, type SimulationOptions, type Station } from './station.ts';
import { type RateLimit, TokenBucket } from './token-bucket.ts';

/** What became of one arrival at the fleet: as of one at an engine, or turned away by the gateway's limiter. */
export type FleetServed = Served | { readonly outcome: 'rate_limited'; readonly arrival: Arrival };

export interface FleetOptions {
  /** One a GPU. */
  readonly engines: readonly SimulationOptions[];
  readonly routing: Routing;
  /** Of the router's draws. */
  readonly seed?: number;
  /** What the gateway lets through in flight over all engines; `overloaded` beyond. */
  readonly maxInFlight?: number;
  /** The gateway's limiter, which holds a request up for half a gap at most and turns it away beyond. */
  readonly rateLimit?: RateLimit;
  /** Called once for each arrival, in order of time for each engine, with the engine that had it. */
  readonly onServed: (served: FleetServed, engine?: number) => void;
}

export interface FleetOutcome {
  /** What each engine had done when the last request had ended. */
  readonly states: readonly EngineState[];
  readonly endMs: number;
}

/**
 * Serves arrivals, given in order of time and with ids of their own, until the last has ended. Throws a RangeError for
 * a fleet of none, and what `createEngine` throws.
 */
export function serveByFleet(arrivals: Iterable<Arrival>, options: FleetOptions): FleetOutcome {
  const { engines, maxInFlight = Number.POSITIVE_INFINITY, onServed } = options;
  if (engines.length === 0) throw new RangeError('expected a fleet of at least one engine, got none');
  let inFlight = 0;
  let endMs = 0;
  const stations = engines.map((engine, place) =>
    openStation(engine, served => {
      if (served.outcome === 'ok') {
        inFlight--;
        endMs = Math.max(endMs, served.endMs);
      }
      onServed(served, place);
    }),
  );
  const choose = router(options.routing, stations.length, options.seed);
  const admittedMs = limiter(options.rateLimit);
  const crew = together(stations);
  const busy = (engine: number) => (stations[engine] as Station).inFlight;
  for (const arrival of arrivals) {
    const atMs = admittedMs(arrival.atMs);
    if (atMs === undefined) {
      onServed({ outcome: 'rate_limited', arrival });
      continue;
    }
    crew.advance(atMs);
    if (inFlight >= maxInFlight) onServed({ outcome: 'overloaded', arrival });
    else if (crew.offer(choose(busy), arrival, atMs)) inFlight++;
  }
  for (const station of stations) station.advance(Number.POSITIVE_INFINITY);
  return { states: stations.map(station => station.state()), endMs };
}

/** When the gateway lets a request of that time through; undefined where it turns it away. */
function limiter(limit: RateLimit | undefined): (atMs: number) => number | undefined {
  if (limit === undefined) return atMs => atMs;
  const bucket = new TokenBucket(limit);
  return atMs => {
    const { taken, waitMs } = bucket.take(atMs);
    return taken ? atMs + waitMs : undefined;
  };
}

/** Carries all stations on together, touching only those that have something due. */
function together(stations: readonly Station[]) {
  const dueMs = new Float64Array(stations.length);
  /** Something was handed in or carried out, so when the next thing is due must be asked for again. */
  const stale = new Uint8Array(stations.length).fill(1);
  let nowMs = Number.NEGATIVE_INFINITY;
  return {
    advance(untilMs: number): void {
      // Asking settles the batch: only once time has moved on, so that arrivals of one instant share one.
      if (untilMs === nowMs) return;
      nowMs = untilMs;
      stations.forEach((station, place) => {
        if (stale[place] === 1) dueMs[place] = station.nextMs() ?? Number.POSITIVE_INFINITY;
        stale[place] = 0;
        if ((dueMs[place] as number) > untilMs) return;
        station.advance(untilMs);
        stale[place] = 1;
      });
    },
    offer(place: number, arrival: Arrival, atMs: number): boolean {
      stale[place] = 1;
      return (stations[place] as Station).offer(arrival, atMs);
    },
  };
}
