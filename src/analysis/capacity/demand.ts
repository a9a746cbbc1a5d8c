/** What a demand comes to: requests per second in the busiest hour and over a day, as they will be at the horizon. */
import type { DemandFile, DemandPart } from './demand-file.ts';

export interface Demand {
  readonly model: string;
  readonly workload: string;
  /** In the busiest hour, at the horizon. */
  readonly peakPerS: number;
  /** By what it is more than today. */
  readonly growthFactor: number;
  /** Over a day, at the horizon; null: nothing was said of how a day goes. */
  readonly meanPerS: number | null;
  /** Hour by hour, at the horizon; null: not said. */
  readonly hourlyPerS: readonly number[] | null;
  readonly requestsPerUserHour: number | null;
  readonly tokens: { readonly input: number; readonly output: number } | null;
}

/** Each part of a demand, at the horizon. Expects a file without problems. */
export function demandsOf({ demand, growth }: DemandFile): Demand[] {
  const factor = growthFactorOf(growth);
  return demand.map(part => {
    const peak = (peakByUsers(part) ?? peakByRequests(part) ?? 0) * factor;
    const ratio = peakToMeanOf(part);
    const most = Math.max(...(part.hours ?? [1]));
    return {
      model: part.model,
      workload: part.workload,
      peakPerS: peak,
      growthFactor: factor,
      meanPerS: ratio === undefined ? null : peak / ratio,
      hourlyPerS: part.hours?.map(hour => (peak * hour) / most) ?? null,
      requestsPerUserHour: part.requestsPerUserHour ?? null,
      tokens: part.tokens ?? null,
    };
  });
}

function growthFactorOf(growth: DemandFile['growth']): number {
  if (growth === undefined) return 1;
  const { perYear, perMonth = 0, months } = growth;
  return perYear === undefined ? (1 + perMonth) ** months : (1 + perYear) ** (months / 12);
}

/** Today's busiest hour by its users, requests per second; undefined where they are not said. */
export function peakByUsers({ users, activeAtPeak, requestsPerUserHour }: DemandPart): number | undefined {
  if (users === undefined || activeAtPeak === undefined || requestsPerUserHour === undefined) return undefined;
  return (users * activeAtPeak * requestsPerUserHour) / 3600;
}

/** Today's busiest hour by its requests per second; undefined where they are not said. */
export function peakByRequests(part: DemandPart): number | undefined {
  const { requestsPerS } = part;
  if (requestsPerS === undefined || typeof requestsPerS === 'number') return requestsPerS;
  const { peak, mean } = requestsPerS;
  const ratio = shapeRatio(part);
  return peak ?? (mean === undefined || ratio === undefined ? undefined : mean * ratio);
}

/** The busiest hour against the mean, by how a day goes; undefined where nothing says. */
export function shapeRatio({ hours, peakToMean }: Pick<DemandPart, 'hours' | 'peakToMean'>): number | undefined {
  if (hours === undefined) return peakToMean;
  const sum = hours.reduce((total, hour) => total + hour, 0);
  return sum === 0 ? undefined : (24 * Math.max(...hours)) / sum;
}

function peakToMeanOf(part: DemandPart): number | undefined {
  const { requestsPerS } = part;
  const said = typeof requestsPerS === 'object' ? requestsPerS : {};
  return said.peak !== undefined && said.mean !== undefined ? said.peak / said.mean : shapeRatio(part);
}
