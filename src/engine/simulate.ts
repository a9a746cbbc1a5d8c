/** Whole studies in virtual time: arrivals in, what became of each out, with nothing done token by token. */

import {
  createEngine,
  type Engine,
  type EngineLimits,
  type EngineOptions,
  type EngineRequest,
  type EngineState,
} from './engine.ts';
import { brokenLimit } from './limits.ts';

/** A request and when it arrives. */
export interface Arrival extends EngineRequest {
  readonly atMs: number;
}

type Refusal = 'overloaded' | 'rejected';

/** What became of one arrival; the times are those of the virtual clock. */
export type Served =
  | {
      readonly outcome: 'ok';
      readonly arrival: Arrival;
      readonly startMs: number;
      readonly firstTokenMs: number;
      readonly endMs: number;
    }
  | { readonly outcome: Refusal; readonly arrival: Arrival };

/** What a study needs to know: an engine without jitter, so that equal arrivals are served in equal times. */
export type SimulationOptions = Omit<EngineOptions, 'onToken' | 'onStart' | 'reports' | 'jitter' | 'seed'>;

export interface Simulation {
  /** In the order of the arrivals. */
  readonly served: readonly Served[];
  /** What the engine had done when the last request had ended. */
  readonly state: EngineState;
  readonly endMs: number;
}

interface Times {
  startMs: number;
  firstTokenMs: number;
  endMs: number;
}

/**
 * Serves arrivals, given in order of time and with ids of their own, until the last has ended. `overloaded` beyond
 * `maxConcurrentRequests`, `rejected` for more tokens than the limits allow. Throws what `createEngine` throws.
 */
export function simulate(arrivals: readonly Arrival[], options: SimulationOptions): Simulation {
  const fates = new Map<number, Times | Refusal>();
  let lastMs = 0;
  const engine = createEngine({
    ...options,
    jitter: 'none',
    reports: 'first and last',
    onStart: (id, atMs) => fates.set(id, { startMs: atMs, firstTokenMs: atMs, endMs: atMs }),
    onToken(id, index, atMs) {
      const times = fates.get(id) as Times;
      if (index === 1) times.firstTokenMs = atMs;
      times.endMs = atMs;
      lastMs = Math.max(lastMs, atMs);
    },
  });
  for (const arrival of arrivals) {
    const answer = offer(engine, arrival, options.limits);
    if (answer !== 'accepted') fates.set(arrival.id, answer);
  }
  engine.advance(Number.POSITIVE_INFINITY);
  const served = arrivals.map((arrival): Served => {
    const fate = fates.get(arrival.id) as Times | Refusal;
    return typeof fate === 'string' ? { outcome: fate, arrival } : { outcome: 'ok', arrival, ...fate };
  });
  return { served, state: engine.state(), endMs: lastMs };
}

/** TGI takes a permit before it validates: where none is left, a request that breaks a limit is overload too. */
function offer(engine: Engine, arrival: Arrival, limits: EngineLimits): 'accepted' | Refusal {
  if (brokenLimit(arrival, limits) === undefined) return engine.submit(arrival, arrival.atMs);
  engine.advance(arrival.atMs);
  return engine.state().permits < limits.maxConcurrentRequests ? 'rejected' : 'overloaded';
}
