/** What a capacity report is made of, for machines: `capacity.json`. */
import type { Assessment, EndpointAssessment } from '../analysis/capacity/assessment.ts';
import type { Curve } from '../analysis/capacity/curve.ts';
import type { Forecast } from '../analysis/capacity/forecast.ts';
import type { VirtualStudy } from '../analysis/capacity/virtual-study.ts';

/** Grows by one where a field is renamed or taken away. */
const schemaVersion = 1;

/** The assessment as plain JSON: no records, no histograms, missing is null. */
export function capacityJson(
  { runs, invalid, endpoints, noted }: Assessment,
  forecast?: Forecast,
  tried: readonly VirtualStudy[] = [],
): unknown {
  return {
    schemaVersion,
    runs: runs.map(({ id }) => id),
    invalid: invalid.map(({ id }) => id),
    noted,
    endpoints: endpoints.map(endpointJson),
    forecast: forecast ?? null,
    whatIf: tried,
  };
}

function endpointJson({ curve, objectives, capacity, usl, knee }: EndpointAssessment): unknown {
  return {
    ...curveJson(curve),
    objectives: { texts: capacity.objectives, source: objectives.source },
    capacity: withoutLabel(capacity),
    knee: knee ?? null,
    usl: usl.kind === 'fitted' ? usl.usl : { why: usl.why },
  };
}

function withoutLabel({
  label: _,
  model: __,
  workload: ___,
  hardware: ____,
  objectives: _____,
  ...rest
}: EndpointAssessment['capacity']) {
  return rest;
}

function curveJson({ points, searches: _, ...curve }: Curve): object {
  return {
    ...curve,
    points: points.map(({ cells: _, measured: { counts, rates, metrics }, ...point }) => ({
      ...point,
      counts,
      rates,
      metrics: Object.fromEntries(Object.entries(metrics).map(([name, { hdr: _, ...metric }]) => [name, metric])),
    })),
  };
}
