/**
 * The rule of the gate, over pairs of runs: look once, extend once, confirm an alarm by fresh pairs. Everything in it
 * was settled before the first run, so it may be asked again after every pair and never changes its mind.
 *
 * REGRESSED: surely above one (Holm over the gating numbers) and by its estimate beyond the allowance. PASSED: every
 * number surely below its allowance, each tested by itself, for all of them must pass.
 */
import { holm } from '../../stats/holm.ts';
import { boundsOf, type Change, chanceOf, detectable, estimateOf } from './change.ts';

/** How often each look may be wrong. Two looks share 5 %; most of it is kept for the one with more to go by. */
export const alphas = {
  /** After the pairs that were planned, and again after as many more. */
  first: 0.01,
  second: 0.04,
  /** Where there is one look only. */
  single: 0.05,
  /** At the fresh pairs, for each number that gave the alarm: one false alarm in ten would pass. */
  confirmation: 0.1,
} as const;

/** What one look says of one number. */
export interface Finding {
  readonly change: Change;
  /** How often each bound of it may be wrong. */
  readonly alpha: number;
  /** The p-value adjusted for the whole family. */
  readonly adjusted: number;
  readonly verdict: Verdict;
  /** The smallest rise that would be called a regression four times in five. */
  readonly detectable: number | undefined;
}

export type Verdict = 'regressed' | 'passed' | 'inconclusive';

/** One look at every gating number; `limits` are the rises allowed, in the terms of the changes. */
export function look(changes: readonly Change[], limits: readonly number[], alpha: number): Finding[] {
  const adjusted = holm(changes.map(chanceOf));
  return changes.map((change, i) => {
    const limit = limits[i] as number;
    const isBeyond = (adjusted[i] as number) <= alpha && estimateOf(change) >= limit;
    const isBelow = boundsOf(change, alpha).high < limit;
    return {
      change,
      alpha,
      adjusted: adjusted[i] as number,
      verdict: isBeyond ? 'regressed' : isBelow ? 'passed' : 'inconclusive',
      detectable: detectableRise(change, limit, alpha / changes.length),
    };
  });
}

/** To be called a regression a rise must be told from none, and its estimate must reach the limit. */
function detectableRise(change: Change, limit: number, alpha: number): number | undefined {
  const [rise, spread] = [detectable(change, alpha), detectable(change, 0.5)];
  return rise === undefined || spread === undefined ? undefined : Math.max(rise, limit + spread);
}

export interface Decision {
  /** `more`: pairs are still wanted. */
  readonly verdict: Verdict | 'more';
  /** How many pairs there must be to go on; those there are where it is settled. */
  readonly pairs: number;
  /** What the last look said of each number, and at which alpha. */
  readonly findings: readonly Finding[];
  readonly alpha: number;
  /** What fresh pairs said of an alarm: for each number, undefined where it gave none. */
  readonly confirmation?: readonly (Finding | undefined)[];
}

/** What `pairs` pairs say, of which `planned` were meant to be enough. `changesOf` gives the changes over some of them. */
export function decide(
  { planned, pairs, limits }: { planned: number; pairs: number; limits: readonly number[] },
  changesOf: (from: number, to: number) => readonly Change[],
): Decision {
  for (const [looked, alpha] of [
    [planned, alphas.first],
    [2 * planned, alphas.second],
  ] as const) {
    if (pairs < looked) return { verdict: 'more', pairs: looked, findings: [], alpha };
    const findings = look(changesOf(0, looked), limits, alpha);
    if (findings.some(({ verdict }) => verdict === 'regressed')) {
      return confirm({ findings, alpha, looked, planned, pairs }, changesOf);
    }
    if (findings.every(({ verdict }) => verdict === 'passed'))
      return { verdict: 'passed', pairs: looked, findings, alpha };
    if (looked > planned) return { verdict: 'inconclusive', pairs: looked, findings, alpha };
  }
  throw new RangeError('a gate looks twice');
}

interface Alarm {
  readonly findings: readonly Finding[];
  readonly alpha: number;
  readonly looked: number;
  readonly planned: number;
  readonly pairs: number;
}

/** An alarm is red only once as many fresh pairs as were planned show a rise again, by themselves. */
function confirm(
  { findings, alpha, looked, planned, pairs }: Alarm,
  changesOf: (from: number, to: number) => readonly Change[],
): Decision {
  const wanted = looked + planned;
  if (pairs < wanted) return { verdict: 'more', pairs: wanted, findings, alpha };
  const fresh = changesOf(looked, wanted);
  const confirmation = findings.map(({ verdict }, i) => {
    if (verdict !== 'regressed') return undefined;
    const [finding] = look([fresh[i] as Change], [0], alphas.confirmation);
    return finding;
  });
  const isConfirmed = confirmation.some(finding => finding?.verdict === 'regressed');
  return { verdict: isConfirmed ? 'regressed' : 'inconclusive', pairs: wanted, findings, alpha, confirmation };
}
