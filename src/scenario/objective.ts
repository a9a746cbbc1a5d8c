/** The two small languages of a scenario: objectives and stop rules. */
import { parseDurationMs } from '../units.ts';

export type Comparator = '<=' | '<' | '>=' | '>';

/** A bound on one number of a cell: a quantile of a metric, or a rate or ratio of the cell. */
export interface Objective {
  /** As it stood in the scenario. */
  readonly text: string;
  /** The cells it speaks of: names of workloads or targets, and bounds on the load. All must hold; none means every cell. */
  readonly names: readonly string[];
  readonly loads: readonly {
    readonly field: 'concurrency' | 'ratePerS';
    readonly comparator: Comparator | '=';
    readonly value: number;
  }[];
  readonly metric: string;
  /** 0–1, `mean`, or undefined where `metric` is a rate or ratio. */
  readonly statistic: number | 'mean' | 'max' | undefined;
  readonly comparator: Comparator;
  readonly bound: number;
}

/** Ends a step or the whole run once a ratio has been beyond its bound for a while. */
export interface StopRule {
  /** As it stood in the scenario. */
  readonly text: string;
  readonly ends: 'step' | 'run';
  readonly ratio: 'errorRatio' | 'rateLimitedRatio' | 'overloadedRatio' | 'forbiddenRatio';
  readonly bound: number;
  readonly forMs: number;
}

/** The quantiles that are kept of every metric. */
const keptPercentiles = [50, 90, 95, 99, 99.9];

/** The metrics of a request an objective can bound; `record/metrics` defines them. */
const quantileMetrics = [
  'sendLagMs',
  'ttftMs',
  'serviceTtftMs',
  'itlMs',
  'stallMs',
  'tpotMs',
  'responseTimeMs',
  'serviceTimeMs',
  'userTokensPerS',
  'networkMs',
  'queueMs',
  'inferenceMs',
];
/** The numbers of a cell an objective can bound. */
const cellNumbers = [
  'offeredPerS',
  'achievedPerS',
  'outputTokensPerS',
  'inputTokensPerS',
  'goodputPerS',
  'goodputRatio',
  'droppedRatio',
  'rateLimitedRatio',
  'overloadedRatio',
  'forbiddenRatio',
  'errorRatio',
];

const example = 'such as "chat, concurrency <= 32: p95(ttftMs) <= 800" or "errorRatio <= 0.01"';

/** One number of some cells: an objective without its bound. */
export type SelectedMeasure = Pick<Objective, 'text' | 'names' | 'loads' | 'metric' | 'statistic'>;

/** Reads one objective. Throws an Error whose message says what was expected. */
export function parseObjective(text: string): Objective {
  const match = /^(.*?)\s*(<=|<|>=|>)\s*(\d+(?:\.\d+)?)\s*$/s.exec(text.slice(colonOf(text) + 1));
  if (match === null) throw new Error(`expected an objective ${example}, got ${JSON.stringify(text)}`);
  return {
    ...parseMeasure(text.slice(0, colonOf(text) + 1) + (match[1] as string), `an objective ${example}`),
    text,
    comparator: match[2] as Comparator,
    bound: Number(match[3]),
  };
}

/** Reads `chat, concurrency <= 32: p95(ttftMs)` or `outputTokensPerS`. Throws an Error whose message says what was expected. */
export function parseMeasure(text: string, expected = 'a number such as p95(ttftMs)'): SelectedMeasure {
  const match = /^\s*(?:(p\d+(?:\.\d+)?|mean|max)\(\s*(\w+)\s*\)|(\w+))\s*$/.exec(text.slice(colonOf(text) + 1));
  if (match === null) throw new Error(`expected ${expected}, got ${JSON.stringify(text)}`);
  const metric = match[2] ?? match[3] ?? '';
  const known = match[1] === undefined ? cellNumbers : quantileMetrics;
  if (!known.includes(metric)) throw new Error(`expected one of ${known.join(', ')}, got ${JSON.stringify(metric)}`);
  const selector = text.slice(0, Math.max(0, colonOf(text)));
  return { text, ...parseSelector(selector), metric, statistic: parseStatistic(match[1]) };
}

/** Where the selector ends: −1 where there is none. */
function colonOf(text: string): number {
  return text.lastIndexOf(':');
}

function parseStatistic(text: string | undefined): Objective['statistic'] {
  if (text === undefined || text === 'mean' || text === 'max') return text;
  const percent = Number(text.slice(1));
  if (!keptPercentiles.includes(percent)) {
    throw new Error(`expected one of ${keptPercentiles.map(each => `p${each}`).join(', ')}, mean or max, got ${text}`);
  }
  return percent / 100;
}

function parseSelector(text: string): Pick<Objective, 'names' | 'loads'> {
  const names: string[] = [];
  const loads: Objective['loads'][number][] = [];
  for (const part of text.split(',').map(part => part.trim())) {
    const match = /^(concurrency|ratePerS)\s*(<=|<|>=|>|=)\s*(\d+(?:\.\d+)?)$/.exec(part);
    if (match !== null)
      loads.push({ field: match[1] as 'concurrency', comparator: match[2] as Comparator, value: Number(match[3]) });
    else if (part !== '') names.push(part);
  }
  return { names, loads };
}

/** Reads `errorRatio > 0.2 for 15s`, or `run: …` of what ends more than a step. Throws an Error whose message says what was expected. */
export function parseStopRule(text: string): StopRule {
  const match =
    /^\s*(?:(step|run)\s*:)?\s*(errorRatio|rateLimitedRatio|overloadedRatio|forbiddenRatio)\s*>\s*(\d+(?:\.\d+)?)\s+for\s+(\S+)\s*$/.exec(
      text,
    );
  const forMs = parseDurationMs(match?.[4] ?? '');
  if (match === null || forMs === undefined)
    throw new Error(
      `expected a rule such as "errorRatio > 0.2 for 15s" or "run: errorRatio > 0.5 for 30s", got ${JSON.stringify(text)}`,
    );
  const [, ends = 'step', ratio, bound] = match;
  return { text, ends: ends as StopRule['ends'], ratio: ratio as StopRule['ratio'], bound: Number(bound), forMs };
}

/** Whether `value` stands to `bound` as the comparator says. */
export function holds(value: number, comparator: Comparator | '=', bound: number): boolean {
  switch (comparator) {
    case '<=':
      return value <= bound;
    case '<':
      return value < bound;
    case '>=':
      return value >= bound;
    case '>':
      return value > bound;
    case '=':
      return value === bound;
  }
}
