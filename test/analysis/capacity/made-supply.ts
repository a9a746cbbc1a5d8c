import type { Demand } from '../../../src/analysis/capacity/demand.ts';
import type { Figure } from '../../../src/analysis/capacity/figure.ts';
import type { NoSupply, Supply } from '../../../src/analysis/capacity/supply.ts';

export const fiveAS: Figure = { value: 5, low: 4, high: 6, provenance: 'interpolated' };

/** An endpoint that gives 4 to 6 requests per second, 50 tokens in and 10 out each, on one GPU of 500 W. */
export function madeSupply(supply: Partial<Supply> = {}): Supply {
  return {
    model: 'hermes',
    workload: 'chat',
    hardware: 'GPU',
    gpusPerEndpoint: 1,
    objectives: ['p95(ttftMs) <= 500'],
    perS: fiveAS,
    binding: 'TTFT',
    responseTimeMs: 680,
    lightResponseTimeMs: 380,
    inputTokens: 50,
    outputTokens: 10,
    watts: 500,
    joulesPerOutputToken: 10,
    restsOn: 'made by hand',
    leftOut: [],
    ...supply,
  };
}

export function madeDemand(demand: Partial<Demand> = {}): Demand {
  return {
    model: 'hermes',
    workload: 'chat',
    peakPerS: 30,
    growthFactor: 1,
    meanPerS: 10,
    hourlyPerS: null,
    requestsPerUserHour: null,
    tokens: null,
    ...demand,
  };
}

/** Looks supplies up by model and workload. */
export function supplying(...supplies: readonly Supply[]) {
  return (model: string, workload: string): Supply | NoSupply =>
    supplies.find(each => each.model === model && each.workload === workload) ?? {
      reason: 'not measured',
      why: 'none',
    };
}
