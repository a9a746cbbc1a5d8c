/**
 * What an endpoint gives for how much it is asked: the steps of some runs, lightest first, each with all that was
 * measured at it. Runs may each hold a part of a curve; what is not the same endpoint, workload, hardware and kind of
 * load is another curve.
 */

import type { CellResult, Run } from '../../record/run.ts';
import type { SearchResult } from '../../record/search.ts';
import { simulatedGpu } from '../../record/simulated-service.ts';
import { mean } from '../../stats/quantile.ts';
import { formatChange, formatNumber } from '../../units.ts';
import type { GatedRun } from '../gate/subjects.ts';
import { gpusBehind } from '../gpus-behind.ts';
import type { Measured } from '../measure.ts';
import { pooled } from '../pooled.ts';
import { type SteadyLoad, steadyLoad } from '../steady-load.ts';

/** What a plan needs to know of a run. */
export type PlannedRun = GatedRun & Pick<Run, 'searches'>;

export interface Curve {
  /** `hermes/gpu0 chat`, with what else tells it from its like. */
  readonly label: string;
  readonly target: string;
  readonly model: string;
  readonly workload: string;
  readonly kind: SteadyLoad['kind'];
  /** Driven together with other endpoints, and not alone. */
  readonly together: boolean;
  /** The GPUs by name, `GPU` where that is not known; a modelled one with its speed. */
  readonly hardware: string;
  /** Where its service is: the GPUs of another are others. */
  readonly service: string;
  /** GPUs behind the endpoint. */
  readonly gpus: number;
  readonly simulated: boolean;
  readonly points: readonly CurvePoint[];
  readonly searches: readonly SearchResult[];
  /** Means per answered request over all points; null: not known. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** Ids of the runs it was made from. */
  readonly runs: readonly string[];
  /** What it must be read with. */
  readonly doubts: readonly string[];
}

/** One load, over all of its repetitions. */
export interface CurvePoint {
  /** Requests in flight of a closed loop, requests due per second of an open one. */
  readonly load: number;
  readonly repetitions: number;
  readonly cells: readonly CellResult[];
  /** All repetitions as one. */
  readonly measured: Measured;
  readonly perS: number | null;
  /** Of a closed loop its slots; of an open one by Little's law, null where requests never ended. */
  readonly inFlight: number | null;
  readonly responseTimeMs: number | null;
  /** Of the GPUs behind the endpoint; null where power was not seen over the whole of it. */
  readonly watts: number | null;
  readonly joulesPerOutputToken: number | null;
}

/** The curves that some runs hold, by label. Runs are expected to ask the same under the same names. */
export function curvesOf(runs: readonly PlannedRun[]): Curve[] {
  const groups = new Map<string, Part[]>();
  for (const part of runs.flatMap(partsOf)) groups.set(part.key, [...(groups.get(part.key) ?? []), part]);
  const curves = [...groups.values()].map(curveOf);
  return curves
    .map(curve => ({ ...curve, label: labelOf(curve, curves) }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
}

/** A cell that is a point of a curve, with the run it is from. */
interface Part {
  readonly key: string;
  readonly run: PlannedRun;
  readonly cell: CellResult;
  readonly load: SteadyLoad;
  readonly hardware: string;
  readonly service: string;
}

function partsOf(run: PlannedRun): Part[] {
  return run.cells.flatMap(cell => {
    const load = steadyLoad(cell);
    const isWhole = cell.windowMs !== null && cell.counts.due > 0 && cell.endedBy !== 'interrupted';
    if (load === undefined || !isWhole || cell.validity.verdict === 'invalid') return [];
    const [hardware, service] = [hardwareOf(run, cell), serviceOf(run, cell)];
    const order = cell.order === 'parallel';
    const key = JSON.stringify([cell.target.name, cell.workload, load.kind, order, hardware, service]);
    return [{ key, run, cell, load, hardware, service }];
  });
}

function ownUrl({ scenario }: PlannedRun, { target }: CellResult): string | undefined {
  return scenario.targets.find(({ name }) => name === target.name)?.url;
}

function serviceOf(run: PlannedRun, cell: CellResult): string {
  return ownUrl(run, cell) ?? run.environment.service.url;
}

function hardwareOf(run: PlannedRun, cell: CellResult): string {
  const simulated = simulatedGpu(run);
  if (ownUrl(run, cell) === undefined && simulated !== undefined) {
    const { speed } = run.scenario.service.embedded;
    return `simulated ${simulated}${speed === 1 ? '' : `, speed ${speed}`}`;
  }
  const devices = [...new Set(cell.gpu?.devices.flatMap(({ name }) => name ?? []) ?? [])].sort().join(', ');
  return devices === '' ? 'GPU' : devices;
}

function curveOf(parts: readonly Part[]): Curve {
  const [{ run, cell, load, hardware, service }] = parts as readonly [Part, ...Part[]];
  const loads = [...new Set(parts.map(part => part.load.value))].sort((a, b) => a - b);
  const points = loads.map(value =>
    pointOf(
      value,
      parts.filter(part => part.load.value === value).map(part => part.cell),
      load.kind,
    ),
  );
  const cells = parts.map(part => part.cell);
  const runs = [...new Set(parts.map(part => part.run))];
  return {
    label: '',
    target: cell.target.name,
    model: cell.target.model,
    workload: cell.workload,
    kind: load.kind,
    together: cell.order === 'parallel',
    hardware,
    service,
    gpus: gpusBehind(run.scenario, cell),
    simulated: ownUrl(run, cell) === undefined && run.environment.service.simulated,
    points,
    searches: runs.flatMap(({ searches = [] }) =>
      searches.filter(
        ({ target, workload, over }) =>
          target === cell.target.name &&
          workload === cell.workload &&
          (over === 'concurrency') === (load.kind === 'closed'),
      ),
    ),
    inputTokens: tokensOf(cells, 'inputMean'),
    outputTokens: tokensOf(cells, 'outputMean'),
    runs: runs.map(({ id }) => id),
    doubts: doubtsOf(points, cells),
  };
}

function pointOf(load: number, cells: readonly CellResult[], kind: SteadyLoad['kind']): CurvePoint {
  const [first] = cells;
  // What is one already needs no putting together, which takes a while.
  const measured = cells.length === 1 && first !== undefined ? first : pooled(cells);
  const perS = measured.rates.achievedPerS;
  const serviceTimeMs = measured.metrics.serviceTimeMs.mean;
  const little = perS === null || serviceTimeMs === null ? null : (perS * serviceTimeMs) / 1000;
  return {
    load,
    repetitions: cells.length,
    cells,
    measured,
    perS,
    inFlight: kind === 'closed' ? load : little,
    responseTimeMs: measured.metrics.responseTimeMs.mean ?? (kind === 'closed' ? littleMs(load, perS) : null),
    ...powerOf(cells),
  };
}

/** Where some requests never ended there is no mean: so many slots that gave so many answers, R = N/X. */
function littleMs(inFlight: number, perS: number | null): number | null {
  return perS === null || perS === 0 ? null : (1000 * inFlight) / perS;
}

/** Only of GPUs that nothing else ran on, seen for long enough to tell their energy. */
function powerOf(cells: readonly CellResult[]): Pick<CurvePoint, 'watts' | 'joulesPerOutputToken'> {
  const seen = cells.flatMap(({ gpu }) =>
    gpu?.energyJoules == null || gpu.tokensPerJoule === null || gpu.powerWatts === null || gpu.tokensPerJoule <= 0
      ? []
      : [{ watts: gpu.powerWatts.mean, joules: 1 / gpu.tokensPerJoule }],
  );
  if (seen.length < cells.length) return { watts: null, joulesPerOutputToken: null };
  return {
    watts: mean(seen.map(({ watts }) => watts)) ?? null,
    joulesPerOutputToken: mean(seen.map(({ joules }) => joules)) ?? null,
  };
}

/** The mean over all answers. */
function tokensOf(cells: readonly CellResult[], of: 'inputMean' | 'outputMean'): number | null {
  const known = cells.flatMap(({ tokens, counts }) => {
    const value = tokens[of];
    return value === null || counts.ok === 0 ? [] : [{ value, answers: counts.ok }];
  });
  const answers = known.reduce((sum, each) => sum + each.answers, 0);
  return answers === 0 ? null : known.reduce((sum, each) => sum + each.value * each.answers, 0) / answers;
}

/** From which difference on answers at two loads are of another length. */
const lengthTolerance = 0.1;

function doubtsOf(points: readonly CurvePoint[], cells: readonly CellResult[]): string[] {
  const suspect = cells.filter(({ validity }) => validity.verdict === 'suspect').length;
  const lengths = points.flatMap(({ load, cells: own }) => {
    const tokens = tokensOf(own, 'outputMean');
    return tokens === null || tokens === 0 ? [] : [{ load, tokens }];
  });
  const [least, most] = [...lengths]
    .sort((a, b) => a.tokens - b.tokens)
    .flatMap((each, i, all) => (i === 0 || i === all.length - 1 ? [each] : []));
  return [
    ...(suspect === 0 ? [] : [`${suspect} of ${cells.length} cells are suspect: the generator was late at times`]),
    ...(least === undefined || most === undefined || most.tokens <= least.tokens * (1 + lengthTolerance)
      ? []
      : [
          `answers are not as long at each load: ${formatNumber(least.tokens)} tokens at ${formatNumber(least.load)}, ${formatNumber(most.tokens)} at ${formatNumber(most.load)} (${formatChange(most.tokens / least.tokens - 1)})`,
        ]),
  ];
}

/** With what tells it from the other curves, and no more. */
function labelOf(curve: Curve, all: readonly Curve[]): string {
  const alike = all.filter(({ target, workload }) => target === curve.target && workload === curve.workload);
  const several = (of: (each: Curve) => unknown) => new Set(alike.map(of)).size > 1;
  return [
    `${curve.target} ${curve.workload}`,
    ...(several(({ kind }) => kind) ? [curve.kind === 'closed' ? 'closed loop' : 'open loop'] : []),
    ...(several(({ together }) => together) && curve.together ? ['all at once'] : []),
    ...(several(({ hardware }) => hardware) ? [curve.hardware] : []),
    ...(several(({ service }) => service) ? [curve.service] : []),
  ].join(', ');
}
