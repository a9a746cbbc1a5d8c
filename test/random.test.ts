import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../src/random.ts';

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.uniform());

/** Mean and standard deviation of many draws. */
function moments(count: number, draw: () => number): { mean: number; deviation: number } {
  const values = Array.from({ length: count }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) };
}

describe('seededRandom', () => {
  it('gives the same stream for the same names', () => {
    expect(draws(seededRandom(42, 'chat', 17), 100)).toEqual(draws(seededRandom(42, 'chat', 17), 100));
  });

  it('gives another stream for any other name, however close', () => {
    const firsts = new Set<number>();
    for (const seed of [0, 1, 42, 43]) {
      for (const name of ['chat', 'chau', 'chat ', '']) {
        for (let index = 0; index < 1000; index++) firsts.add(seededRandom(seed, name, index).uniform());
      }
    }
    expect(firsts.size).toBe(4 * 4 * 1000);
  });

  it('keeps the parts of a name apart', () => {
    const first = (...names: (string | number)[]) => seededRandom(...names).uniform();
    expect(first('a', 'bc')).not.toBe(first('ab', 'c'));
    expect(first(1, 23)).not.toBe(first(12, 3));
    expect(first('a')).not.toBe(first('a', ''));
  });

  it('does not depend on how much another stream was used', () => {
    const one = seededRandom(1);
    const other = seededRandom(2);
    draws(other, 57);
    expect(draws(one, 10)).toEqual(draws(seededRandom(1), 10));
  });

  it('spreads the first draws of numbered streams evenly', () => {
    const buckets = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index++) {
      const bucket = Math.floor(seededRandom(42, 'request', index).uniform() * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    // Each count is binomial with a deviation of 30.
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('draws uniform numbers in [0, 1) with mean 1/2 and the deviation of the uniform law', () => {
    const random = seededRandom('uniform');
    const values = draws(random, 20_000);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const { mean, deviation } = moments(20_000, () => random.uniform());
    expect(mean).toBeCloseTo(0.5, 1);
    expect(Math.abs(deviation - Math.sqrt(1 / 12))).toBeLessThan(0.01);
  });

  it('draws whole numbers within both bounds, each as often', () => {
    const random = seededRandom('integer');
    const counts = new Map<number, number>();
    for (let i = 0; i < 6000; i++) {
      const value = random.integer(-2, 3);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    // Binomial with a deviation of 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(random.integer(7, 7)).toBe(7);
  });

  it('draws from each law with the mean and deviation it was given', () => {
    const random = seededRandom('laws');
    const count = 20_000;
    const near = (measured: number, expected: number) =>
      expect(Math.abs(measured - expected) / expected).toBeLessThan(0.05);
    const exponential = moments(count, () => random.exponential(0.25));
    near(exponential.mean, 4);
    near(exponential.deviation, 4);
    const gamma = moments(count, () => random.gamma(4, 2));
    near(gamma.mean, 8);
    near(gamma.deviation, 4);
    const normal = moments(count, () => random.normal(10, 3));
    near(normal.mean, 10);
    near(normal.deviation, 3);
    const logarithms = moments(count, () => Math.log(random.logNormal(2, 0.5)));
    near(logarithms.mean, 2);
    near(logarithms.deviation, 0.5);
  });
});
