/** How far a point of a curve must fall behind before the one before it is a knee: Kneedle's S, as its authors advise. */
const sensitivity = 1;
/** Of fewer points a knee is an accident of where they lie. */
const fewestKneePoints = 8;

/**
 * Where a curve that rises ever less bends the most: the x of its first knee, undefined where there is none or too few
 * points (Kneedle: V. Satopää et al., Finding a "Kneedle" in a Haystack, ICDCSW 2011). It depends on where a curve was
 * measured and ends, and is a remark, not a capacity.
 */
export function kneeOf(points: readonly (readonly [x: number, y: number])[]): number | undefined {
  const sorted = [...points].sort(([a], [b]) => a - b);
  if (sorted.length < fewestKneePoints) return undefined;
  const xs = normalised(sorted.map(([x]) => x));
  const ys = normalised(sorted.map(([, y]) => y));
  if (xs === undefined || ys === undefined) return undefined;
  const above = ys.map((y, i) => y - (xs[i] as number));
  const meanStep = 1 / (xs.length - 1);
  for (const i of peaks(above)) {
    const threshold = (above[i] as number) - sensitivity * meanStep;
    for (let j = i + 1; j < above.length; j++) {
      if ((above[j] as number) < threshold) return sorted[i]?.[0];
      // A higher one begins anew.
      if ((above[j] as number) > (above[i] as number)) break;
    }
  }
  return undefined;
}

/** From 0 to 1; undefined where all are the same. */
function normalised(values: readonly number[]): number[] | undefined {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return most > least ? values.map(value => (value - least) / (most - least)) : undefined;
}

/** The places that are no lower than the one before and higher than the one after. */
function peaks(values: readonly number[]): number[] {
  return values.flatMap((value, i) => {
    const [before, after] = [values[i - 1], values[i + 1]];
    return before !== undefined && after !== undefined && value >= before && value > after ? [i] : [];
  });
}
