import { createEngine, type EngineOptions, type EngineRequest, type EngineState } from './engine.ts';
import { brokenLimit } from './limits.ts';

/** A request and when it arrives. */
export interface Arrival extends EngineRequest {
  readonly atMs: number;
}

export type Refusal = 'overloaded' | 'rejected';

/** When what happened to an arrival that was served; the times are those of the virtual clock. */
export interface ServedTimes {
  readonly startMs: number;
  readonly firstTokenMs: number;
  readonly endMs: number;
}

/** What became of one arrival. */
export type Served =
  | ({ readonly outcome: 'ok'; readonly arrival: Arrival } & ServedTimes)
  | { readonly outcome: Refusal; readonly arrival: Arrival };

/** What a study needs to know: an engine without jitter, so that equal arrivals are served in equal times. */
export type SimulationOptions = Omit<EngineOptions, 'onToken' | 'onStart' | 'reports' | 'jitter' | 'seed'>;

/** One engine of a study: arrivals are offered to it in order of time, and of each is told what became of it. */
export interface Station {
  /** Requests that it has accepted and not ended. */
  readonly inFlight: number;
  /** Hands an arrival in, at its own time or where it was held up later, and gives whether it was accepted; a refusal is told at once. */
  offer(arrival: Arrival, atMs?: number): boolean;
  /** As the engine's: when the next thing happens, undefined at rest. */
  nextMs(): number | undefined;
  advance(untilMs: number): void;
  state(): EngineState;
}

/**
 * An engine at rest that calls `onServed` once for each arrival, when it has ended or is refused: `overloaded` beyond
 * `maxConcurrentRequests`, `rejected` for more tokens than the limits allow. It keeps what is in flight and nothing
 * more. `onServed` may offer further arrivals. Throws what `createEngine` throws.
 */
export function openStation(options: SimulationOptions, onServed: (served: Served) => void): Station {
  interface Flight {
    readonly arrival: Arrival;
    startMs: number;
    firstTokenMs: number;
  }
  const flights = new Map<number, Flight>();
  const engine = createEngine({
    ...options,
    jitter: 'none',
    reports: 'first and last',
    onStart(id, atMs) {
      (flights.get(id) as Flight).startMs = atMs;
    },
    onToken(id, index, atMs, last) {
      const flight = flights.get(id) as Flight;
      if (index === 1) flight.firstTokenMs = atMs;
      if (!last) return;
      flights.delete(id);
      const { arrival, startMs, firstTokenMs } = flight;
      onServed({ outcome: 'ok', arrival, startMs, firstTokenMs, endMs: atMs });
    },
  });
  /** TGI takes a permit before it validates: where none is left, a request that breaks a limit is overload too. */
  const refusalOf = (arrival: Arrival, atMs: number): Refusal | undefined => {
    engine.advance(atMs);
    if (flights.size >= options.limits.maxConcurrentRequests) return 'overloaded';
    return brokenLimit(arrival, options.limits) === undefined ? undefined : 'rejected';
  };
  return {
    get inFlight() {
      return flights.size;
    },
    offer(arrival, atMs = arrival.atMs) {
      const refusal = refusalOf(arrival, atMs);
      if (refusal !== undefined) {
        onServed({ outcome: refusal, arrival });
        return false;
      }
      flights.set(arrival.id, { arrival, startMs: atMs, firstTokenMs: atMs });
      engine.submit(arrival, atMs);
      return true;
    },
    nextMs: () => engine.nextMs(),
    advance: untilMs => engine.advance(untilMs),
    state: () => engine.state(),
  };
}
