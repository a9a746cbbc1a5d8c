/** A demand answered from what was assessed: the plan, what it costs, and what would change it. */
import type { Assessment } from './assessment.ts';
import { type CostResult, costOf } from './cost.ts';
import { demandsOf } from './demand.ts';
import type { DemandFile, Prices } from './demand-file.ts';
import { type Plan, planOf } from './plan.ts';
import { supplyOf } from './supply.ts';
import { virtualSensitivities } from './virtual-plan.ts';
import type { VirtualStudy } from './virtual-study.ts';
import { type Sensitivity, sensitivitiesOf } from './what-changes.ts';

export interface Forecast {
  readonly plan: Plan;
  readonly prices: Prices | null;
  /** One a model; none where no prices were named. */
  readonly costs: readonly CostResult[];
  readonly sensitivities: readonly Sensitivity[];
}

/** What a demand comes to with the capacities of an assessment, and where something were otherwise by what was tried in virtual time. */
export function forecastOf({ endpoints }: Assessment, file: DemandFile, tried: readonly VirtualStudy[] = []): Forecast {
  const capacities = endpoints.map(({ capacity }) => capacity);
  const supplyFor = (model: string, workload: string) => supplyOf(capacities, model, workload);
  const workloadsOf = (model: string) => [
    ...new Set(capacities.filter(each => each.model === model).map(({ workload }) => workload)),
  ];
  const plan = planOf(demandsOf(file), supplyFor, file.policy);
  const { prices } = file;
  return {
    plan,
    prices: prices ?? null,
    costs: prices === undefined ? [] : plan.models.map(model => costOf(model, prices)),
    sensitivities: [
      ...sensitivitiesOf(plan, file.policy, supplyFor, workloadsOf),
      ...virtualSensitivities(tried, capacities, file),
    ],
  };
}
