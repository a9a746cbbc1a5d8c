/** What a plan would be if something were otherwise: more demand, requests like those of another workload that was measured. */
import { formatNumber } from '../../units.ts';
import type { Demand } from './demand.ts';
import type { Policy } from './demand-file.ts';
import { type Figure, provenanceText } from './figure.ts';
import { type Count, type Plan, planOf } from './plan.ts';
import type { NoSupply, Supply } from './supply.ts';

/** One thing that could be otherwise. */
export interface Sensitivity {
  /** `20 % more requests`, `chat as long-prompts: 812 tokens in, 40 out`. */
  readonly what: string;
  readonly model: string;
  /** Requests per second of one endpoint; null: nothing was made of it. */
  readonly perS: Figure | null;
  /** GPUs of the model; null where none can be said, and `why` says why. */
  readonly gpus: Count | null;
  readonly why?: string;
  /** Where the figures come from. */
  readonly provenance: string;
  /** What was measured or calculated for it. */
  readonly restsOn: string;
}

const moreDemand = 0.2;

/** What was measured, or needs no more than arithmetic. `workloadsOf` names the workloads that a model was measured with. */
export function sensitivitiesOf(
  { models }: Plan,
  policy: Policy,
  supplyFor: (model: string, workload: string) => Supply | NoSupply,
  workloadsOf: (model: string) => readonly string[],
): Sensitivity[] {
  return models.flatMap(({ model, parts, certainty }) => {
    const demands = parts.map(({ demand }) => demand);
    const planned = planOf(
      demands.map(demand => scaledDemand(demand, 1 + moreDemand)),
      supplyFor,
      policy,
    );
    const planWith = (changed: Demand, workload: string) =>
      planOf(demands, (name, asked) => supplyFor(name, asked === changed.workload ? workload : asked), policy)
        .models[0];
    return [
      {
        what: '20 % more requests',
        model,
        perS: parts.length === 1 ? (parts[0]?.supply.perS ?? null) : null,
        gpus: planned.models[0]?.gpus ?? null,
        provenance: provenanceText(certainty),
        restsOn: 'the same capacity',
      },
      ...demands.flatMap(demand =>
        workloadsOf(model)
          .filter(workload => !demands.some(each => each.workload === workload))
          .map(workload =>
            otherWorkload(demand, workload, supplyFor(model, workload), planWith(demand, workload)?.gpus),
          ),
      ),
    ];
  });
}

function otherWorkload(
  demand: Demand,
  workload: string,
  supply: Supply | NoSupply,
  gpus: Count | undefined,
): Sensitivity {
  const { model } = demand;
  if ('reason' in supply)
    return {
      what: `${demand.workload} like ${workload}`,
      model,
      perS: null,
      gpus: null,
      why: supply.why,
      provenance: supply.reason,
      restsOn: workload,
    };
  const { inputTokens, outputTokens, perS, restsOn } = supply;
  const lengths =
    inputTokens === null || outputTokens === null
      ? ''
      : `: ${formatNumber(inputTokens)} tokens in, ${formatNumber(outputTokens)} out`;
  return {
    what: `${demand.workload} like ${workload}${lengths}`,
    model,
    perS,
    gpus: gpus ?? null,
    provenance: provenanceText(perS),
    restsOn,
  };
}

function scaledDemand(demand: Demand, factor: number): Demand {
  return {
    ...demand,
    peakPerS: demand.peakPerS * factor,
    meanPerS: demand.meanPerS === null ? null : demand.meanPerS * factor,
    hourlyPerS: demand.hourlyPerS?.map(each => each * factor) ?? null,
  };
}
