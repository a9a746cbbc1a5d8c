import { randomExponential, randomGamma, randomLogNormal, randomNormal } from 'd3-random';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Draws that depend on nothing but the names they were made from. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** A whole number, uniform in [low, high]. */
  integer(low: number, high: number): number;
  /** Exponential; its mean is 1 / rate. */
  exponential(rate: number): number;
  /** Gamma; its mean is shape × scale. */
  gamma(shape: number, scale: number): number;
  normal(mean: number, deviation: number): number;
  /** e to the power of a normal with this mean and deviation. */
  logNormal(mean: number, deviation: number): number;
}

/** Thirty-two bits of a name (FNV-1a, finished by Murmur3's mixer so that close names give far states). */
function hash(text: string, salt: number): number {
  let value = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) | 0;
}

/**
 * The stream of draws named by a seed and a path such as `(42, 'chat', 'prompt', 17)`: equal names give equal
 * streams, and no stream depends on how much another was used.
 */
export function seededRandom(...names: readonly (string | number)[]): Random {
  const name = names.join('\u0000');
  const generator = xoroshiro128plusFromState([hash(name, 1), hash(name, 2), hash(name, 3), hash(name, 4) | 1]);
  const uniform = () => uniformFloat64(generator);
  return {
    uniform,
    integer: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
    exponential: rate => randomExponential.source(uniform)(rate)(),
    gamma: (shape, scale) => randomGamma.source(uniform)(shape, scale)(),
    normal: (mean, deviation) => randomNormal.source(uniform)(mean, deviation)(),
    logNormal: (mean, deviation) => randomLogNormal.source(uniform)(mean, deviation)(),
  };
}

/** The same things in another order, each order equally likely (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
