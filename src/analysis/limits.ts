/** Where a service begins to refuse: judgements on the requests of a probe that went on until the first refusal. */
import { isRefusal, type Outcome } from '../protocol/outcome.ts';

/** One request: when it was on its way, in ms of one clock, and what became of it; `abandoned` was taken and given up. */
export interface Trial {
  readonly sentMs: number;
  readonly endMs: number;
  readonly outcome: Outcome;
}

/** A series that went on until the first request was turned away, and one more request after the wait it asks for. */
export interface Series<T extends Trial> {
  readonly trials: readonly T[];
  readonly again?: Trial;
}

/** One of a series at growing rates. */
export interface PacedTrial extends Trial {
  readonly ratePerS: number;
}

/** What was said to the first request that was turned away, and whether waiting helped. */
export interface Refusal {
  readonly outcome: Outcome;
  /** How long was waited before it was asked once more, and whether that was answered; null: it was not asked. */
  readonly waitedMs: number | null;
  readonly answeredThen: boolean | null;
}

/** The limits that were found; null where nothing was turned away, or nothing can be said. */
export interface Limits {
  readonly requests: number;
  readonly concurrency: {
    /** The most in flight at once, and how many it was when one more was turned away. */
    readonly held: number;
    readonly refused: number | null;
    readonly refusal: Refusal | null;
    /** rate: waiting helped although as many were still in flight. */
    readonly kind: 'concurrency' | 'rate' | null;
  };
  readonly rate: {
    readonly heldPerS: number | null;
    readonly refusedPerS: number | null;
    readonly refusal: Refusal | null;
  };
  /** The token buckets that would have taken and refused just what was, from the least to the most. */
  readonly bucket: { readonly ratePerS: Range; readonly burst: Range } | null;
}

type Range = readonly [least: number, most: number];

/** Whether a request was not served. */
export function isTurnedAway({ outcome }: Trial): boolean {
  return outcome.kind !== 'ok' && outcome.kind !== 'abandoned';
}

/** What two series found: one of requests that were all kept in flight, and one of short requests at growing rates. */
export function judgeLimits(kept: Series<Trial>, paced: Series<PacedTrial>): Limits {
  const concurrency = judgeConcurrency(kept);
  const ofRate = concurrency.kind === 'concurrency' ? [] : allOf(kept);
  return {
    requests: allOf(kept).length + allOf(paced).length,
    concurrency,
    rate: judgeRate(paced),
    bucket: bucketsThatFit([...ofRate, ...allOf(paced)]),
  };
}

function judgeConcurrency(series: Series<Trial>): Limits['concurrency'] {
  const { trials, again } = series;
  const first = firstTurnedAway(trials);
  if (first === undefined) {
    const held = Math.max(0, ...trials.map(({ sentMs }) => inFlight(trials, sentMs)));
    return { held, refused: null, refusal: null, kind: null };
  }
  const held = inFlight(trials, first.sentMs);
  const wereStillThere = again !== undefined && inFlight(trials, again.sentMs) >= held;
  const kind = !wereStillThere ? null : isTurnedAway(again) ? 'concurrency' : 'rate';
  return { held, refused: held + 1, refusal: refusalOf(first, again), kind };
}

function judgeRate({ trials, again }: Series<PacedTrial>): Limits['rate'] {
  const first = firstTurnedAway(trials);
  const held = trials.filter(({ ratePerS }) => first === undefined || ratePerS < first.ratePerS);
  return {
    heldPerS: held.length === 0 ? null : Math.max(...held.map(({ ratePerS }) => ratePerS)),
    refusedPerS: first?.ratePerS ?? null,
    refusal: first === undefined ? null : refusalOf(first, again),
  };
}

function refusalOf({ outcome, endMs }: Trial, again: Trial | undefined): Refusal {
  return {
    outcome,
    waitedMs: again === undefined ? null : Math.round(again.sentMs - endMs),
    answeredThen: again === undefined ? null : !isTurnedAway(again),
  };
}

function allOf<T extends Trial>({ trials, again }: Series<T>): Trial[] {
  return again === undefined ? [...trials] : [...trials, again];
}

function firstTurnedAway<T extends Trial>(trials: readonly T[]): T | undefined {
  return trials.filter(isTurnedAway).toSorted((a, b) => a.sentMs - b.sentMs)[0];
}

/** How many that were taken had been sent by then and not ended. */
function inFlight(trials: readonly Trial[], atMs: number): number {
  return trials.filter(trial => !isTurnedAway(trial) && trial.sentMs <= atMs && trial.endMs > atMs).length;
}

/** What a bucket may be, in steps fine enough to be told apart by some hundred requests. */
const rates = Array.from({ length: 400 }, (_, k) => (k + 1) / 4);
const bursts = Array.from({ length: 200 }, (_, k) => k + 1);
/** How many tokens a bucket may lack when it still takes a request, which then waits: none, or half a one as Traefik's. */
const patiences = [0, 0.5];
/** How unevenly requests may have arrived that were sent evenly: as little as explains what was seen. */
const jittersMs = [5, 20, 80];

/**
 * All token buckets, full at first, that would have taken what was taken and refused what was refused; null where
 * nothing was, or none would.
 */
function bucketsThatFit(trials: readonly Trial[]): Limits['bucket'] {
  if (!trials.some(({ outcome }) => isRefusal(outcome))) return null;
  const inOrder = trials.toSorted((a, b) => a.sentMs - b.sentMs);
  for (const jitterMs of jittersMs) {
    const fitting = bursts.flatMap(burst =>
      rates
        .filter(ratePerS => patiences.some(patience => fits(inOrder, { ratePerS, burst, patience, jitterMs })))
        .map(ratePerS => ({ ratePerS, burst })),
    );
    if (fitting.length > 0)
      return { ratePerS: rangeOf(fitting.map(each => each.ratePerS)), burst: rangeOf(fitting.map(each => each.burst)) };
  }
  return null;
}

function rangeOf(values: readonly number[]): Range {
  return [Math.min(...values), Math.max(...values)];
}

interface Hypothesis {
  readonly ratePerS: number;
  readonly burst: number;
  readonly patience: number;
  readonly jitterMs: number;
}

/** A bucket that leaves more than this share of the answers to jitter explains them by luck. */
const luckRatio = 0.1;

function fits(inOrder: readonly Trial[], { ratePerS, burst, patience, jitterMs }: Hypothesis): boolean {
  const needed = 1 - patience;
  let tokens = burst;
  let lastMs = inOrder[0]?.sentMs ?? 0;
  let lucky = 0;
  for (const { sentMs, outcome } of inOrder) {
    const after = (ms: number) => Math.min(burst, tokens + (ms / 1000) * ratePerS);
    const sinceMs = sentMs - lastMs;
    const mayRefuse = after(sinceMs - jitterMs) < needed;
    const mayTake = after(sinceMs + jitterMs) >= needed;
    const isRefused = isRefusal(outcome);
    if (isRefused ? !mayRefuse : !mayTake) return false;
    if (mayRefuse && mayTake && ++lucky > luckRatio * inOrder.length) return false;
    tokens = after(sinceMs) - (isRefused ? 0 : 1);
    lastMs = sentMs;
  }
  return true;
}
