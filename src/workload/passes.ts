import { seededRandom, shuffled } from '../random.ts';

/** How many orders are kept: of the warm-up and the measured part, and of those that endpoints driven at once are in. */
const mostKept = 8;

/**
 * Goes through so many things again and again, each time in another order, which the seed decides: none comes twice
 * before all have come. Gives the place of one from names whose last is its number, from 0.
 */
export function inPasses(count: number, ...seed: readonly (string | number)[]) {
  if (count === 1) return () => 0;
  const places = Array.from({ length: count }, (_, place) => place);
  const orders = new Map<string, readonly number[]>();
  return (names: readonly (string | number)[]): number => {
    const index = Number(names.at(-1));
    const pass = [...names.slice(0, -1), Math.floor(index / count)];
    const key = pass.join(' ');
    const known = orders.get(key);
    const order = known ?? shuffled(places, seededRandom(...seed, 'passes', ...pass));
    if (known === undefined && orders.size === mostKept) orders.clear();
    orders.set(key, order);
    return order[index % count] as number;
  };
}
