/** How long prompts and answers are: one length in tokens from a distribution and a seeded source of chance. */
import type { Random } from '../random.ts';
import type { Lengths } from '../scenario/workload.ts';

/**
 * A distribution by its quantiles, of which each knot is a level (0–1, the first 0, the last 1) and a length in
 * tokens. Between two knots the logarithm of the length is linear in the level: lengths spread over orders of magnitude.
 */
export type Quantiles = readonly (readonly [level: number, tokens: number])[];

/** One length in tokens. */
export function lengthOf(lengths: Lengths | Quantiles, random: Random): number {
  if (typeof lengths === 'number') return lengths;
  if (isQuantiles(lengths)) return quantileTokens(lengths, random.uniform());
  switch (lengths.kind) {
    case 'uniform':
      return random.integer(lengths.min, lengths.max);
    case 'normal':
      return clamped(random.normal(lengths.mean, lengths.deviation), lengths);
    case 'lognormal': {
      // The mean and deviation are those of the lengths; a log-normal is made from those of their logarithm.
      const variance = Math.log(1 + (lengths.deviation / lengths.mean) ** 2);
      return clamped(random.logNormal(Math.log(lengths.mean) - variance / 2, Math.sqrt(variance)), lengths);
    }
  }
}

/** The longest that comes of it. */
export function longestOf(lengths: Lengths | Quantiles): number {
  if (typeof lengths === 'number') return lengths;
  return isQuantiles(lengths) ? (lengths.at(-1)?.[1] ?? 0) : lengths.max;
}

/** The length at a level (0–1), in whole tokens. */
export function quantileTokens(quantiles: Quantiles, level: number): number {
  const upper = Math.max(
    1,
    quantiles.findIndex(([knot]) => knot >= level),
  );
  const [[fromLevel, from], [toLevel, to]] = [quantiles[upper - 1], quantiles[upper]] as [
    [number, number],
    [number, number],
  ];
  const share = (level - fromLevel) / (toLevel - fromLevel);
  return Math.round(Math.exp(Math.log(from) + (Math.log(to) - Math.log(from)) * share));
}

/** The share (0–1) of lengths that are longer than so many tokens. */
export function shareAbove(quantiles: Quantiles, tokens: number): number {
  const upper = quantiles.findIndex(([, knot]) => knot > tokens);
  if (upper < 0) return 0;
  if (upper === 0) return 1;
  const [[fromLevel, from], [toLevel, to]] = [quantiles[upper - 1], quantiles[upper]] as [
    [number, number],
    [number, number],
  ];
  return 1 - (fromLevel + (toLevel - fromLevel) * (Math.log(tokens / from) / Math.log(to / from)));
}

function isQuantiles(lengths: Exclude<Lengths, number> | Quantiles): lengths is Quantiles {
  return Array.isArray(lengths);
}

function clamped(length: number, { min, max }: { min: number; max: number }): number {
  return Math.min(Math.max(Math.round(length), min), max);
}
