import type { CellResult, ObjectiveResult } from '../record/run.ts';
import { type MetricSummary, type QuantileKey, quantiles, type Summary } from '../record/summary.ts';
import { holds, type Objective } from '../scenario/objective.ts';

/** The objectives that speak of a cell, judged by what was measured; `held` is null where too little was. */
export function judgeObjectives(
  objectives: readonly Objective[],
  cell: Pick<CellResult, 'target' | 'workload' | 'load'> & Pick<Summary, 'rates' | 'metrics' | 'byWorkload'>,
): ObjectiveResult[] {
  return objectives.flatMap(objective => {
    // An objective that names a workload of a mix speaks of that part of it.
    const named = objective.names.find(name => cell.byWorkload?.[name] !== undefined);
    const part = named === undefined ? cell : { ...cell, ...cell.byWorkload?.[named], workload: named };
    return speaksOf(objective, part) ? [judge(objective, part)] : [];
  });
}

function judge(objective: Objective, cell: Pick<Summary, 'rates' | 'metrics'>): ObjectiveResult {
  const { value, censored } = measure(objective, cell);
  if (value === null) return { text: objective.text, measured: null, held: null };
  const held = holds(value, objective.comparator, objective.bound);
  if (!censored) return { text: objective.text, measured: value, held };
  // Where requests that never ended reach it, the true value lies beyond this one: it says for sure only that an
  // upper limit below it is missed, or a lower one held.
  const isUpper = objective.comparator.startsWith('<') === (objective.metric !== 'userTokensPerS');
  return { text: objective.text, measured: value, held: held === isUpper ? null : held };
}

function speaksOf(
  { names, loads }: Objective,
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

function measure(
  { metric, statistic }: Objective,
  cell: Pick<Summary, 'rates' | 'metrics'>,
): { value: number | null; censored: boolean } {
  if (statistic === undefined)
    return { value: (cell.rates as unknown as Record<string, number | null>)[metric] ?? null, censored: false };
  const summary = (cell.metrics as Readonly<Record<string, MetricSummary>>)[metric];
  if (summary === undefined) return { value: null, censored: false };
  if (typeof statistic === 'string') return { value: summary[statistic], censored: false };
  const key = (Object.keys(quantiles) as QuantileKey[]).find(each => quantiles[each] === statistic);
  return key === undefined
    ? { value: null, censored: false }
    : { value: summary[key], censored: summary.censoredQuantiles.includes(key) };
}
