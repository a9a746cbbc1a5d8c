import { describe, expect, it } from 'vitest';
import { type FleetOptions, type FleetServed, serveByFleet } from '../../src/engine/fleet.ts';
import { routings } from '../../src/engine/router.ts';
import { type Arrival, simulate } from '../../src/engine/simulate.ts';
import { azureLimits, azureMix } from './azure-mix.ts';

const engine = { gpu: 'A100-80G', model: 'mistral-7b', limits: azureLimits };
const fleetOf = (size: number) => Array.from({ length: size }, () => engine);

/** Serves arrivals and keeps everything that was told. */
function serve(arrivals: readonly Arrival[], options: Omit<FleetOptions, 'onServed'>) {
  const served: { readonly fate: FleetServed; readonly engine: number | undefined }[] = [];
  const outcome = serveByFleet(arrivals, {
    ...options,
    onServed: (fate, place) => served.push({ fate, engine: place }),
  });
  return { served, ...outcome };
}

/** Bursts of equal arrivals at one instant, where it would show if a batch were settled too early. */
function bursts(): Arrival[] {
  return azureMix(4, 60_000).map((arrival, id) => ({ ...arrival, id, atMs: 500 * Math.floor(id / 7) }));
}

describe('a fleet', () => {
  it.each([
    ['as they come', azureMix(7, 60_000)],
    ['several at an instant', bursts()],
  ])('of one serves as one engine does: %s', (_, arrivals) => {
    const limits = { ...azureLimits, maxConcurrentRequests: 40 };
    const alone = simulate(arrivals, { ...engine, limits });
    for (const routing of routings) {
      const { served, states, endMs } = serve(arrivals, { engines: [{ ...engine, limits }], routing });
      const inOrder = [...served].sort((a, b) => a.fate.arrival.id - b.fate.arrival.id);
      expect(inOrder.map(({ fate }) => fate)).toEqual(alone.served);
      expect(states).toEqual([alone.state]);
      expect(endMs).toBe(alone.endMs);
    }
    expect(alone.served.some(({ outcome }) => outcome === 'overloaded')).toBe(true);
  });

  it('gives each engine the times that it would give the same arrivals alone', () => {
    const { served } = serve(azureMix(12, 60_000), { engines: fleetOf(3), routing: 'least-in-flight' });
    for (const place of [0, 1, 2]) {
      const own = served.filter(each => each.engine === place).map(({ fate }) => fate);
      const arrivals = own.map(({ arrival }) => arrival).sort((a, b) => a.id - b.id);
      const byId = new Map(simulate(arrivals, engine).served.map(fate => [fate.arrival.id, fate]));
      expect(own.length).toBeGreaterThan(150);
      for (const fate of own) expect(fate).toEqual(byId.get(fate.arrival.id));
    }
  });

  it('tells of every arrival once, whatever becomes of it', () => {
    const arrivals = azureMix(30, 30_000);
    const { served } = serve(arrivals, {
      engines: fleetOf(2),
      routing: 'random',
      maxInFlight: 50,
      rateLimit: { ratePerS: 20, burst: 25 },
    });
    expect(served.map(({ fate }) => fate.arrival.id).sort((a, b) => a - b)).toEqual(arrivals.map(({ id }) => id));
    const kinds = new Set(served.map(({ fate }) => fate.outcome));
    expect(kinds).toEqual(new Set(['ok', 'overloaded', 'rate_limited']));
  });

  it('has a gateway that lets no more in flight than it may, over all engines', () => {
    const arrivals = azureMix(40, 20_000);
    const { served } = serve(arrivals, { engines: fleetOf(4), routing: 'round-robin', maxInFlight: 30 });
    const changes = served.flatMap(({ fate }) =>
      fate.outcome === 'ok'
        ? [
            { atMs: fate.arrival.atMs, by: 1 },
            { atMs: fate.endMs, by: -1 },
          ]
        : [],
    );
    changes.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
    let [now, most] = [0, 0];
    for (const { by } of changes) {
      now += by;
      most = Math.max(most, now);
    }
    expect(most).toBe(30);
    expect(served.filter(({ fate }) => fate.outcome === 'overloaded').length).toBeGreaterThan(100);
  });

  it('holds a request up in the gateway and counts from when it came', () => {
    const arrivals = [0, 0, 0].map((atMs, id) => ({
      id,
      atMs,
      inputTokens: 100,
      images: 0,
      maxNewTokens: 1,
      outputTokens: 1,
    }));
    const { served } = serve(arrivals, {
      engines: fleetOf(3),
      routing: 'round-robin',
      rateLimit: { ratePerS: 10, burst: 2 },
    });
    expect(served.map(({ fate }) => fate.outcome)).toEqual(['rate_limited', 'ok', 'ok']);
    const late = arrivals.map(arrival => ({ ...arrival, atMs: arrival.id * 60 }));
    const slowed = serve(late, { engines: fleetOf(3), routing: 'round-robin', rateLimit: { ratePerS: 10, burst: 1 } });
    const starts = slowed.served.flatMap(({ fate }) => (fate.outcome === 'ok' ? [fate.startMs] : []));
    expect(starts).toEqual([0, 100]);
  });

  it('serves the sooner the better its router knows who is busy', () => {
    const arrivals = azureMix(24, 120_000);
    const slowest = (routing: FleetOptions['routing']) => {
      const { served } = serve(arrivals, { engines: fleetOf(6), routing });
      const waits = served.flatMap(({ fate }) =>
        fate.outcome === 'ok' ? [fate.firstTokenMs - fate.arrival.atMs] : [],
      );
      return waits.sort((a, b) => a - b)[Math.floor(0.95 * waits.length)] as number;
    };
    const [random, two, least] = [slowest('random'), slowest('power-of-two'), slowest('least-in-flight')];
    expect(two).toBeLessThan(random);
    expect(least).toBeLessThan(two);
  });

  it('is deterministic in its seed, and needs an engine', () => {
    const places = (seed: number) =>
      serve(azureMix(12, 20_000), { engines: fleetOf(3), routing: 'random', seed }).served.map(each => each.engine);
    expect(places(1)).toEqual(places(1));
    expect(places(1)).not.toEqual(places(2));
    expect(() => serve([], { engines: [], routing: 'random' })).toThrow(RangeError);
  });
});
