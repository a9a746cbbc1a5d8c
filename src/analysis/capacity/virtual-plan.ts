/** How many GPUs a demand takes where something is otherwise, with what virtual time says an endpoint would take then. */

import type { Capacity } from './capacity.ts';
import { demandsOf } from './demand.ts';
import type { DemandFile } from './demand-file.ts';
import { type Figure, provenanceText } from './figure.ts';
import { planOf } from './plan.ts';
import { type NoSupply, type Supply, supplyOf } from './supply.ts';
import type { VirtualStudy } from './virtual-study.ts';
import { asMeasured } from './virtual-variants.ts';
import type { Sensitivity } from './what-changes.ts';
import type { WhatIf } from './what-if.ts';

/** What each thing that was tried on one GPU comes to in GPUs, by the formula of the plan. */
export function virtualSensitivities(
  studies: readonly VirtualStudy[],
  capacities: readonly Capacity[],
  file: DemandFile,
): Sensitivity[] {
  const demands = demandsOf(file);
  return studies
    .filter(({ model, workload }) => demands.some(each => each.model === model && each.workload === workload))
    .flatMap(study => {
      const own = capacities.find(({ model, workload }) => model === study.model && workload === study.workload);
      if (own === undefined) return [];
      const alone = study.whatIfs
        .filter(({ gpus }) => gpus === 1)
        .map((tried): Sensitivity => {
          const supplyFor = (model: string, workload: string) =>
            model === study.model && workload === study.workload
              ? supplied(own, tried)
              : supplyOf(capacities, model, workload);
          const [planned] = planOf(demands, supplyFor, file.policy).models.filter(({ model }) => model === study.model);
          return {
            what: tried.what === asMeasured ? 'as it was, in virtual time' : tried.what,
            model: study.model,
            perS: tried.perS,
            gpus: planned?.gpus ?? null,
            ...(tried.why === undefined ? {} : { why: tried.why }),
            provenance: tried.perS === null ? 'simulated' : certaintyText(study, tried),
            restsOn: tried.restsOn,
          };
        });
      const peakPerS = demands
        .filter(({ model, workload }) => model === study.model && workload === study.workload)
        .reduce((sum, demand) => sum + demand.peakPerS, 0);
      return [...alone, ...fleetFor(study, peakPerS)];
    });
}

/** The smallest fleet of those tried that holds the busiest hour: all of it used, and none spare. */
function fleetFor(study: VirtualStudy, peakPerS: number): Sensitivity[] {
  const fleets = study.whatIfs.filter(({ gpus, perS }) => gpus > 1 && perS !== null).sort((a, b) => a.gpus - b.gpus);
  const last = fleets.at(-1);
  if (last === undefined) return [];
  const smallest = (of: (perS: Figure) => number | null) =>
    fleets.find(({ perS }) => (of(perS as Figure) ?? 0) >= peakPerS);
  const enough = smallest(({ value }) => value);
  const row = {
    what: 'a fleet behind a router, used to the full',
    model: study.model,
    perS: enough?.perS ?? null,
    provenance: certaintyText(study, last),
    restsOn: `fleets of up to ${last.gpus} GPUs, tried whole`,
  };
  if (enough === undefined)
    return [{ ...row, gpus: null, why: `${last.gpus} GPUs, the most that were tried, do not hold the busiest hour` }];
  const [low, high] = [smallest(perS => perS.high), smallest(perS => perS.low)];
  return [{ ...row, gpus: { value: enough.gpus, low: low?.gpus ?? null, high: high?.gpus ?? null } }];
}

/** `simulated, uncalibrated` of an engine that was fitted to nothing: it must not be taken for more anywhere. */
export function certaintyText(
  { fit, isRehearsal }: Pick<VirtualStudy, 'fit' | 'isRehearsal'>,
  { perS }: WhatIf,
): string {
  const origin = perS === null ? 'simulated' : provenanceText(perS);
  if (fit.kind !== 'fitted') return `${origin}, uncalibrated`;
  return isRehearsal ? `${origin}, a rehearsal` : `${origin}, calibrated`;
}

function supplied(own: Capacity, { perS, binding, responseTimeMs, restsOn, what, why }: WhatIf): Supply | NoSupply {
  if (perS === null) return { reason: 'unknown', why: `${what}: ${why ?? 'no rate is known'}` };
  const { model, workload, hardware, objectives, gpus, lightResponseTimeMs, inputTokens, outputTokens } = own;
  return {
    model,
    workload,
    hardware,
    objectives,
    gpusPerEndpoint: gpus,
    perS,
    binding,
    responseTimeMs,
    lightResponseTimeMs,
    inputTokens,
    outputTokens,
    watts: null,
    joulesPerOutputToken: null,
    restsOn,
    leftOut: [],
  };
}
