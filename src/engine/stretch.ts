/**
 * A stretch: forward passes of one unchanged batch, one after the other. Each decode step reads one more token of
 * every sequence, so a step takes a constant more than the one before, and the end of the k-th, and all that was read
 * and computed until then, is the sum of an arithmetic series. Nothing need be done token by token.
 */

import type { Plan } from './batcher.ts';
import type { Model } from './model.ts';
import { flopsPerPair, type StepCosts, stepBytes, stepFlops, stepMs } from './step-time.ts';

/** An amount that is `first` in the first step and grows by `growth` with each. */
interface Series {
  readonly first: number;
  readonly growth: number;
}

/** The sum of a series' first `count` terms. */
function seriesSum(series: Series, count: number): number {
  return count * series.first + (series.growth * count * (count - 1)) / 2;
}

export interface Stretch {
  readonly startMs: number;
  /** What a step takes, reads and computes. */
  readonly ms: Series;
  readonly bytes: Series;
  readonly flops: Series;
  readonly prefills: boolean;
  readonly decodes: boolean;
  /** After how many steps the batch is looked at again. */
  steps: number;
  /** How many of them have ended. */
  done: number;
}

/** What the engine's counters add up over stretches. */
export interface StretchTotals {
  busyMs: number;
  prefillMs: number;
  bytesRead: number;
  flops: number;
}

/** The stretch that carries out a plan, each step `factor` times the formula's time. */
export function stretchOf(startMs: number, plan: Plan, model: Model, costs: StepCosts, factor: number): Stretch {
  const { work } = plan;
  // Each step reads one token more of every sequence.
  const { sequences } = work;
  return {
    startMs,
    ms: { first: factor * stepMs(costs, work), growth: factor * costs.contextTokenMs * sequences },
    bytes: { first: stepBytes(model, work), growth: model.kvBytesPerToken * sequences },
    flops: { first: stepFlops(model, work), growth: flopsPerPair(model) * sequences },
    prefills: plan.prefills,
    decodes: plan.decodes,
    steps: plan.steps,
    done: 0,
  };
}

/** When the stretch's k-th step ends; its start for k = 0. */
export function stepEndMs(stretch: Stretch, k: number): number {
  return stretch.startMs + seriesSum(stretch.ms, k);
}

/** How many of its steps have ended at a time, that time included. */
export function stepsEndedBy(stretch: Stretch, atMs: number): number {
  if (stepEndMs(stretch, stretch.steps) <= atMs) return stretch.steps;
  const { first, growth } = stretch.ms;
  const elapsedMs = atMs - stretch.startMs;
  if (elapsedMs < first) return 0;
  // growth/2 k² + (first − growth/2) k = elapsed, solved without a difference of near numbers.
  const b = first - growth / 2;
  let k = Math.floor((2 * elapsedMs) / (b + Math.sqrt(b * b + 2 * growth * elapsedMs)));
  // The rounding of the root must not disagree with stepEndMs.
  while (stepEndMs(stretch, k) > atMs) k--;
  while (stepEndMs(stretch, k + 1) <= atMs) k++;
  return k;
}

/** Ends the stretch with the step in progress at a time: the batch is to be looked at again. */
export function cutAt(stretch: Stretch, atMs: number): void {
  const ended = stepsEndedBy(stretch, atMs);
  const begun = stepEndMs(stretch, ended) < atMs ? ended + 1 : ended;
  stretch.steps = Math.min(stretch.steps, Math.max(1, begun));
}

/** Adds to the totals what the next `count` steps take, read and compute. */
export function addSteps(totals: StretchTotals, stretch: Stretch, count: number): void {
  addShare(totals, stretch, count, 1);
}

/** Adds to the totals the part of the step in progress that has passed at a time. */
export function addPartOfStep(totals: StretchTotals, stretch: Stretch, atMs: number): void {
  const startMs = stepEndMs(stretch, stretch.done);
  const passed = (atMs - startMs) / (stepEndMs(stretch, stretch.done + 1) - startMs);
  addShare(totals, stretch, 1, Math.min(1, Math.max(0, passed)));
}

function addShare(totals: StretchTotals, stretch: Stretch, count: number, share: number): void {
  const sum = ({ first, growth }: Series) => {
    const next = { first: first + growth * stretch.done, growth };
    return share * seriesSum(next, count);
  };
  const ms = sum(stretch.ms);
  totals.busyMs += ms;
  if (stretch.prefills) totals.prefillMs += ms;
  totals.bytesRead += sum(stretch.bytes);
  totals.flops += sum(stretch.flops);
}
