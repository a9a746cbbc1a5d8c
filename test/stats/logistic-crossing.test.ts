import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/random.ts';
import { type CountsAtLoad, crossingOf } from '../../src/stats/logistic-crossing.ts';

const share = 0.05;
const level = Math.log(share / (1 - share));

/** Pieces of 60 requests at a load whose share crosses 5 % at 10, in clusters of so many that go wrong together. */
function countsAt(load: number, pieces: number, random: Random, steepness = 8, cluster = 1): CountsAtLoad {
  const wrong = 1 / (1 + Math.exp(-level - steepness * Math.log(load / 10)));
  const piece = () => {
    let count = 0;
    for (let i = 0; i < 60 / cluster; i++) if (random.uniform() < wrong) count += cluster;
    return [60, count] as const;
  };
  return { load, batches: Array.from({ length: pieces }, piece) };
}

const loads = [8, 9, 9.5, 10.5, 11, 12];

describe('the crossing of a share', () => {
  it('is found where it is, from shares as they are', () => {
    const exact = loads.map(load => {
      const wrong = 1 / (1 + Math.exp(-level - 8 * Math.log(load / 10)));
      return { load, batches: Array.from({ length: 100 }, () => [600, 600 * wrong] as const) };
    });
    const { estimate, low, high, steepness, dispersion } = crossingOf(exact, share, 0.9);
    expect(estimate).toBeCloseTo(10, 2);
    expect(steepness).toBeCloseTo(8, 1);
    expect(dispersion).toBe(1);
    expect(low).toBeGreaterThan(9.8);
    expect(high).toBeLessThan(10.2);
  });

  it.each([
    ['independent', 8, 1],
    ['clustered', 8, 6],
    ['gently rising', 3, 1],
  ])('lies in its interval about as often as it should: %s counts', (_, steepness, cluster) => {
    const runs = Array.from({ length: 200 }, (_, run) => {
      const random = seededRandom('crossing', steepness, cluster, run);
      const counts = loads.map(load => countsAt(load, 10, random, steepness, cluster));
      return crossingOf(counts, share, 0.9);
    });
    const covered = runs.filter(({ low, high }) => low <= 10 && 10 <= high).length;
    expect(covered).toBeGreaterThanOrEqual(172); // less would be below 90 % with 95 % confidence
    expect(covered).toBeLessThan(200);
    const width = runs.reduce((sum, { low, high }) => sum + Math.log(high / low), 0) / runs.length;
    expect(width).toBeLessThan(steepness === 3 ? 0.5 : 0.3);
  });

  it('shows how much more clustered counts vary', () => {
    const counts = loads.map(load => countsAt(load, 40, seededRandom('clusters', load), 8, 6));
    expect(crossingOf(counts, share, 0.9).dispersion).toBeGreaterThan(3);
    expect(crossingOf(counts, share, 0.9).dispersion).toBeLessThan(10);
  });

  it('has an end on either side where nothing failed below and everything above', () => {
    const counts = [
      { load: 8, batches: [[300, 0]] },
      { load: 10, batches: [[300, 300]] },
    ] as const;
    const { low, estimate, high } = crossingOf(counts, share, 0.9);
    expect(estimate).toBeGreaterThan(7.5);
    expect(estimate).toBeLessThan(10);
    expect(low).toBeGreaterThan(3);
    expect(high).toBeLessThan(14);
  });

  it.each([
    ['one load that held', [{ load: 4, batches: [[100, 0]] }]],
    ['one load that failed', [{ load: 4, batches: [[100, 100]] }]],
    [
      'loads worlds apart',
      [
        { load: 1, batches: [[100, 0]] },
        { load: 1000, batches: [[100, 100]] },
      ],
    ],
  ] as const)('is a number all the same with %s', (_, counts) => {
    const crossing = crossingOf(counts, share, 0.9);
    for (const value of Object.values(crossing)) expect(value).toBeGreaterThan(0);
    expect(crossing.low).toBeLessThanOrEqual(crossing.estimate);
    expect(crossing.high).toBeGreaterThanOrEqual(crossing.estimate);
  });
});
