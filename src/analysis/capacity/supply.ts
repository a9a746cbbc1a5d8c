/** What a model gives with a workload, over the endpoints it was measured at: the capacity that a plan is made with. */
import { nearest } from '../../schema/nearest.ts';
import { mean as meanOf } from '../../stats/quantile.ts';
import type { Capacity } from './capacity.ts';
import { type Figure, leastCertain } from './figure.ts';

/** Capacity of one endpoint of a model with one workload, from wherever: curves, a search, an engine in virtual time. */
export interface Supply
  extends Pick<
    Capacity,
    | 'model'
    | 'workload'
    | 'hardware'
    | 'objectives'
    | 'responseTimeMs'
    | 'lightResponseTimeMs'
    | 'inputTokens'
    | 'outputTokens'
    | 'watts'
    | 'joulesPerOutputToken'
  > {
  readonly gpusPerEndpoint: number;
  /** Requests per second of one endpoint. */
  readonly perS: Figure;
  /** What binds there; null: nothing was missed. */
  readonly binding: string | null;
  /** What it rests on. */
  readonly restsOn: string;
  /** Endpoints of which there is no capacity and that it knows nothing of, with why. */
  readonly leftOut: readonly string[];
}

/** Why there is no supply: no endpoint of it was driven, too little was, or no load meets the objectives. */
export interface NoSupply {
  readonly reason: 'not measured' | 'unknown' | 'below' | 'unlike';
  readonly why: string;
}

/**
 * The supply of a model with a workload. Open loops stand before closed ones, for users do not wait for each other, and
 * endpoints driven alone before all at once, who share the limits of their model. Of several endpoints the mean counts,
 * and the interval is as wide as theirs together.
 */
export function supplyOf(capacities: readonly Capacity[], model: string, workload: string): Supply | NoSupply {
  const own = capacities.filter(each => each.model === model && each.workload === workload);
  if (own.length === 0) return { reason: 'not measured', why: notMeasured(capacities, model, workload) };
  const best = Math.min(...own.filter(({ perS }) => perS !== null).map(rank));
  const used = own.filter(each => each.perS !== null && rank(each) === best);
  const [first] = used;
  if (first === undefined) {
    const isBelow = own.every(({ kind }) => kind === 'below');
    return { reason: isBelow ? 'below' : 'unknown', why: own.map(({ label, why }) => `${label}: ${why}`).join('; ') };
  }
  const kinds = kindsOf(used.map(({ hardware, gpus: gpusPerEndpoint }) => ({ hardware, gpusPerEndpoint })));
  if (kinds.length > 1) return severalKinds(kinds);
  const silent = own.filter(each => each.perS === null && rank(each) <= best);
  return { ...merged(first, used), leftOut: silent.map(({ label, why }) => `${label}: ${why}`) };
}

/** The lower the better. */
function rank({ loadKind, together }: Capacity): number {
  return (loadKind === 'open' ? 0 : 2) + (together ? 1 : 0);
}

/** What some endpoints run on, each kind once. */
export function kindsOf(all: readonly Pick<Supply, 'hardware' | 'gpusPerEndpoint'>[]): string[] {
  return [...new Set(all.map(({ hardware, gpusPerEndpoint }) => `${gpusPerEndpoint} × ${hardware}`))];
}

/** Why there is no plan over several kinds of GPU. */
export function severalKinds(kinds: readonly string[]): NoSupply {
  return {
    reason: 'unlike',
    why: `measured on several kinds of GPU (${kinds.join(', ')}): a plan is for one of them; name only runs of it`,
  };
}

function merged(first: Capacity, used: readonly Capacity[]): Omit<Supply, 'leftOut'> {
  const { model, workload, hardware, objectives, gpus } = first;
  const mean = (of: (each: Capacity) => number | null) => meanOf(used.flatMap(each => of(each) ?? [])) ?? null;
  const bindings = [...new Set(used.flatMap(({ binding }) => binding ?? []))];
  return {
    model,
    workload,
    hardware,
    objectives,
    gpusPerEndpoint: gpus,
    perS: joined(used.map(({ perS }) => perS as Figure)),
    binding: bindings.length === 0 ? null : bindings.join(', '),
    responseTimeMs: mean(each => each.responseTimeMs),
    lightResponseTimeMs: mean(each => each.lightResponseTimeMs),
    inputTokens: mean(each => each.inputTokens),
    outputTokens: mean(each => each.outputTokens),
    watts: mean(each => each.watts),
    joulesPerOutputToken: mean(each => each.joulesPerOutputToken),
    restsOn: used.map(({ label, why }) => `${label}: ${why}`).join('; '),
  };
}

function joined(figures: readonly Figure[]): Figure {
  const lows = figures.flatMap(({ low }) => low ?? []);
  const highs = figures.flatMap(({ high }) => high ?? []);
  return {
    value: meanOf(figures.map(({ value }) => value)) ?? 0,
    low: lows.length < figures.length ? null : Math.min(...lows),
    high: highs.length < figures.length ? null : Math.max(...highs),
    ...leastCertain(figures),
  };
}

function notMeasured(capacities: readonly Capacity[], model: string, workload: string): string {
  const known = [...new Set(capacities.map(each => `${each.model} ${each.workload}`))];
  const close = nearest(`${model} ${workload}`, known);
  const held = known.length === 0 ? '' : `, which hold ${known.join(', ')}`;
  return `${model} ${workload} was not measured in these runs${held}${close === undefined ? '' : ` (did you mean ${close}?)`}`;
}
