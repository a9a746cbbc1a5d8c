import { systemClock } from '../clock.ts';
import { roundTrips } from '../driver/floor.ts';
import type { Floor } from '../record/run.ts';
import { quantiles } from '../record/summary.ts';
import { heaviestCells } from '../scenario/probe-cell.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { Histogram } from '../stats/histogram.ts';
import { smallestSample } from '../stats/quantile.ts';
import type { ServiceBench } from './service-bench.ts';

/** Few, for a gateway that limits rates counts them too. */
const requests = 200;
const withinMs = 2_000;

/**
 * How long the way to each gateway and back takes at the most connections the scenario opens: its health, or where it
 * has none that of an endpoint. A gateway that answers neither is left out.
 */
export async function measureFloors(bench: ServiceBench, scenario: Scenario, signal: AbortSignal): Promise<Floor[]> {
  const most = Math.max(
    ...heaviestCells(scenario).map(({ load }) =>
      load.kind === 'closed' ? load.effectiveConcurrency : (load.effectiveMaxInFlight ?? 1),
    ),
  );
  const floors: Floor[] = [];
  for (const target of scenario.targets) {
    const url = bench.urlOf(target);
    const service = target.url === undefined ? scenario.service.url : url.origin;
    if (signal.aborted || floors.some(floor => floor.service === service)) continue;
    for (const path of ['/health', url.pathname]) {
      const once = { url: new URL(path, url), headers: bench.headersOf(target), clock: systemClock(), withinMs };
      const [answered] = await roundTrips({ ...once, connections: 1, requests: 1 });
      if (answered === undefined) continue;
      const connections = Math.min(most, requests);
      floors.push(floorOf(service, path, connections, await roundTrips({ ...once, connections, requests })));
      break;
    }
  }
  return floors;
}

function floorOf(service: string, path: string, connections: number, timesMs: readonly number[]): Floor {
  const times = new Histogram();
  for (const timeMs of timesMs) times.record(timeMs);
  const quantile = (q: number) => (times.count < smallestSample(q) ? null : (times.quantile(q) ?? null));
  return {
    service,
    path,
    connections,
    n: times.count,
    p50: quantile(quantiles.p50),
    p95: quantile(quantiles.p95),
  };
}
