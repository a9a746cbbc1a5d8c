/**
 * Which load a search tries next, from what it has tried so far: it doubles the load until the objective fails, or halves
 * it until it holds; closes in on the limit between; and then measures on both sides of where the line through all counts
 * crosses what is allowed. Pure: a search that was broken off goes on from its probes.
 */
import type { Probe } from '../../record/search.ts';
import type { Warmup } from '../../scenario/scenario.ts';
import { type Crossing, crossingOf } from '../../stats/logistic-crossing.ts';
import { clopperPearson } from '../../stats/proportion.ts';
import { totalOf } from './probe-counts.ts';

/** How likely an answer's interval holds the true limit. */
export const confidence = 0.9;

/** What is searched for, and how. */
export interface SearchPlan {
  /** The share of requests that may lie on the wrong side. */
  readonly allowed: number;
  readonly over: 'ratePerS' | 'concurrency';
  readonly from: number;
  readonly to: number;
  readonly lowest: number;
  readonly requests: number;
  readonly measures: number;
  readonly warmup?: Warmup;
}

/** What is known of a load that was tried. */
export type Tried = Pick<Probe, 'load' | 'part' | 'verdict' | 'batches'>;

export interface NextProbe extends Pick<Probe, 'load' | 'part'> {
  readonly requests: number;
  readonly warmup: Warmup;
}

/** Both sides are close enough to measure between them. */
const closeRatio = 1.25;

/** Beyond doubling or halving, at most so many probes close in: a search must end. */
const mostClosing = 6;

/** What is sent before it counts, as a share of what counts: the line of who waits must have found its length. */
const warmupShare = 0.25;

/** Few enough requests for a look: so many of which two may be wrong show that a share holds. */
function requestsForALook({ allowed, requests }: Pick<SearchPlan, 'allowed' | 'requests'>): number {
  let few = 3;
  while (few < requests && clopperPearson({ count: 2, of: few }, 0.05).high > allowed) few++;
  return Math.min(few, requests);
}

/** What is to be tried next; undefined where the search is over. */
export function nextProbe(plan: SearchPlan, tried: readonly Tried[]): NextProbe | undefined {
  const again = lastIfFirstInvalid(tried);
  const next = again ?? nextLoad(plan, tried);
  if (next === undefined) return undefined;
  const { warmup = warmupOf(plan, next) } = plan;
  return { load: next.load, part: next.part, requests: requestsOf(plan, next), warmup };
}

/** At most so many probes there will be. */
export function mostProbes(plan: SearchPlan): number {
  return mostLooks(plan) + plan.measures;
}

/** At most so many requests it will measure. */
export function mostRequests(plan: SearchPlan): number {
  const { brackets, near } = mostRequestsByPart(plan);
  return brackets + near;
}

/** At most so long a search over the rate measures where the limit lies at a load, ms; all that is not bracketing happens near it. */
export function longestMs(plan: SearchPlan, limit: number): number {
  const { near } = mostRequestsByPart(plan);
  const few = requestsOf(plan, { part: 'bracket' });
  let bracketsMs = 0;
  for (let load = Math.min(plan.from, limit); load < 2 * limit; load *= 2) bracketsMs += (few * 1000) / load;
  return bracketsMs + (near * 1000) / limit;
}

function mostRequestsByPart(plan: SearchPlan): { readonly brackets: number; readonly near: number } {
  return {
    brackets: (mostLooks(plan) - mostClosing) * requestsOf(plan, { part: 'bracket' }),
    near: mostClosing * requestsOf(plan, { part: 'bisect' }) + plan.measures * requestsOf(plan, { part: 'measure' }),
  };
}

/** To find both sides, and to close in. */
function mostLooks({ from, to, lowest }: Pick<SearchPlan, 'from' | 'to' | 'lowest'>): number {
  const doublings = (a: number, b: number) => 1 + Math.ceil(Math.log2(b / a) - 1e-9);
  return Math.max(doublings(from, to), doublings(lowest, from)) + mostClosing;
}

/** How many requests measure a load. */
function requestsOf(plan: SearchPlan, { part }: Pick<Probe, 'part'>): number {
  switch (part) {
    case 'bracket':
      return requestsForALook(plan);
    case 'bisect':
      return Math.max(requestsForALook(plan), Math.ceil(plan.requests / 2));
    case 'measure':
      return plan.requests;
  }
}

function warmupOf(plan: SearchPlan, probe: Pick<Probe, 'part' | 'load'>): Warmup {
  const requests = warmupShare * requestsOf(plan, probe);
  if (plan.over === 'ratePerS') return Math.ceil((requests * 1000) / probe.load);
  return { turnovers: Math.ceil(requests / probe.load) };
}

/** A probe that the generator could not keep up with is tried once more; the second time it is the generator's limit. */
function lastIfFirstInvalid(tried: readonly Tried[]): Tried | undefined {
  const last = tried.at(-1);
  if (last?.verdict !== 'invalid') return undefined;
  return tried.filter(({ load, verdict }) => load === last.load && verdict === 'invalid').length === 1
    ? last
    : undefined;
}

/** Both sides of the limit, as far as they are known: the highest load that passed below the lowest that failed. */
interface Sides {
  readonly passed: Tried | undefined;
  readonly failed: Tried | undefined;
}

/** The sides by the latest word on each load that was looked at. */
export function sidesOf({ allowed }: Pick<SearchPlan, 'allowed'>, tried: readonly Tried[]): Sides {
  const looks = tried.filter(({ part, verdict }) => part !== 'measure' && verdict !== 'invalid');
  const inOrder = [...new Map(looks.map(look => [look.load, look])).values()].sort((a, b) => a.load - b.load);
  const at = inOrder.findIndex(look => !passes(look, allowed));
  return { passed: at < 0 ? inOrder.at(-1) : inOrder[at - 1], failed: inOrder[at] };
}

/** Where no bound is sure either way, by the share that was seen. */
function passes({ verdict, batches }: Tried, allowed: number): boolean {
  if (verdict !== 'undecided') return verdict === 'held';
  const { requests, wrong } = totalOf(batches);
  return wrong <= allowed * requests;
}

/** The lowest load that the generator could not hold: neither it nor more can be said anything of. */
export function generatorLimit(tried: readonly Tried[]): number {
  const invalid = tried.filter(({ verdict }) => verdict === 'invalid').map(({ load }) => load);
  const again = invalid.filter((load, i) => invalid.indexOf(load) !== i);
  return Math.min(...again, Number.POSITIVE_INFINITY);
}

type NextLoad = Pick<Probe, 'load' | 'part'> | undefined;

function nextLoad(plan: SearchPlan, tried: readonly Tried[]): NextLoad {
  const { from, to, lowest } = plan;
  const { passed, failed } = sidesOf(plan, tried);
  const limit = generatorLimit(tried);
  const looks = tried.filter(({ part }) => part !== 'measure').length;
  if (passed === undefined && failed === undefined)
    return tried.length === 0 || from < limit ? { load: from, part: 'bracket' } : undefined;
  if (looks < mostLooks(plan) && tried.every(({ part }) => part !== 'measure')) {
    if (failed === undefined && passed !== undefined && passed.load < to)
      return below(limit, { load: rounded(plan, Math.min(to, 2 * passed.load)), part: 'bracket' });
    if (passed === undefined && failed !== undefined && failed.load > lowest)
      return { load: rounded(plan, Math.max(lowest, failed.load / 2)), part: 'bracket' };
    const closer = closingIn(plan, { passed, failed });
    if (closer !== undefined) return below(limit, closer);
  }
  if (failed === undefined && passed?.verdict === 'held') return undefined;
  if (passed === undefined && failed?.verdict !== 'undecided') return undefined;
  return below(limit, measuring(plan, tried));
}

/** Halfway, by the ratio, between two sides that are far apart; and a longer look at a side that had only a short one. */
function closingIn(plan: SearchPlan, { passed, failed }: Sides): NextLoad {
  if (passed !== undefined && failed !== undefined && failed.load / passed.load > closeRatio) {
    const load = rounded(plan, Math.sqrt(passed.load * failed.load));
    if (load > passed.load && load < failed.load) return { load, part: 'bisect' };
  }
  const quick = [passed, failed].find(
    side => side?.part === 'bracket' && (side.verdict === 'undecided' || (side.verdict === 'held' && side === passed)),
  );
  // What held at the highest load of all surely enough needs no second look: there is no other side to be wrong about.
  if (quick === undefined || (failed === undefined && quick.verdict === 'held')) return undefined;
  return { load: quick.load, part: 'bisect' };
}

/** A little above and a little below the limit in turn, by so much that the odds change by about two. */
function measuring(plan: SearchPlan, tried: readonly Tried[]): NextLoad {
  const measured = tried.filter(({ part, verdict }) => part === 'measure' && verdict !== 'invalid').length;
  if (measured >= plan.measures) return undefined;
  const fit = crossing(plan, tried);
  if (fit === undefined || isOneNumber(plan, fit, measured)) return undefined;
  const step = Math.min(0.15, Math.max(0.02, 0.7 / fit.steepness));
  const load = measured % 2 === 0 ? fit.estimate * Math.exp(step) : fit.estimate * Math.exp(-step);
  const whole = measured % 2 === 0 ? Math.ceil(fit.estimate) : Math.floor(fit.estimate);
  const beside = measured % 2 === 0 ? Math.max(whole, Math.round(load)) : Math.min(whole, Math.round(load));
  const wanted = plan.over === 'concurrency' ? beside : rounded(plan, load);
  return { load: Math.min(plan.to, Math.max(plan.lowest, wanted)), part: 'measure' };
}

/** Slots are whole: where both ends of the interval are the same number there is nothing left to measure. */
function isOneNumber({ over }: SearchPlan, { low, high }: Crossing, measured: number): boolean {
  return over === 'concurrency' && measured >= 2 && Math.floor(low) === Math.floor(high);
}

/** The line through all counts that tell of the limit; undefined where there are none. */
export function crossing({ allowed }: Pick<SearchPlan, 'allowed'>, tried: readonly Tried[]): Crossing | undefined {
  const telling = tried.filter(
    ({ verdict, part, load, batches }, i) =>
      verdict !== 'invalid' &&
      batches.length > 0 &&
      // A short look does not see a line that grows slowly: the longer one at the same load takes its place.
      (part !== 'bracket' || !tried.slice(i + 1).some(later => later.load === load && later.verdict !== 'invalid')),
  );
  return telling.length === 0 ? undefined : crossingOf(telling, allowed, confidence);
}

function below(limit: number, next: NextLoad): NextLoad {
  return next !== undefined && next.load < limit ? next : undefined;
}

/** Three digits are as many as anybody wants to read. */
function rounded({ over }: SearchPlan, load: number): number {
  return over === 'concurrency' ? Math.max(1, Math.round(load)) : Number(load.toPrecision(3));
}
