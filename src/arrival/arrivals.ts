/**
 * When requests are due: endless schedules in milliseconds from 0, from a seed. Invariant: a due time depends on its
 * index and the seed alone, never on when the one before it was sent.
 */

import { seededRandom } from '../random.ts';
import type { OpenLoad } from '../scenario/expand.ts';

/** The due times of an open loop, in order, without end. */
export function arrivals(
  load: Pick<OpenLoad, 'arrivals' | 'ratePerS'>,
  ...seed: readonly (string | number)[]
): Generator<number> {
  switch (load.arrivals) {
    case 'constant':
      return constant(load.ratePerS);
    case 'poisson':
      return poisson(load.ratePerS, seed);
  }
}

/** Equal gaps; each due time is computed from its index, so that rounding never adds up to drift. */
function* constant(ratePerS: number): Generator<number> {
  for (let index = 0; ; index++) yield (index * 1000) / ratePerS;
}

/** Independent exponential gaps, the first of them before the first arrival: the memoryless process. */
function* poisson(ratePerS: number, seed: readonly (string | number)[]): Generator<number> {
  const random = seededRandom(...seed, 'arrivals');
  let dueMs = 0;
  for (;;) {
    dueMs += random.exponential(ratePerS / 1000);
    yield dueMs;
  }
}
