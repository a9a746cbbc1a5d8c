import { type Random, seededRandom } from '../random.ts';

/** How a router chooses among the engines of a model. */
export const routings = ['round-robin', 'least-in-flight', 'random', 'power-of-two'] as const;
export type Routing = (typeof routings)[number];

/**
 * Chooses among engines, of which `inFlight` says how busy each is at that moment: in turn; the one with the fewest
 * requests, in turn among equals; any; or the less busy of two at random (Mitzenmacher, IEEE TPDS 12, 2001).
 */
export function router(routing: Routing, engines: number, seed = 0): (inFlight: (engine: number) => number) => number {
  const random = seededRandom(seed, 'router');
  let turn = -1;
  switch (routing) {
    case 'round-robin':
      return () => {
        turn = (turn + 1) % engines;
        return turn;
      };
    case 'least-in-flight':
      return inFlight => {
        turn = leastBusy(engines, turn + 1, inFlight);
        return turn;
      };
    case 'random':
      return () => random.integer(0, engines - 1);
    case 'power-of-two':
      return inFlight => {
        const [one, other] = twoOf(engines, random);
        return inFlight(other) < inFlight(one) ? other : one;
      };
  }
}

/** The first of the least busy ones from `from` on, round the end. */
function leastBusy(engines: number, from: number, inFlight: (engine: number) => number): number {
  let [best, fewest] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < engines; i++) {
    const engine = (from + i) % engines;
    const busy = inFlight(engine);
    if (busy < fewest) [best, fewest] = [engine, busy];
  }
  return best;
}

/** Two different engines, where there are two. */
function twoOf(engines: number, random: Random): [number, number] {
  const one = random.integer(0, engines - 1);
  return engines === 1 ? [one, one] : [one, (one + random.integer(1, engines - 1)) % engines];
}
