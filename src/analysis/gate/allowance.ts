/**
 * How much a gate must allow so that it passes where nothing changed, by what pairs of runs of one and the same
 * service differ.
 */
import { tQuantile } from '../../stats/student-t.ts';
import { alphas } from './decide.ts';

/** How often a gate over unchanged services is to pass. */
const passWanted = 0.95;

/** How far the two runs of a pair lie apart where they should not, as the log of a factor. */
export interface Noise {
  readonly deviation: number;
  readonly pairs: number;
}

/** The noise of pairs of which the true difference is known to be zero: the root of their mean square. */
export function noiseOf(differences: readonly number[]): Noise {
  const squares = differences.reduce((sum, difference) => sum + difference * difference, 0);
  return { deviation: Math.sqrt(squares / differences.length), pairs: differences.length };
}

/**
 * The smallest allowance, as the log of a factor, at which a number of `numbers` passes the second look, over twice the
 * planned pairs, so often that all of them do in 95 % of the gates. Between the true change of zero and the allowance
 * there must be room for the bound's t, and for what the estimate, its own deviation and the noise itself are off by:
 * (mean + t s)/√n below the allowance, with the variances of mean, s and noise added up (delta method).
 */
export function neededAllowance({ deviation, pairs }: Noise, numbers: number, planned: number): number {
  const n = 2 * planned;
  const t = tQuantile(1 - alphas.second, n - 1);
  const z = tQuantile(passWanted ** (1 / numbers), 1e6);
  let room = t + z;
  for (let i = 0; i < 30; i++) room = t + z * Math.sqrt(1 + (t * t) / (2 * (n - 1)) + (room * room) / (2 * pairs));
  return (room * deviation) / Math.sqrt(n);
}

/** An allowance of the policy for a log of a factor: the share by which the number itself may rise, or fall. */
export function shareOf(rise: number, better: 'lower' | 'higher'): number {
  return better === 'lower' ? Math.expm1(rise) : -Math.expm1(-rise);
}
