import { isRefusal, isUnfinished } from '../../protocol/outcome.ts';
import { isGood } from '../../record/good.ts';
import { metrics, valuesIn } from '../../record/metrics.ts';
import type { RequestRecord } from '../../record/request-record.ts';
import { holds, type Objective } from '../../scenario/objective.ts';

/** What of an outcome counts against a ratio. */
const counted: Readonly<Record<string, (outcome: RequestRecord['outcome']) => boolean>> = {
  droppedRatio: ({ kind }) => kind === 'dropped',
  rateLimitedRatio: ({ kind }) => kind === 'rate_limited',
  overloadedRatio: ({ kind }) => kind === 'overloaded',
  forbiddenRatio: ({ kind }) => kind === 'forbidden',
  errorRatio: outcome => outcome.kind !== 'ok' && outcome.kind !== 'dropped' && !isRefusal(outcome),
};

/**
 * How much of a request (0–1) lies on the wrong side of an objective over a share of requests; undefined where that
 * cannot be known. Whoever is turned away is not served in time, so that a service cannot hold more by refusing more:
 * what was refused or dropped counts against a time as well.
 */
export function wrongShare(
  record: RequestRecord,
  { metric: name, statistic, comparator, bound }: Objective,
  goodput: Readonly<Record<string, number>> | undefined,
): number | undefined {
  const { outcome, dueMs, endMs } = record;
  if (statistic === undefined) {
    if (outcome.kind === 'abandoned') return undefined;
    const isWrong = name === 'goodputRatio' ? !isGood(record, goodput ?? {}) : (counted[name]?.(outcome) ?? false);
    return isWrong ? 1 : 0;
  }
  const metric = metrics.find(each => each.name === name);
  if (metric === undefined) return undefined;
  if (isRefusal(outcome) || outcome.kind === 'dropped') return 1;
  const values = valuesIn(metric, record);
  if (values.length > 0) return values.filter(value => !holds(value, comparator, bound)).length / values.length;
  // What was broken off for want of time had waited so long at least, and may have been in time all the same.
  if (outcome.kind === 'abandoned' && (metric.better === 'higher' || endMs - dueMs <= bound)) return undefined;
  return isUnfinished(outcome) && metric.unfinished(record) ? 1 : undefined;
}
