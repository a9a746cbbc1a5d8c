/**
 * One endpoint studied in virtual time: an engine fitted to its measured loads, and what that says of everything that
 * could be otherwise. Where it cannot be fitted the engine stands as its presets have it, and is good for no money.
 */

import type { Routing } from '../../engine/router.ts';
import type { SimulationOptions } from '../../engine/station.ts';
import { HarnessError } from '../../errors.ts';
import type { CellResult, Run } from '../../record/run.ts';
import type { Law } from '../../scenario/load.ts';
import { formatNumber } from '../../units.ts';
import { plainText } from './criterion.ts';
import { type EngineFit, type FitResult, fitEngine } from './engine-fit.ts';
import { presetKnobs } from './engine-replay.ts';
import type { EngineSettings } from './engine-settings.ts';
import type { ObjectiveSet } from './objective-sets.ts';
import type { ObservedLoad, ObservedRequest, UnusableLoad } from './observed-load.ts';
import { standInFor } from './stand-in.ts';
import { type RequestLengths, type TrialCriterion, trialCriteria } from './virtual-trial.ts';
import { type Asked, asMeasured, type Measured, variantsOf } from './virtual-variants.ts';
import { type Effort, type TrialEngine, type Variant, type WhatIf, whatIf } from './what-if.ts';

/** An endpoint with a workload, as some runs measured it. */
export interface StudiedEndpoint {
  readonly label: string;
  readonly target: string;
  readonly model: string;
  readonly workload: string;
  readonly objectives: ObjectiveSet;
  readonly loads: readonly ObservedLoad[];
  readonly unusable: readonly UnusableLoad[];
  /** The first of the runs that measured it. */
  readonly run: Pick<Run, 'environment' | 'scenario' | 'cells'>;
}

export interface VirtualStudy extends Pick<StudiedEndpoint, 'label' | 'target' | 'model' | 'workload' | 'unusable'> {
  readonly engine: SimulationOptions;
  readonly fit: FitResult;
  /** The measured service was itself an engine: a rehearsal of the method. */
  readonly isRehearsal: boolean;
  readonly assumed: readonly string[];
  readonly objectives: readonly string[];
  /** Objectives that virtual time cannot judge. */
  readonly unjudged: readonly string[];
  readonly arrivals: string;
  readonly routing: Routing;
  readonly whatIfs: readonly WhatIf[];
  /** What its figures must be read with. */
  readonly doubts: readonly string[];
}

/** How a study is made. */
export interface Study {
  readonly asked: Asked;
  /** How the measured service was started, where it does not tell. */
  readonly known: EngineSettings;
  readonly effort?: Effort;
  /** Asked before each thing that is tried: once true, what was tried until then is all. */
  readonly isInterrupted?: () => boolean;
}

/** Studies an endpoint, and pauses before each thing that takes a while. */
export function* studying(
  endpoint: StudiedEndpoint,
  { asked, known, effort, isInterrupted = () => false }: Study,
): Generator<undefined, VirtualStudy> {
  const { label, target, model, workload, objectives, loads, unusable, run } = endpoint;
  const cells = run.cells.filter(cell => cell.target.name === target && cell.workload === workload);
  const { engine, assumed } = standInFor(run, cells[0] as CellResult, loads, known);
  yield;
  const fit = fitted(loads, engine);
  const isRehearsal = isSimulated(run, target);
  const trial: TrialEngine =
    fit.kind === 'fitted'
      ? { knobs: fit.fit.knobs, errors: fit.fit.errors, isReal: !isRehearsal }
      : { knobs: presetKnobs, isReal: !isRehearsal };
  const law = lawOf(cells);
  const lengths = loads.flatMap(({ requests }) => requests.filter(({ counts }) => counts).map(lengthsOf));
  const { concurrentPerModel } = run.scenario.limits;
  const described = run.scenario.workloads[workload];
  const measured: Measured = {
    engine,
    workload: { lengths, law },
    basis: fit.kind === 'fitted' ? 'the fit' : 'the preset as it is',
    ...(concurrentPerModel === undefined ? {} : { maxInFlight: concurrentPerModel }),
    ...(described === undefined ? {} : { described }),
  };
  const { criteria, unjudged } = trialCriteria(objectives.objectives);
  const isJudged = unjudged.length < objectives.objectives.length;
  const variants = lengths.length > 0 && isJudged ? variantsOf(measured, asked) : [];
  const whatIfs: WhatIf[] = [];
  for (const variant of variants) {
    yield;
    if (isInterrupted()) break;
    whatIfs.push(tried(variant, { criteria, engine: trial, effort, before: whatIfs }));
  }
  return {
    label,
    target,
    model,
    workload,
    unusable,
    engine,
    fit,
    isRehearsal,
    assumed,
    objectives: objectives.objectives.map(plainText),
    unjudged,
    arrivals: law.arrivals,
    routing: asked.routing,
    whatIfs,
    doubts: [
      ...(whatIfs.length < variants.length
        ? [`interrupted: ${whatIfs.length} of ${variants.length} things were tried`]
        : []),
      ...doubtsOf(fit.kind === 'fitted' ? fit.fit : undefined, loads, whatIfs),
    ],
  };
}

function lengthsOf({ inputTokens, images, maxNewTokens, outputTokens }: ObservedRequest): RequestLengths {
  return { inputTokens, images, maxNewTokens, outputTokens };
}

/** An engine that TGI would not start is an answer, and none for what else is asked. */
function fitted(loads: readonly ObservedLoad[], engine: SimulationOptions): FitResult {
  try {
    return fitEngine(loads, engine);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { kind: 'impossible', why: error.message };
  }
}

interface Trying {
  readonly criteria: readonly TrialCriterion[];
  readonly engine: TrialEngine;
  readonly effort: Effort | undefined;
  readonly before: readonly WhatIf[];
}

function tried(variant: Variant, { criteria, engine, effort, before }: Trying): WhatIf {
  const { what, fleet, restsOn } = variant;
  const like = before.findLast(({ gpus, perS }) => perS !== null && gpus > 1 === fleet.gpus > 1) ?? before[0];
  const near = like?.perS == null ? undefined : (like.perS.value / like.gpus) * fleet.gpus;
  try {
    return whatIf(variant, criteria, engine, { nearPerS: near, ...(effort === undefined ? {} : { effort }) });
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const nothing = { perS: null, binding: null, inFlight: null, responseTimeMs: null, outputTokensPerS: null };
    return { ...nothing, what, gpus: fleet.gpus, restsOn, why: error.message };
  }
}

/** Whether what was measured was an engine itself: the embedded service, or one that was started by itself and says so. */
function isSimulated({ environment: { service }, scenario }: StudiedEndpoint['run'], target: string): boolean {
  return service.simulated && scenario.targets.find(({ name }) => name === target)?.url === undefined;
}

/** How requests came where the endpoint was driven in an open loop; else as a Poisson process, as users do who know nothing of each other. */
function lawOf(cells: readonly CellResult[]): Law {
  const laws = cells.flatMap(({ load }) => (load.kind === 'open' && load.arrivals !== 'trace' ? [load] : []));
  const [first] = laws;
  const isOne = first !== undefined && laws.every(({ arrivals }) => arrivals === first.arrivals);
  if (!isOne) return { arrivals: 'poisson', ratePerS: 1 };
  switch (first.arrivals) {
    case 'gamma':
      return { arrivals: 'gamma', cv: first.cv, ratePerS: 1 };
    case 'burst':
      return { arrivals: 'burst', burstSize: first.burstSize, ratePerS: 1 };
    default:
      return { arrivals: first.arrivals, ratePerS: 1 };
  }
}

/** Beyond so many times the busiest load measured a fit is not known to hold. */
const furthest = 2;

function doubtsOf(fit: EngineFit | undefined, loads: readonly ObservedLoad[], whatIfs: readonly WhatIf[]): string[] {
  if (fit === undefined) return [];
  const tokensPerS = fit.residuals.filter(({ measure }) => measure === 'tokens/s').map(({ measured }) => measured);
  const slots = loads.flatMap(({ pace }) => (pace.kind === 'closed' ? [pace.slots] : []));
  const busiest = Math.max(...tokensPerS);
  const own = whatIfs.find(({ what }) => what === asMeasured);
  if (own?.outputTokensPerS == null || own.outputTokensPerS <= furthest * busiest) return [];
  const most = slots.length === 0 ? '' : `, with ${Math.max(...slots)} in flight`;
  return [
    `the busiest load measured gave ${formatNumber(busiest)} tokens/s${most}, and these figures are of more than ${furthest} times that: the fit is not known to hold there; measure heavier loads`,
  ];
}
