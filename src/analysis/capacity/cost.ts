/**
 * What a plan costs. A million input tokens, output tokens and tokens of both each carry the whole of it: three views of
 * one bill, not three parts. No money is made of an uncalibrated simulation.
 */
import type { Prices } from './demand-file.ts';
import { type Figure, type Range, scaled } from './figure.ts';
import type { ModelPlan, PlannedPart } from './plan.ts';

const hoursPerYear = 8760;
const hoursPerMonth = hoursPerYear / 12;

/** The three views; null: the tokens are not known. */
export interface PerMillionTokens {
  readonly output: Figure | null;
  readonly input: Figure | null;
  readonly total: Figure | null;
}

export interface ModelCost {
  readonly model: string;
  /** Of one GPU, by what it is made of; power is null where it is paid and was not seen. */
  readonly perGpuHour: {
    readonly capital: number;
    readonly hosting: number;
    readonly power: number | null;
    readonly total: number;
  };
  /** With every endpoint at its objectives all the time: the least that a token can cost. */
  readonly atObjectives: readonly { readonly workload: string; readonly perMillion: PerMillionTokens }[];
  readonly perMonth: Range;
  /** By what a day really asks, spare ones paid as well; null: nothing was said of how a day goes. */
  readonly real: { readonly utilisationRatio: number; readonly perMillion: PerMillionTokens } | null;
  /** The same tokens at somebody else's price; null where it, or how a day goes, was not said, or tokens are not known. */
  readonly api: ApiCost | null;
}

export interface ApiCost {
  readonly perMonth: number;
  /** Requests a day from which on one's own GPUs cost less, and those that are planned. */
  readonly breakEvenPerDay: Figure;
  readonly requestsPerDay: number;
  /** Whether these GPUs could serve so many at their objectives, all of them in use. */
  readonly isWithinReach: boolean;
}

export type CostResult =
  | { readonly kind: 'known'; readonly cost: ModelCost }
  | { readonly kind: 'refused'; readonly model: string; readonly why: string };

/** What one model of a plan costs, or why no money is named. */
export function costOf(plan: ModelPlan, prices: Prices): CostResult {
  if (plan.certainty.simulation === 'uncalibrated')
    return {
      kind: 'refused',
      model: plan.model,
      why: 'its capacity is that of a modelled GPU, which was fitted to no measurement of yours: no money is named from it',
    };
  const perGpuHour = gpuHourOf(plan, prices);
  const certainty = plan.certainty;
  const figure = (money: Range): Figure => ({ ...money, ...certainty });
  const perMonth = scaled(plan.gpus, perGpuHour.total * hoursPerMonth);
  const perDay = scaled(plan.gpus, perGpuHour.total * 24);
  const daily = dailyTokens(plan.parts);
  const real =
    plan.utilisationRatio === null
      ? null
      : {
          utilisationRatio: plan.utilisationRatio,
          perMillion: views(daily, tokens => figure(scaled(perDay, 1e6 / tokens))),
        };
  return {
    kind: 'known',
    cost: {
      model: plan.model,
      perGpuHour,
      atObjectives: plan.parts.map(part => ({
        workload: part.demand.workload,
        perMillion: atObjectives(part, perGpuHour.total * part.supply.gpusPerEndpoint),
      })),
      perMonth,
      real,
      api: apiOf(plan, prices.api, { daily, perDay }),
    },
  };
}

function gpuHourOf({ parts }: ModelPlan, { gpu, hostingPerGpuMonth = 0, power }: Prices): ModelCost['perGpuHour'] {
  const capital = gpu.perHour ?? (gpu.purchase ?? 0) / ((gpu.years ?? 1) * hoursPerYear);
  const hosting = hostingPerGpuMonth / hoursPerMonth;
  // The most that any workload draws, all the time: an upper bound of what a day draws.
  const watts = parts.map(({ supply }) => (supply.watts === null ? null : supply.watts / supply.gpusPerEndpoint));
  const known = watts.flatMap(each => each ?? []);
  const drawn = known.length < watts.length ? null : Math.max(...known);
  const paid = power === undefined ? 0 : drawn === null ? null : (drawn / 1000) * power.overhead * power.perKWh;
  return { capital, hosting, power: paid, total: capital + hosting + (paid ?? 0) };
}

/** Cost per hour of an endpoint over the tokens of an hour; what gives more costs less. */
function atObjectives({ supply }: PlannedPart, perHour: number): PerMillionTokens {
  const { perS, inputTokens, outputTokens } = supply;
  const perMillion = (tokens: number): Figure => {
    const at = (rate: number) => (perHour / (rate * tokens * 3600)) * 1e6;
    return {
      ...perS,
      value: at(perS.value),
      low: perS.high === null ? null : at(perS.high),
      high: perS.low === null ? null : at(perS.low),
    };
  };
  return views({ input: inputTokens, output: outputTokens }, perMillion);
}

interface Tokens {
  readonly input: number | null;
  readonly output: number | null;
}

function views({ input, output }: Tokens, of: (tokens: number) => Figure): PerMillionTokens {
  const view = (tokens: number | null) => (tokens === null || tokens <= 0 ? null : of(tokens));
  return {
    output: view(output),
    input: view(input),
    total: view(input === null || output === null ? null : input + output),
  };
}

/** Of a day as it goes on average, by the lengths that were measured. */
function dailyTokens(parts: readonly PlannedPart[]): Tokens {
  const sum = (of: (part: PlannedPart) => number | null) =>
    parts.reduce<number | null>((total, part) => {
      const [tokens, mean] = [of(part), part.demand.meanPerS];
      return total === null || tokens === null || mean === null ? null : total + tokens * mean * 86_400;
    }, 0);
  return { input: sum(({ supply }) => supply.inputTokens), output: sum(({ supply }) => supply.outputTokens) };
}

function apiOf(
  { parts, certainty, busiestEndpoints, endpoints }: ModelPlan,
  api: Prices['api'],
  { daily, perDay }: { readonly daily: Tokens; readonly perDay: Range },
): ModelCost['api'] {
  const requests = parts.reduce((sum, { demand }) => sum + (demand.meanPerS ?? 0) * 86_400, 0);
  if (api === undefined || daily.input === null || daily.output === null || requests === 0) return null;
  const theirs = (daily.input * api.inputPerMillion + daily.output * api.outputPerMillion) / 1e6;
  if (theirs <= 0) return null;
  return {
    perMonth: (theirs * hoursPerMonth) / 24,
    breakEvenPerDay: { ...scaled(perDay, requests / theirs), ...certainty },
    requestsPerDay: requests,
    isWithinReach: (busiestEndpoints * perDay.value) / theirs <= endpoints.value,
  };
}
