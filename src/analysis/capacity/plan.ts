/**
 * How many GPUs a demand takes, and what stands in the way of it: for each model G = ⌈λ/(X·u)⌉ + k, with λ the demand
 * of its busiest hour, X what an endpoint gives at the objectives, u how much of that is used and k spare ones; of
 * several workloads Σ λ/X stands for λ/X, which is approximate. Formulas of every day; Little's law for the limits.
 */
import type { Demand } from './demand.ts';
import type { Policy } from './demand-file.ts';
import { type Figure, leastCertain, type Range, scaled } from './figure.ts';
import { kindsOf, type NoSupply, type Supply, severalKinds } from './supply.ts';

/** So many, by the middle of what the capacity may be, at its best and at its worst; null: not bounded on this side. */
export type Count = Range;

/** One workload of a model in a plan. */
export interface PlannedPart {
  readonly demand: Demand;
  readonly supply: Supply;
  /** Requests in flight in the busiest hour, with little to do and at capacity; null: response times are not known. */
  readonly inFlight: { readonly low: number; readonly high: number } | null;
  /** Active users per GPU at the objectives; null: how often they ask was not said. */
  readonly activeUsersPerGpu: Figure | null;
  /** Whether requests are as long as planned; null: no lengths were planned, or none are known. */
  readonly isAsLong: boolean | null;
}

export interface ModelPlan {
  readonly model: string;
  readonly hardware: string;
  readonly parts: readonly PlannedPart[];
  readonly endpoints: Count;
  readonly gpus: Count;
  /** What is least certain of the capacities. */
  readonly certainty: Pick<Figure, 'provenance' | 'simulation'>;
  /** Requests per second in the busiest hour of all of its workloads. */
  readonly peakPerS: number;
  readonly meanPerS: number | null;
  /** How many endpoints the busiest hour would fill, none of them spare. */
  readonly busiestEndpoints: number;
  /** Whether one endpoint less still serves the busiest hour at the objectives, with the least capacity and the middle one. */
  readonly withOneLost: { readonly atLeast: boolean; readonly value: boolean };
  /** The limit of requests in flight per model. */
  readonly cap: Cap | null;
  /** What binds first: the cap, or what bounds the capacity; null: nothing was missed. */
  readonly binding: string | null;
  /** How much of all endpoints a day uses on average; null: nothing was said of how a day goes. */
  readonly utilisationRatio: number | null;
}

export interface Cap {
  readonly concurrent: number;
  /** What it lets through by Little's law λ = N/R, at capacity and with little to do; null: response times are not known. */
  readonly perS: { readonly low: number; readonly high: number } | null;
  /** `binds`: whatever the load; `may bind`: once endpoints are near their capacity. */
  readonly verdict: 'clear' | 'may bind' | 'binds' | 'unknown';
}

export interface Plan {
  readonly models: readonly ModelPlan[];
  /** Parts of the demand that there is no capacity for, with why. */
  readonly unplanned: readonly (Pick<Demand, 'model' | 'workload'> & NoSupply)[];
  readonly gpus: Count;
  readonly certainty: Pick<Figure, 'provenance' | 'simulation'>;
  readonly gateway: { readonly limitPerS: number; readonly demandPerS: number; readonly binds: boolean } | null;
  /** What binds first, in words. */
  readonly binding: string;
  readonly policy: Policy;
}

/** A plan for a demand. A model of which one workload has no capacity is not planned at all. */
export function planOf(
  demands: readonly Demand[],
  supplyFor: (model: string, workload: string) => Supply | NoSupply,
  policy: Policy,
): Plan {
  const names = [...new Set(demands.map(({ model }) => model))];
  const byModel = names.map(name => matchedIn(demands, name, supplyFor));
  const models = byModel.flatMap(({ matched, lacking }) => (lacking.length > 0 ? [] : [modelPlan(matched, policy)]));
  const gateway = gatewayOf(demands, policy);
  return {
    models,
    unplanned: byModel.flatMap(({ lacking }) => lacking),
    gpus: sumOf(models.map(({ gpus }) => gpus)),
    certainty: leastCertain(models.map(({ certainty }) => certainty)),
    gateway,
    binding: bindingOf(models, gateway),
    policy,
  };
}

type Matched = { readonly demand: Demand; readonly supply: Supply };

/** The demands of a model with what supplies them, and those that nothing does. */
function matchedIn(
  demands: readonly Demand[],
  name: string,
  supplyFor: (model: string, workload: string) => Supply | NoSupply,
): { readonly matched: readonly Matched[]; readonly lacking: Plan['unplanned'] } {
  const own = demands
    .filter(({ model }) => model === name)
    .map(demand => ({ demand, supply: supplyFor(name, demand.workload) }));
  const matched = own.flatMap(({ demand, supply }) => ('reason' in supply ? [] : [{ demand, supply }]));
  const kinds = kindsOf(matched.map(({ supply }) => supply));
  const lacking = own.flatMap(({ demand: { model, workload }, supply }) => {
    if ('reason' in supply) return [{ model, workload, ...supply }];
    // What shares endpoints runs on the same ones.
    return kinds.length > 1 ? [{ model, workload, ...severalKinds(kinds) }] : [];
  });
  return { matched, lacking };
}

function modelPlan(parts: readonly Matched[], policy: Policy): ModelPlan {
  const [
    {
      demand: { model },
      supply: { hardware, gpusPerEndpoint },
    },
  ] = parts as readonly [Matched, ...Matched[]];
  const endpoints = endpointsFor(parts, policy);
  const inFlight = addedUp(parts.map(inFlightOf));
  const cap = capOf(parts, inFlight, policy);
  const bindings = [...new Set(parts.flatMap(({ supply }) => supply.binding ?? []))];
  const means = parts.flatMap(({ demand }) => demand.meanPerS ?? []);
  const isShaped = means.length === parts.length;
  return {
    model,
    hardware,
    parts: parts.map(part => ({
      ...part,
      inFlight: inFlightOf(part),
      activeUsersPerGpu: usersOf(part),
      isAsLong: isAsLong(part),
    })),
    endpoints,
    gpus: scaled(endpoints, gpusPerEndpoint),
    certainty: leastCertain(parts.map(({ supply }) => supply.perS)),
    peakPerS: busiest(parts, () => 1),
    busiestEndpoints: loadIn(parts, ({ perS }) => perS.value),
    meanPerS: isShaped ? means.reduce((sum, each) => sum + each, 0) : null,
    withOneLost: {
      atLeast: endpoints.high !== null && loadIn(parts, ({ perS }) => perS.low ?? perS.value) <= endpoints.high - 1,
      value: loadIn(parts, ({ perS }) => perS.value) <= endpoints.value - 1,
    },
    cap,
    binding:
      cap?.verdict === 'binds' ? `the limit of ${cap.concurrent} requests in flight` : bindings.join(', ') || null,
    utilisationRatio: isShaped
      ? parts.reduce((sum, { demand, supply }) => sum + (demand.meanPerS as number) / supply.perS.value, 0) /
        endpoints.value
      : null,
  };
}

/** Endpoints with the spare ones; fewest where capacity is at its best. */
function endpointsFor(parts: readonly Matched[], { utilisation, spare }: Policy): Count {
  const withSpare = (load: number) => Math.ceil(load / utilisation - 1e-9) + spare;
  const isBounded = parts.every(({ supply }) => supply.perS.high !== null);
  return {
    value: withSpare(loadIn(parts, ({ perS }) => perS.value)),
    low: isBounded ? withSpare(loadIn(parts, ({ perS }) => perS.high as number)) : null,
    high: parts.every(({ supply }) => supply.perS.low !== null)
      ? withSpare(loadIn(parts, ({ perS }) => perS.low as number))
      : null,
  };
}

/** How many endpoints the busiest hour fills. */
function loadIn(parts: readonly Matched[], capacity: (supply: Supply) => number): number {
  return busiest(parts, supply => 1 / capacity(supply));
}

/** The largest sum over the day; where one workload has no hours, its peak counts in each. */
function busiest(parts: readonly Matched[], weight: (supply: Supply) => number): number {
  return Math.max(
    ...Array.from({ length: 24 }, (_, hour) =>
      parts.reduce(
        (sum, { demand, supply }) => sum + (demand.hourlyPerS?.[hour] ?? demand.peakPerS) * weight(supply),
        0,
      ),
    ),
  );
}

/** N = λ·R. */
function inFlightOf({ demand, supply: { responseTimeMs, lightResponseTimeMs } }: Matched): PlannedPart['inFlight'] {
  if (responseTimeMs === null) return null;
  const [most, least] = [responseTimeMs, Math.min(lightResponseTimeMs ?? responseTimeMs, responseTimeMs)];
  return { low: (demand.peakPerS * least) / 1000, high: (demand.peakPerS * most) / 1000 };
}

function addedUp(all: readonly PlannedPart['inFlight'][]): PlannedPart['inFlight'] {
  return all.reduce((sum, each) =>
    sum === null || each === null ? null : { low: sum.low + each.low, high: sum.high + each.high },
  );
}

function capOf(
  parts: readonly Matched[],
  inFlight: PlannedPart['inFlight'],
  { concurrentPerModel }: Policy,
): Cap | null {
  if (concurrentPerModel === 'none') return null;
  const concurrent = concurrentPerModel;
  if (inFlight === null) return { concurrent, perS: null, verdict: 'unknown' };
  const peak = parts.reduce((sum, { demand }) => sum + demand.peakPerS, 0);
  return {
    concurrent,
    perS: { low: (peak * concurrent) / inFlight.high, high: (peak * concurrent) / inFlight.low },
    verdict: inFlight.low > concurrent ? 'binds' : inFlight.high > concurrent ? 'may bind' : 'clear',
  };
}

function usersOf({ demand: { requestsPerUserHour }, supply: { perS, gpusPerEndpoint } }: Matched): Figure | null {
  if (requestsPerUserHour === null) return null;
  return scaled(perS, 3600 / requestsPerUserHour / gpusPerEndpoint);
}

/** From which difference on requests are not what was measured. */
const lengthTolerance = 0.05;

function isAsLong({ demand: { tokens }, supply: { inputTokens, outputTokens } }: Matched): boolean | null {
  if (tokens === null || inputTokens === null || outputTokens === null) return null;
  const near = (planned: number, measured: number) => Math.abs(planned - measured) <= lengthTolerance * measured;
  return near(tokens.input, inputTokens) && near(tokens.output, outputTokens);
}

function gatewayOf(demands: readonly Demand[], { gateway }: Policy): Plan['gateway'] {
  if (gateway === undefined) return null;
  const { perAddressPerS = Number.POSITIVE_INFINITY, addresses, inAllPerS = Number.POSITIVE_INFINITY } = gateway;
  const limitPerS = Math.min(perAddressPerS * addresses, inAllPerS);
  if (!Number.isFinite(limitPerS)) return null;
  const hourly = Array.from({ length: 24 }, (_, hour) =>
    demands.reduce((sum, demand) => sum + (demand.hourlyPerS?.[hour] ?? demand.peakPerS), 0),
  );
  const demandPerS = Math.max(...hourly);
  return { limitPerS, demandPerS, binds: demandPerS > limitPerS };
}

function bindingOf(models: readonly ModelPlan[], gateway: Plan['gateway']): string {
  if (gateway?.binds) return 'the gateway';
  const all = [...new Set(models.flatMap(({ binding }) => binding ?? []))];
  return all.length === 0 ? 'nothing' : all.join(', ');
}

function sumOf(counts: readonly Count[]): Count {
  const add = (of: (count: Count) => number | null) =>
    counts.reduce<number | null>((sum, count) => {
      const each = of(count);
      return sum === null || each === null ? null : sum + each;
    }, 0);
  return { value: add(({ value }) => value) ?? 0, low: add(({ low }) => low), high: add(({ high }) => high) };
}
