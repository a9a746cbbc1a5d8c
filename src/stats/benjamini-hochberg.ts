/**
 * The p-values of a family of tests, each adjusted so that of all that are at or below alpha at most the share alpha is
 * expected to be a false alarm (Y. Benjamini and Y. Hochberg, JRSS B 57, 1995); in the order given. Where nothing at all
 * differs, any alarm is as rare as alpha.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => (pValues[j] as number) - (pValues[i] as number));
  const adjusted = new Array<number>(pValues.length);
  let least = 1;
  order.forEach((index, place) => {
    least = Math.min(least, ((pValues[index] as number) * pValues.length) / (pValues.length - place));
    adjusted[index] = least;
  });
  return adjusted;
}
