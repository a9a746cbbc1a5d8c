/**
 * The numbers of a plan: each with the interval it lies in and where it comes from. A plan takes them from anywhere
 * (a measured curve, a search, an engine in virtual time) and never says more of the result than of what it was made from.
 */

/** From a step or search that was driven; from between two such; from beyond the last; from an engine in virtual time. */
export const provenances = ['measured', 'interpolated', 'extrapolated', 'simulated'] as const;
export type Provenance = (typeof provenances)[number];

export interface Figure {
  readonly value: number;
  /** null: there is no bound on this side. */
  readonly low: number | null;
  readonly high: number | null;
  readonly provenance: Provenance;
  /**
   * Where it is of no GPU: of the embedded service as it comes, or of an engine fitted to a measured run. Only the
   * second is good for money.
   */
  readonly simulation?: 'uncalibrated' | 'calibrated';
}

/** How a figure is called where it stands: `interpolated`, `simulated, interpolated`. */
export function provenanceText({ provenance, simulation }: Pick<Figure, 'provenance' | 'simulation'>): string {
  if (simulation === undefined || provenance === 'simulated') return provenance;
  return provenance === 'measured' ? 'simulated' : `simulated, ${provenance}`;
}

/** The provenance of what is made of several figures: that of the least certain. */
export function leastCertain(figures: readonly Pick<Figure, 'provenance' | 'simulation'>[]) {
  const at = Math.max(0, ...figures.map(({ provenance }) => provenances.indexOf(provenance)));
  const simulations = figures.flatMap(({ simulation }) => simulation ?? []);
  const simulation = simulations.includes('uncalibrated') ? 'uncalibrated' : simulations[0];
  return { provenance: provenances[at] as Provenance, ...(simulation === undefined ? {} : { simulation }) };
}

/** What a figure is, without where it comes from. */
export type Range = Pick<Figure, 'value' | 'low' | 'high'>;

/** A figure times a positive number. */
export function scaled<T extends Range>(figure: T, factor: number): T {
  const { value, low, high } = figure;
  return {
    ...figure,
    value: value * factor,
    low: low === null ? null : low * factor,
    high: high === null ? null : high * factor,
  };
}
