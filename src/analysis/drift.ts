/**
 * Whether answers became slower or faster while they were measured, by more than noise. Successive answers are not
 * independent (they share queues and batches), so that what is compared are means over batches much longer than an
 * answer, of the first third of the window with those of the last (batch means: A. M. Law, Simulation Modeling and
 * Analysis, ch. 9; Welch's test between the thirds).
 */
import type { Course } from '../record/course.ts';
import { chanceOfRise, welchShift } from '../stats/mean-shift.ts';

export interface Drift {
  readonly metric: 'ttftMs' | 'tpotMs' | 'responseTimeMs';
  /** The mean over each third of the window. */
  readonly thirds: readonly [number, number, number];
}

/** A change below a tenth is none that matters, whatever its significance. */
const leastChange = 0.1;
/** A step looks at a few metrics of some dozens of cells, and should cry wolf in few of a hundred such runs. */
const alpha = 0.0005;
/** Batches a third: fewer tell too little; an answer must not reach from one far into the next but one. */
const [leastBatches, mostBatches] = [5, 10];
const answersABatch = 2;

/** What drifted over a window of so many ms; nothing where it is too short, for its answers, to say. */
export function drifts(course: Course, windowMs: number): Drift[] {
  const answerMs = weightedMean(course.responseTimeMs, course.counts);
  if (answerMs === undefined) return [];
  const batches = Math.min(mostBatches, Math.floor(windowMs / 3 / (answersABatch * answerMs)));
  if (batches < leastBatches) return [];
  const isStreamed = course.ttftMs.some(mean => mean !== null);
  const metrics = isStreamed ? (['ttftMs', 'tpotMs'] as const) : (['responseTimeMs'] as const);
  return metrics.flatMap(metric => driftOf(metric, course, windowMs, batches) ?? []);
}

function driftOf(metric: Drift['metric'], course: Course, windowMs: number, batches: number): Drift | undefined {
  const means = batchMeans(course[metric], course, windowMs / (3 * batches), 3 * batches);
  const thirds = [0, 1, 2].map(third =>
    means.slice(third * batches, (third + 1) * batches).flatMap(mean => mean ?? []),
  );
  const [first, middle, last] = thirds as [number[], number[], number[]];
  if (thirds.some(third => third.length < leastBatches)) return undefined;
  const shift = welchShift(first, last);
  if (shift === undefined) return undefined;
  const [from, to] = [plainMean(first), plainMean(last)];
  const chance = chanceOfRise({ ...shift, estimate: Math.abs(shift.estimate) });
  if (chance > alpha || Math.abs(to - from) <= leastChange * from) return undefined;
  return { metric, thirds: [from, plainMean(middle), to] };
}

/** The means of equally long batches, null for those without an answer. */
function batchMeans(
  means: readonly (number | null)[],
  { counts, binMs }: Course,
  batchMs: number,
  batches: number,
): (number | null)[] {
  const sums = Array.from({ length: batches }, () => ({ sum: 0, count: 0 }));
  means.forEach((mean, bin) => {
    const batch = sums[Math.floor(((bin + 0.5) * binMs) / batchMs)];
    const count = counts[bin] ?? 0;
    if (batch === undefined || mean === null) return;
    batch.sum += mean * count;
    batch.count += count;
  });
  return sums.map(({ sum, count }) => (count === 0 ? null : sum / count));
}

function weightedMean(means: readonly (number | null)[], counts: readonly number[]): number | undefined {
  const [batch] = batchMeans(means, { counts, binMs: 1 } as Course, means.length + 1, 1);
  return batch ?? undefined;
}

const plainMean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
