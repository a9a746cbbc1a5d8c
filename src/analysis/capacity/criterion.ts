/**
 * What a step has to meet: the objectives, and that what was due is answered at all. Refused and dropped requests
 * stand outside the quantiles, so that without the second an endpoint that turns half of its users away would hold any.
 */
import { metrics } from '../../record/metrics.ts';
import type { Objective } from '../../scenario/objective.ts';
import { clopperPearson } from '../../stats/proportion.ts';
import { betterOf, measureText, metricOf, read } from '../measure.ts';
import { judgeObjectives } from '../objectives.ts';
import type { Curve, CurvePoint } from './curve.ts';

export interface Criterion {
  /** What binds where it is missed: `TTFT`, `the model's limit`. */
  readonly name: (point: CurvePoint) => string;
  readonly text: string;
  readonly bound: number;
  /** null: there is no such number at this step. */
  readonly read: (point: CurvePoint) => number | null;
  /** Whether anything of it was measured at all. */
  readonly isSeen: (point: CurvePoint) => boolean;
  /** By a 95 % bound; null: neither is sure. */
  readonly held: (point: CurvePoint) => boolean | null;
  readonly better: 'lower' | 'higher';
}

/** The criteria of some objectives for one kind of load; selectors of loads are left aside, for the load is what is looked for. */
export function criteriaOf(objectives: readonly Objective[], kind: Curve['kind']): Criterion[] {
  return [...objectives.map(criterionOf), answered, ...(kind === 'open' ? [keptUp] : [])];
}

/** Whether an objective speaks of an endpoint with a workload. */
export function speaksOfCurve(
  { names }: Objective,
  curve: { readonly target: string; readonly model: string; readonly workload: string },
): boolean {
  return names.every(name => name === curve.workload || name === curve.target || name === curve.model);
}

/** An objective as it stands without what it speaks of. */
export function plainText({ metric, statistic, comparator, bound }: Objective): string {
  return `${measureText({ metric, statistic })} ${comparator} ${bound}`;
}

function criterionOf(objective: Objective): Criterion {
  const plain = { ...objective, names: [], loads: [] };
  return {
    name: () => nameOf(objective.metric),
    text: plainText(objective),
    bound: objective.bound,
    read: ({ measured }) => read(measured, objective).value,
    isSeen: ({ measured }) => metricOf(measured, objective.metric)?.n !== 0,
    held: ({ measured, cells: [first] }) => {
      if (first === undefined) return null;
      const { target, workload, load } = first;
      return judgeObjectives([plain], { ...measured, target, workload, load })[0]?.held ?? null;
    },
    better: betterOf(objective),
  };
}

const ratioNames: Readonly<Record<string, string>> = {
  errorRatio: 'the error ratio',
  droppedRatio: 'the limit of requests in flight',
  rateLimitedRatio: 'the gateway',
  forbiddenRatio: 'the gateway',
  overloadedRatio: 'the limit of the model server',
  goodputRatio: 'goodput',
};

/** What binds where a number is missed: `TTFT`, `the error ratio`. */
export function nameOf(metric: string): string {
  return metrics.find(({ name }) => name === metric)?.symbol ?? ratioNames[metric] ?? metric;
}

/** From how many refused or dropped of all that were due on a load is more than an endpoint serves. */
const refusedRatio = 0.01;

const refusals = [
  ['dropped', 'the limit of requests in flight'],
  ['rate_limited', 'the gateway'],
  ['forbidden', 'the gateway'],
  ['overloaded', 'the limit of the model server'],
] as const;

/** Missed only where it surely is: the objectives say how sure a step that holds must be. */
const answered: Criterion = {
  name: ({ measured: { counts } }) => [...refusals].sort(([a], [b]) => counts[b] - counts[a])[0]?.[1] ?? 'refusals',
  text: `refused or dropped <= ${refusedRatio}`,
  bound: refusedRatio,
  read: ({ measured: { counts } }) => (counts.due === 0 ? null : refusedIn(counts) / counts.due),
  isSeen: () => true,
  held: ({ measured: { counts } }) =>
    clopperPearson({ count: refusedIn(counts), of: counts.due }, 0.05).low <= refusedRatio,
  better: 'lower',
};

/** From which share of what was due on, left unanswered by the end, a queue is growing. */
const behindRatio = 0.05;

/**
 * An open loop that is asked for more than it gives only waits longer and longer, and a short step ends before it shows
 * in any quantile. What is left over is told from chance by how much the number in flight varies, √(λR) at either end.
 */
const keptUp: Criterion = {
  name: () => 'throughput',
  text: `left behind <= ${behindRatio}`,
  bound: behindRatio,
  read: point => {
    const { due, behind } = leftBehind(point);
    return due === 0 ? null : Math.max(0, behind / due);
  },
  isSeen: () => true,
  held: point => {
    const { due, behind, chance } = leftBehind(point);
    if (behind <= behindRatio * due) return true;
    return chance !== null && behind > behindRatio * due + chance ? false : null;
  },
  better: 'lower',
};

/** Whether as much was answered as was due: beyond that nothing is steady. */
export function keepsUp(point: CurvePoint): boolean {
  return keptUp.held(point) === true;
}

function leftBehind({ cells, measured: { counts, metrics } }: CurvePoint) {
  const due = counts.due - refusedIn(counts);
  const answered = cells.reduce((sum, { rates, windowMs }) => {
    const [from, to] = windowMs ?? [0, 0];
    return sum + ((rates.achievedPerS ?? 0) * (to - from)) / 1000;
  }, 0);
  const seconds =
    cells.reduce((sum, { windowMs }) => sum + (windowMs === null ? 0 : windowMs[1] - windowMs[0]), 0) / 1000;
  const { p50, mean } = metrics.responseTimeMs;
  const tookMs = p50 ?? mean;
  const inFlight = tookMs === null || seconds === 0 ? null : ((due / seconds) * tookMs) / 1000;
  // Failures were answered as well, and are the objectives' to judge.
  const behind = due - answered - (counts.due - counts.ok - refusedIn(counts));
  return { due, behind, chance: inFlight === null ? null : 2 * Math.sqrt(2 * inFlight * cells.length) };
}

function refusedIn(counts: CurvePoint['measured']['counts']): number {
  return refusals.reduce((sum, [kind]) => sum + counts[kind], 0);
}
