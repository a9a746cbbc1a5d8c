import type { SearchResult } from '../../record/search.ts';
import { confidence, crossing, generatorLimit, nextProbe, type SearchPlan, sidesOf, type Tried } from './search.ts';

export type SearchAnswer = Pick<SearchResult, 'kind' | 'confidence' | 'low' | 'estimate' | 'high' | 'reason'>;

/** What the probes so far say of the highest load that holds; an answer before the search is over says that it is not. */
export function answerOf(plan: SearchPlan, tried: readonly Tried[]): SearchAnswer {
  const isOver = nextProbe(plan, tried) === undefined;
  const { passed, failed } = sidesOf(plan, tried);
  const limit = generatorLimit(tried);
  const known = {
    ...(passed === undefined ? {} : { low: passed.load }),
    ...(failed === undefined ? {} : { high: failed.load }),
  };
  const unknown = (reason: string): SearchAnswer => ({ kind: 'unknown', confidence, ...known, reason });
  const slowReason = `the generator could not keep up at ${limit}`;
  if (passed === undefined && failed === undefined)
    return unknown(Number.isFinite(limit) ? slowReason : 'nothing was measured');
  if (failed === undefined && passed?.verdict === 'held' && passed.load >= plan.to)
    return { kind: 'at least', confidence, low: plan.to };
  if (passed === undefined && isOver && failed?.verdict !== 'undecided')
    return { kind: 'below from', confidence, high: failed?.load ?? plan.lowest };
  const isMeasured = tried.some(({ part }) => part === 'measure');
  if (!isMeasured) return unknown(Number.isFinite(limit) ? slowReason : 'it was broken off before it was done');
  return found(plan, tried, isOver, limit, slowReason);
}

/** What the line through the counts says, as far as loads were allowed and could be held. */
function found(
  plan: SearchPlan,
  tried: readonly Tried[],
  isOver: boolean,
  limit: number,
  slowReason: string,
): SearchAnswer {
  const fit = crossing(plan, tried);
  if (fit === undefined) return { kind: 'unknown', confidence, reason: 'nothing was measured' };
  const whole = plan.over === 'concurrency' ? Math.floor : (load: number) => Number(load.toPrecision(4));
  const [low, estimate, high] = [whole(fit.low), whole(fit.estimate), whole(fit.high)];
  const early = isOver ? {} : { reason: 'it was broken off before it was done' };
  if (high >= limit) return { kind: 'unknown', confidence, low: Math.min(low, limit), reason: slowReason };
  if (low >= plan.to) return { kind: 'at least', confidence, low: plan.to, ...early };
  if (high > plan.to) return { kind: 'at least', confidence, low, reason: `whether ${plan.to} holds is not sure` };
  if (high < plan.lowest) return { kind: 'below from', confidence, high: plan.lowest, ...early };
  return { kind: 'found', confidence, low, estimate, high, ...early };
}
