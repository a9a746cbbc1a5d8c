/** What the search of a scenario file can get wrong that no schema sees. */
import type { Path, Problem } from '../schema/checked-yaml.ts';
import { problemsOfLaw } from './load-problems.ts';
import type { Objective } from './objective.ts';
import type { ScenarioFile, ScenarioSearch } from './scenario.ts';
import { allowedShare, isSpokenOf } from './search.ts';
import { mixed, type TargetEntry } from './target.ts';

const at: Path = ['load', 'search'];

/** The fields that belong to one way to ask only. */
const belongsTo = {
  thinkTime: 'concurrency',
  arrivals: 'ratePerS',
  cv: 'ratePerS',
  burstSize: 'ratePerS',
  maxInFlight: 'ratePerS',
  whenFull: 'ratePerS',
} as const satisfies Partial<Record<keyof ScenarioSearch, ScenarioSearch['over']>>;

/** All problems of a search, and of a load that is neither one nor steps. `cap`: requests in flight that a model may have. */
export function problemsOfSearch(
  file: ScenarioFile,
  targets: readonly TargetEntry[],
  cap: number | undefined,
): Problem[] {
  const { steps, search, repetitions } = file.load;
  if (search === undefined)
    return steps === undefined
      ? [{ path: ['load'], message: 'expected steps, or a search for the highest load, got neither' }]
      : [];
  const problems: Problem[] = [];
  if (steps !== undefined)
    problems.push({ path: ['load', 'steps'], message: 'expected steps or a search, got both', hint: whyOne });
  if (repetitions > 1)
    problems.push({
      path: ['load', 'repetitions'],
      message: `expected 1 repetition with a search, got ${repetitions}`,
      hint: 'more requests or probes make its interval narrower',
    });
  if (file.order === 'parallel')
    problems.push({
      path: ['order'],
      message: 'expected no order: parallel with a search, which drives one endpoint after another',
      hint: 'each would be searched under the load of the others, which changes as they are',
    });
  return [
    ...problems,
    ...problemsOfRange(search, cap),
    ...problemsOfFields(search),
    ...problemsOfObjective(file, targets, search.objective),
  ];
}

const whyOne = 'a run measures loads that are known or looks for one that is not: make it two scenarios';

function problemsOfRange({ over, from, to }: ScenarioSearch, cap: number | undefined): Problem[] {
  const problems: Problem[] = [];
  if (from >= to)
    problems.push({
      path: [...at, 'to'],
      message: `expected to above from, got ${to} with from: ${from}`,
    });
  if (over === 'ratePerS') return problems;
  for (const [name, value] of Object.entries({ from, to }))
    if (!Number.isInteger(value))
      problems.push({ path: [...at, name], message: `expected a whole number of requests in flight, got ${value}` });
  if (cap !== undefined && to > cap)
    problems.push({
      path: [...at, 'to'],
      message: `expected at most ${cap}, what may be in flight at a model, got ${to}`,
      hint: 'to go beyond it on purpose, set limits: { exceed: true }',
    });
  return problems;
}

function problemsOfFields(search: ScenarioSearch): Problem[] {
  const misplaced = Object.entries(belongsTo).filter(
    ([field, over]) => search[field as keyof typeof belongsTo] !== undefined && over !== search.over,
  );
  return [
    ...misplaced.map(([field]) => ({
      path: [...at, field],
      message: `expected no ${field} in a search over ${search.over}`,
    })),
    ...(search.over === 'ratePerS' ? problemsOfLaw(search, at) : []),
  ];
}

/** What only answers in pieces have, and what only answers in one piece have. */
const streamedOnly = ['ttftMs', 'serviceTtftMs', 'itlMs', 'stallMs', 'tpotMs', 'userTokensPerS'];
const unaryOnly = ['networkMs', 'queueMs', 'inferenceMs'];

/** A search can only look for what is lost as the load grows, request by request. */
function problemsOfObjective(file: ScenarioFile, targets: readonly TargetEntry[], objective: Objective): Problem[] {
  const path: Path = [...at, 'objective'];
  const { metric, statistic, comparator, bound, loads, names } = objective;
  const allowed = allowedShare(objective);
  if (allowed === undefined)
    return [
      {
        path,
        message: `expected a quantile of a time or a ratio, got ${JSON.stringify(objective.text)}`,
        hint: 'it is judged by the share of requests on either side, which a mean or a rate has not',
      },
    ];
  if (allowed <= 0 || allowed >= 1)
    return [{ path, message: `expected a bound between 0 and 1 on ${metric}, got ${bound}` }];
  const problems: Problem[] = [];
  if ((metric === 'goodputRatio' || metric === 'userTokensPerS') !== comparator.startsWith('>'))
    problems.push({
      path,
      message: `expected an objective that more load makes harder to hold, got ${JSON.stringify(objective.text)}`,
      hint: 'such as p95(ttftMs) <= 800 or goodputRatio >= 0.9',
    });
  if (loads.length > 0)
    problems.push({ path, message: 'expected no bound on the load in the objective of a search, which looks for it' });
  if (metric === 'goodputRatio' && file.goodput === undefined)
    problems.push({
      path,
      message: 'expected goodput: { ttftMs: …, … } beside an objective of goodputRatio, got none',
    });
  const searched = searchedWorkloads(file, targets, names);
  const lacking = searched.filter(name =>
    (file.workloads[name]?.stream ? unaryOnly : streamedOnly).includes(statistic === undefined ? '' : metric),
  );
  if (lacking.length > 0)
    problems.push({
      path,
      message: `expected a metric that ${lacking.join(', ')} has, got ${metric}`,
      hint: file.workloads[lacking[0] ?? '']?.stream
        ? 'a stream has no timings of the server: responseTimeMs, ttftMs and tpotMs are known'
        : 'an answer in one piece has no first token: set stream: true there, or bound responseTimeMs',
    });
  if (searched.length === 0)
    problems.push({ path, message: `expected an endpoint that ${names.join(', ')} speaks of, got none` });
  return problems;
}

/** The workloads of the endpoints that an objective speaks of. */
function searchedWorkloads(
  { workloads }: ScenarioFile,
  targets: readonly TargetEntry[],
  names: Objective['names'],
): string[] {
  const spoken = targets.flatMap(({ target }) => {
    if (target.mix !== undefined) return isSpokenOf({ target, workload: mixed }, names) ? target.workloads : [];
    return target.workloads.filter(workload => isSpokenOf({ target, workload }, names));
  });
  return [...new Set(spoken)].filter(name => Object.hasOwn(workloads, name));
}
