import { formatChange, missing } from '../../units.ts';
import { boundsOf, type Change, estimateOf } from './change.ts';
import { alphas, type Finding } from './decide.ts';
import type { Subject } from './subjects.ts';

type Named = Pick<Subject, 'better' | 'kind' | 'allowance'>;

/** A rise as a change of the number itself: `+24.8 %`, `−12.1 %` where higher is better, `+1.20 points` of a ratio. */
export function changeText({ better, kind }: Pick<Named, 'better' | 'kind'>, rise: number): string {
  if (!Number.isFinite(rise)) return 'unbounded';
  const turned = better === 'lower' ? rise : -rise;
  if (kind === 'points') return `${formatChange(turned).replace(/ %$/, '')} points`;
  return formatChange(Math.expm1(turned));
}

/** Both bounds of a change of the number itself, the lower one first. */
export function boundsText(subject: Named, change: Change, alpha: number): string {
  const { low, high } = boundsOf(change, alpha);
  const ends = subject.better === 'lower' ? [low, high] : [high, low];
  return ends.map(end => (Number.isFinite(end) ? changeText(subject, end) : 'unknown')).join(' to ');
}

/** How far it may go: `+10.0 %`, `−10.0 %`, `+1.00 points`. */
export function allowanceText({ better, kind, allowance }: Named): string {
  const sign = better === 'lower' ? 1 : -1;
  const text = formatChange(sign * allowance);
  return kind === 'points' ? `${text.replace(/ %$/, '')} points` : text;
}

/** The estimate, or `~` where it cannot be told from no change at all. */
export function estimateText(subject: Named, change: Change, alpha: number): string {
  const { low, high } = boundsOf(change, alpha);
  const estimate = estimateOf(change);
  if (!Number.isFinite(estimate)) return missing;
  return low <= 0 && high >= 0 ? '~' : changeText(subject, estimate);
}

/** How sure a bound is that is wrong so often: `95 %`. */
export function sureness(alpha: number): string {
  return `${Number((100 * (1 - alpha)).toFixed(1))} %`;
}

/** What was found of one number, in a sentence: how much, between which bounds, and what is allowed. */
export function inWords(subject: Named, finding: Finding, confirmation: Finding | undefined): string {
  const { change, alpha } = finding;
  const told = `${changeText(subject, estimateOf(change))} (${sureness(alpha)} bounds ${boundsText(subject, change, alpha)}), where ${allowanceText(subject)} is allowed`;
  if (confirmation === undefined) return told;
  const fresh = `${changeText(subject, estimateOf(confirmation.change))} (${sureness(alphas.confirmation)} bounds ${boundsText(subject, confirmation.change, alphas.confirmation)})`;
  return confirmation.verdict === 'regressed'
    ? `${told}; confirmed by fresh pairs: ${fresh}`
    : `${told}; not confirmed by fresh pairs: ${fresh}`;
}
