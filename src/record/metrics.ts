/**
 * The metrics of a request, each defined once. The definitions feed the recorder, the reports and the README, so that
 * a number means the same wherever it stands.
 */
import type { RequestRecord } from './request-record.ts';

export type MetricName =
  | 'sendLagMs'
  | 'ttftMs'
  | 'serviceTtftMs'
  | 'itlMs'
  | 'stallMs'
  | 'tpotMs'
  | 'responseTimeMs'
  | 'serviceTimeMs'
  | 'userTokensPerS'
  | 'networkMs'
  | 'queueMs'
  | 'inferenceMs';

export interface Metric {
  readonly name: MetricName;
  readonly symbol: string;
  readonly unit: 'ms' | 'tokens/s';
  readonly better: 'lower' | 'higher';
  readonly definition: string;
  /** Hands over its values in one request: one a gap for the gaps between tokens, one for all others, none where it has no meaning. */
  readonly each: (record: RequestRecord, take: (value: number) => void) => void;
  /** Whether a request that was taken and not finished still has a value that never came, slower than any other. */
  readonly unfinished: (record: RequestRecord) => boolean;
}

/** Hands over the value that a request has, where it has one. */
const one =
  (of: (record: RequestRecord) => number | undefined): Metric['each'] =>
  (record, take) => {
    const value = of(record);
    if (value !== undefined) take(value);
  };

const always = () => true;
const never = () => false;
const beforeFirstToken = (record: RequestRecord) => record.tokenTimesMs.length === 0;

const ok = (record: RequestRecord) => record.outcome.kind === 'ok';
const firstToken = (record: RequestRecord) => record.tokenTimesMs[0];

function gaps({ tokenTimesMs }: RequestRecord, take: (value: number) => void): void {
  for (let i = 1; i < tokenTimesMs.length; i++) take((tokenTimesMs[i] as number) - (tokenTimesMs[i - 1] as number));
}

function longestGap({ tokenTimesMs }: RequestRecord): number {
  let longest = 0;
  for (let i = 1; i < tokenTimesMs.length; i++)
    longest = Math.max(longest, (tokenTimesMs[i] as number) - (tokenTimesMs[i - 1] as number));
  return longest;
}

function tpot(record: RequestRecord): number | undefined {
  const { tokenTimesMs, outputTokens = tokenTimesMs.length } = record;
  const [first, last] = [tokenTimesMs[0], tokenTimesMs.at(-1)];
  if (!ok(record) || first === undefined || last === undefined || outputTokens < 2) return undefined;
  return (last - first) / (outputTokens - 1);
}

export const metrics: readonly Metric[] = [
  {
    name: 'sendLagMs',
    symbol: 'send lag',
    unit: 'ms',
    better: 'lower',
    definition: 'sent − due: how late this program was',
    each: one(record => (record.sentMs === undefined ? undefined : record.sentMs - record.dueMs)),
    unfinished: never,
  },
  {
    name: 'ttftMs',
    symbol: 'TTFT',
    unit: 'ms',
    better: 'lower',
    definition: 'first token − due: what the user waits before anything appears',
    each: one(record => (firstToken(record) === undefined ? undefined : (firstToken(record) as number) - record.dueMs)),
    unfinished: beforeFirstToken,
  },
  {
    name: 'serviceTtftMs',
    symbol: 'service TTFT',
    unit: 'ms',
    better: 'lower',
    definition: 'first token − sent',
    each: one(record =>
      firstToken(record) === undefined || record.sentMs === undefined
        ? undefined
        : (firstToken(record) as number) - record.sentMs,
    ),
    unfinished: beforeFirstToken,
  },
  {
    name: 'itlMs',
    symbol: 'ITL',
    unit: 'ms',
    better: 'lower',
    definition: 'every gap between consecutive tokens of a request, pooled over requests; n counts requests',
    each: gaps,
    unfinished: record => record.tokenTimesMs.length > 0,
  },
  {
    name: 'stallMs',
    symbol: 'longest gap',
    unit: 'ms',
    better: 'lower',
    definition: 'the longest gap between two tokens of one request',
    each: one(record => (ok(record) && record.tokenTimesMs.length > 1 ? longestGap(record) : undefined)),
    unfinished: record => record.tokenTimesMs.length > 0,
  },
  {
    name: 'tpotMs',
    symbol: 'TPOT',
    unit: 'ms',
    better: 'lower',
    definition: '(last token − first token) / (output tokens − 1)',
    each: one(record => tpot(record)),
    unfinished: record => record.tokenTimesMs.length > 0,
  },
  {
    name: 'responseTimeMs',
    symbol: 'response time',
    unit: 'ms',
    better: 'lower',
    definition: 'end − due: what the user waits in all',
    each: one(record => (ok(record) ? record.endMs - record.dueMs : undefined)),
    unfinished: always,
  },
  {
    name: 'serviceTimeMs',
    symbol: 'service time',
    unit: 'ms',
    better: 'lower',
    definition: 'end − sent',
    each: one(record => (ok(record) && record.sentMs !== undefined ? record.endMs - record.sentMs : undefined)),
    unfinished: always,
  },
  {
    name: 'userTokensPerS',
    symbol: 'tokens/s per user',
    unit: 'tokens/s',
    better: 'higher',
    definition: '1000 / TPOT: how fast one user sees text appear',
    each: one(record => {
      const perTokenMs = tpot(record);
      return perTokenMs === undefined || perTokenMs === 0 ? undefined : 1000 / perTokenMs;
    }),
    unfinished: record => record.tokenTimesMs.length > 0,
  },
  {
    name: 'networkMs',
    symbol: 'network and gateway',
    unit: 'ms',
    better: 'lower',
    definition:
      'service time − the time the server says it took, where it does: the way, the gateway and what is not counted',
    each: one(record => outsideServer(record)),
    unfinished: never,
  },
  {
    name: 'queueMs',
    symbol: 'server queue',
    unit: 'ms',
    better: 'lower',
    definition:
      'what the server says a request waited for its first batch, where it does (TGI: of answers in one piece)',
    each: one(record => (ok(record) ? record.server?.queueMs : undefined)),
    unfinished: never,
  },
  {
    name: 'inferenceMs',
    symbol: 'server inference',
    unit: 'ms',
    better: 'lower',
    definition: 'what the server says a request was computed, where it does (TGI: of answers in one piece)',
    each: one(record => (ok(record) ? record.server?.inferenceMs : undefined)),
    unfinished: never,
  },
];

/** The values of a metric in one request, as a list. */
export function valuesIn({ each }: Metric, record: RequestRecord): readonly number[] {
  const values: number[] = [];
  each(record, value => values.push(value));
  return values;
}

/** Of a retried request the server tells of its last attempt only, and so is this. */
function outsideServer(record: RequestRecord): number | undefined {
  const { server, sentMs, endMs, attempts } = record;
  const lastSentMs = attempts?.at(-1)?.sentMs ?? sentMs;
  if (!ok(record) || server?.totalMs === undefined || lastSentMs === undefined) return undefined;
  return Math.max(0, endMs - lastSentMs - server.totalMs);
}
