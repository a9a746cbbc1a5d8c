import { describe, expect, it } from 'vitest';
import { hopeless, type Sighting } from '../../../src/analysis/capacity/saturation.ts';
import { seededRandom } from '../../../src/random.ts';

const asked = { requests: 600, allowed: 0.05, isClosed: false };

/** So many requests that ended one after another every tenth of a second. */
function sightings(count: number, waitedMs: (i: number) => number, inFlight: (i: number) => number): Sighting[] {
  const random = seededRandom('sightings', count);
  return Array.from({ length: count }, (_, i) => ({
    atMs: 100 * i,
    waitedMs: waitedMs(i) * random.logNormal(0, 0.3),
    inFlight: inFlight(i) + random.integer(-2, 2),
  }));
}

const growing = sightings(
  200,
  i => 100 + 20 * i,
  i => 5 + 0.3 * i,
);
const steady = sightings(
  200,
  () => 3_000,
  () => 40,
);

describe('a probe has no hope', () => {
  it('where it would miss by far and its line grows, with the evidence', () => {
    expect(hopeless(growing, 120, asked)).toMatch(
      /^120 of 600 requests were on the wrong side already, requests in flight grew by [23]\.\d and waits by (1[5-9]\d|2[0-4]\d) ms a second$/,
    );
  });

  it.each([
    ['it may still come off lightly', growing, 119],
    ['nothing grows', steady, 200],
    ['too little was seen', growing.slice(0, 39), 120],
    ['its line has grown by chance', steady.slice(0, 60), 200],
  ])('but not where %s', (_, seen, wrong) => {
    expect(hopeless(seen, wrong, asked)).toBeUndefined();
  });

  it('in a closed loop, which cannot grow, where it would miss by far', () => {
    expect(hopeless(steady, 120, { ...asked, isClosed: true })).toMatch(/^120 of 600/);
    expect(hopeless(steady, 119, { ...asked, isClosed: true })).toBeUndefined();
  });
});
