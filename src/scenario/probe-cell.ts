import { type Cell, cellOf, expand, type Pairing, pairingsOf } from './expand.ts';
import type { Scenario } from './resolve.ts';
import type { Warmup } from './scenario.ts';
import { isSpokenOf, type Search } from './search.ts';

/** How hard and how long a search asks once. */
export interface Probing {
  readonly load: number;
  readonly requests: number;
  readonly warmup: Warmup;
}

/** The endpoints with their workloads whose limit a search looks for, one after another. */
export function searchedPairings(scenario: Scenario, { objective }: Search): Pairing[] {
  return pairingsOf(scenario).filter(pairing => isSpokenOf(pairing, objective.names));
}

/** The cell of one probe; `step` numbers the probes of an endpoint, so that each has requests and a schedule of its own. */
export function probeCell(
  scenario: Scenario,
  { load, over }: Search,
  pairing: Pairing,
  { load: value, requests, warmup }: Probing,
  { index, step }: Pick<Cell, 'index' | 'step'>,
): Cell {
  const asked = { ...load, [over]: value };
  return cellOf(
    scenario,
    { index: step, load: asked, end: { requests }, warmup, order: 'sequential', driver: 'auto' },
    pairing,
    { index, stage: index, repetition: 1 },
  );
}

/** The cells of a scenario; of a search, the one of each endpoint that asks the most that it may ask. */
export function heaviestCells(scenario: Scenario): Cell[] {
  const { search } = scenario.load;
  if (search === undefined) return expand(scenario);
  return searchedPairings(scenario, search).map((pairing, index) => {
    const probing = { load: search.to, requests: search.requests, warmup: search.warmup ?? { turnovers: 1 } };
    return probeCell(scenario, search, pairing, probing, { index, step: 0 });
  });
}
