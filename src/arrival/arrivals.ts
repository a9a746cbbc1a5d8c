/**
 * When requests are due: schedules in milliseconds from 0, from a seed. Invariant: a due time depends on its index and
 * the seed alone, never on when the one before it was sent.
 *
 * A law gives counts with a mean gap of 1, and a count of n is due when the integral of the rate reaches n: at n / rate
 * where the rate is steady. Over a ramp a constant law keeps equal spaces in that integral, and a Poisson one becomes
 * the Poisson process whose rate is that of the moment (time rescaling: Brown et al., Neural Computation 14, 2002).
 */
import { type Random, seededRandom } from '../random.ts';
import type { Law, Replay } from '../scenario/load.ts';
import type { TokenLengths, Trace } from '../scenario/trace.ts';
import { rampTime } from './ramp.ts';

/** One request that falls due, with its lengths where a trace says them. */
export interface Arrival extends TokenLengths {
  readonly dueMs: number;
}

type Seed = readonly (string | number)[];

/** The arrivals of a law, in order, without end. */
export function* arrivals(law: Law, ...seed: Seed): Generator<Arrival> {
  const timeMs = law.ramp === undefined ? (count: number) => (count * 1000) / law.ratePerS : rampTime(law.ramp);
  for (const count of counts(law, seededRandom(...seed, 'arrivals'))) yield { dueMs: timeMs(count) };
}

function counts(law: Law, random: Random): Generator<number> {
  switch (law.arrivals) {
    case 'constant':
      return bursts(1);
    case 'burst':
      return bursts(law.burstSize);
    case 'poisson':
      return renewals(() => random.exponential(1));
    case 'gamma': {
      // A gamma of shape k and scale θ has mean kθ and coefficient of variation 1/√k.
      const shape = 1 / law.cv ** 2;
      return renewals(() => random.gamma(shape, 1 / shape));
    }
  }
}

/** So many at once, and again when as many more are due; computed from the index, so that rounding never adds up. */
function* bursts(size: number): Generator<number> {
  for (let index = 0; ; index++) yield index - (index % size);
}

/** Independent gaps of mean 1, the first of them before the first arrival. */
function* renewals(gap: () => number): Generator<number> {
  for (let count = gap(); ; count += gap()) yield count;
}

/** The arrivals of a trace, from its first on: every gap as it was, times `timeScale`. */
export function* replay(trace: Trace, timeScale: number): Generator<Arrival> {
  const firstMs = trace[0]?.dueMs ?? 0;
  for (const entry of trace) yield { ...entry, dueMs: (entry.dueMs - firstMs) * timeScale };
}

/** What warms up for a schedule: a trace by a Poisson process of its mean rate, a ramp by its law at the rate it begins with. */
export function warmupLaw(schedule: Law | Replay): Law {
  if (schedule.arrivals === 'trace') return { arrivals: 'poisson', ratePerS: schedule.ratePerS };
  const { ramp, ...steady } = schedule;
  return ramp === undefined ? steady : { ...steady, ratePerS: ramp.fromPerS };
}
