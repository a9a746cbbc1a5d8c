/** How far apart two sides lie, by a few values of each, with one-sided bounds by Student's t. */
import { mean, sampleVariance } from 'simple-statistics';
import { tProbability, tQuantile } from './student-t.ts';

/** An estimate of a mean or of a difference of two, with its standard error and the degrees of freedom behind that. */
export interface Shift {
  readonly estimate: number;
  readonly standardError: number;
  readonly df: number;
}

/** The mean of differences of pairs; undefined for fewer than two. */
export function pairedShift(differences: readonly number[]): Shift | undefined {
  const n = differences.length;
  if (n < 2) return undefined;
  return {
    estimate: mean([...differences]),
    standardError: Math.sqrt(sampleVariance([...differences]) / n),
    df: n - 1,
  };
}

/**
 * mean(b) − mean(a) of two samples with variances of their own (B. L. Welch, Biometrika 34, 1947), its degrees of
 * freedom by Satterthwaite; undefined where a side has fewer than two values.
 */
export function welchShift(a: readonly number[], b: readonly number[]): Shift | undefined {
  if (a.length < 2 || b.length < 2) return undefined;
  const [va, vb] = [sampleVariance([...a]) / a.length, sampleVariance([...b]) / b.length];
  const variance = va + vb;
  const df =
    variance === 0 ? a.length + b.length - 2 : variance ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
  return { estimate: mean([...b]) - mean([...a]), standardError: Math.sqrt(variance), df };
}

/**
 * mean(b) − mean(a) of two samples that vary alike (Student, Biometrika 6, 1908): exact for the fewest values, where
 * Welch's is too sure of itself far out in the tail; undefined where there are fewer than three in all, or none on a side.
 */
export function pooledShift(a: readonly number[], b: readonly number[]): Shift | undefined {
  const df = a.length + b.length - 2;
  if (a.length === 0 || b.length === 0 || df < 1) return undefined;
  const squares = (values: readonly number[]) =>
    values.length < 2 ? 0 : sampleVariance([...values]) * (values.length - 1);
  const variance = (squares(a) + squares(b)) / df;
  return {
    estimate: mean([...b]) - mean([...a]),
    standardError: Math.sqrt(variance * (1 / a.length + 1 / b.length)),
    df,
  };
}

/** The bound above which the true shift lies with probability 1 − alpha. */
export function lowerBound({ estimate, standardError, df }: Shift, alpha: number): number {
  return estimate - tQuantile(1 - alpha, df) * standardError;
}

/** The bound below which the true shift lies with probability 1 − alpha. */
export function upperBound({ estimate, standardError, df }: Shift, alpha: number): number {
  return estimate + tQuantile(1 - alpha, df) * standardError;
}

/** How likely an estimate at least this far above zero is where the true shift is zero: the one-sided p-value. */
export function chanceOfRise({ estimate, standardError, df }: Shift): number {
  if (standardError === 0) return estimate > 0 ? 0 : 1;
  return 1 - tProbability(estimate / standardError, df);
}

/**
 * The smallest true shift that a one-sided test at `alpha` finds with probability `power`, by the usual approximation
 * (t of 1 − alpha + t of power) × standard error.
 */
export function detectableShift({ standardError, df }: Omit<Shift, 'estimate'>, alpha: number, power: number): number {
  return (tQuantile(1 - alpha, df) + tQuantile(power, df)) * standardError;
}
