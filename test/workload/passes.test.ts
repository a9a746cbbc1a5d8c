import { describe, expect, it } from 'vitest';
import { inPasses } from '../../src/workload/passes.ts';

const count = 50;
const pass = (placeOf: ReturnType<typeof inPasses>, names: readonly (string | number)[], from = 0) =>
  Array.from({ length: count }, (_, index) => placeOf([...names, from + index]));
const all = Array.from({ length: count }, (_, place) => place);

describe('inPasses', () => {
  it('gives each place once before any comes again, and then in another order', () => {
    const placeOf = inPasses(count, 42, 'chat');
    const [first, second] = [pass(placeOf, [0, 1, 'measured']), pass(placeOf, [0, 1, 'measured'], count)];
    expect(first.toSorted((a, b) => a - b)).toEqual(all);
    expect(second.toSorted((a, b) => a - b)).toEqual(all);
    expect(first).not.toEqual(all);
    expect(second).not.toEqual(first);
  });

  it('depends on seed and names alone, whoever asks and in whatever order', () => {
    const forwards = pass(inPasses(count, 42, 'chat'), [1, 1, 'measured']);
    const placeOf = inPasses(count, 42, 'chat');
    // More orders in turn than are kept at a time.
    const backwards = all
      .toReversed()
      .map(index => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(step => placeOf([step, 1, 'measured', index]))[1]);
    expect(backwards.toReversed()).toEqual(forwards);
    expect(pass(inPasses(count, 43, 'chat'), [1, 1, 'measured'])).not.toEqual(forwards);
    expect(pass(inPasses(count, 42, 'chat'), [1, 1, 'warmup'])).not.toEqual(forwards);
  });
});
