/**
 * Whether objectives are held. A quantile and a ratio are shares of requests: they are judged by a one-sided exact
 * 95 % bound on the true share, as MLPerf's early stopping does, so that `held`, `missed` and `not enough data` are
 * three answers. Means, largest values and rates are judged as they were measured.
 */
import type { CellResult, ObjectiveResult } from '../record/run.ts';
import type { MetricSummary, Summary } from '../record/summary.ts';
import { holds, type Objective } from '../scenario/objective.ts';
import { Histogram } from '../stats/histogram.ts';
import { clopperPearson, type Proportion } from '../stats/proportion.ts';
import { betterOf, type Measured, metricOf, proportionOf, read } from './measure.ts';

/** How likely an answer is wrong at most. */
const alpha = 0.05;

/** The objectives that speak of a cell, judged by what was measured; `held` is null where too little was. */
export function judgeObjectives(
  objectives: readonly Objective[],
  cell: Pick<CellResult, 'target' | 'workload' | 'load'> & Measured & Pick<Summary, 'byWorkload'>,
): ObjectiveResult[] {
  return objectives.flatMap(objective => {
    // An objective that names a workload of a mix speaks of that part of it.
    const named = objective.names.find(name => cell.byWorkload?.[name] !== undefined);
    const part = named === undefined ? cell : { ...cell, ...cell.byWorkload?.[named], workload: named };
    return speaksOf(objective, part) ? [judge(objective, part)] : [];
  });
}

/** Whether a cell is one that an objective, or anything else with a selector, speaks of. */
export function speaksOf(
  { names, loads }: Pick<Objective, 'names' | 'loads'>,
  { target, workload, load }: Pick<CellResult, 'target' | 'workload' | 'load'>,
): boolean {
  return (
    names.every(name => name === workload || name === target.name || name === target.model) &&
    loads.every(({ field, comparator, value }) => {
      const asked = load.kind === 'closed' ? { concurrency: load.effectiveConcurrency } : { ratePerS: load.ratePerS };
      const figure = (asked as Record<string, number | undefined>)[field];
      return figure !== undefined && holds(figure, comparator, value);
    })
  );
}

function judge(objective: Objective, cell: Measured): ObjectiveResult {
  const { text, metric, statistic, comparator, bound } = objective;
  const { value: measured } = read(cell, objective);
  const isUpper = comparator.startsWith('<');
  if (typeof statistic === 'number') {
    const summary = metricOf(cell, metric);
    if (summary === undefined || summary.n === 0) return { text, measured, held: null };
    const { least, most } = beyond(summary, objective);
    return { text, measured, held: judgeShare(least, most, isUpper ? 1 - statistic : statistic) };
  }
  const share = statistic === undefined ? proportionOf(cell, metric) : undefined;
  if (share !== undefined && share.of > 0) {
    const wrong = isUpper ? share : { count: share.of - share.count, of: share.of };
    return { text, measured, held: judgeShare(wrong, wrong, isUpper ? bound : 1 - bound) };
  }
  return { text, measured, held: measured === null ? null : holds(measured, comparator, bound) };
}

/** Whether the true share is below `allowed`, by a bound on it; null where neither is sure. */
function judgeShare(least: Proportion, most: Proportion, allowed: number): boolean | null {
  if (clopperPearson(most, alpha).high <= allowed) return true;
  return clopperPearson(least, alpha).low > allowed ? false : null;
}

/**
 * How many requests lie on the wrong side of a bound, at least and at most: one that never ended lies somewhere beyond
 * the worse end of those that did. The gaps of one request are no independent witnesses: all of them together count for
 * as many as there are requests.
 */
function beyond(
  { n, hdr, unfinished, unfinishedFrom }: MetricSummary,
  objective: Objective,
): { least: Proportion; most: Proportion } {
  const { comparator, bound } = objective;
  const histogram = Histogram.decode(hdr);
  const [from, to] =
    betterOf(objective) === 'lower' ? [unfinishedFrom ?? 0, Number.POSITIVE_INFINITY] : [0, histogram.min ?? 0];
  const isUpper = comparator.startsWith('<');
  const upTo = histogram.countUpTo(bound);
  const wrong = isUpper ? histogram.count - upTo : upTo;
  const surely = isUpper ? from > bound : to < bound;
  const perhaps = isUpper ? to > bound : from < bound;
  const share = (count: number): Proportion => ({ count: (count * n) / (histogram.count + unfinished), of: n });
  return { least: share(surely ? wrong + unfinished : wrong), most: share(perhaps ? wrong + unfinished : wrong) };
}
