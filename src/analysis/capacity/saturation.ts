/**
 * Whether a probe has no hope: even if nothing more went wrong it would miss its objective by far, and it gets worse.
 * Above what a service can serve, requests in flight and the time to the first token grow for as long as one measures:
 * what is measured there is the length of the probe and not the service.
 */
import { tProbability } from '../../stats/student-t.ts';

/** What the end of one request shows. */
export interface Sighting {
  readonly atMs: number;
  /** From when it was due to its first token, or its end where it had none; undefined for one that was refused, dropped or lost. */
  readonly waitedMs: number | undefined;
  /** Requests in flight at that time. */
  readonly inFlight: number;
}

/** So many times what an objective allows is missed by far. */
const far = 4;

/** A slope is that of the means of so many pieces; too few sightings tell nothing of one. */
const pieces = 8;
const fewestSightings = 5 * pieces;

/** How likely a slope is called one by chance, of a probe that is looked at dozens of times. */
const alpha = 0.001;

/**
 * The evidence that a probe of so many requests has no hope, in words; undefined where it has. A closed loop cannot grow:
 * there it is enough that it would miss by far.
 */
export function hopeless(
  sightings: readonly Sighting[],
  wrong: number,
  { requests, allowed, isClosed }: { readonly requests: number; readonly allowed: number; readonly isClosed: boolean },
): string | undefined {
  if (wrong < Math.min(0.9, far * allowed) * requests || sightings.length < fewestSightings) return undefined;
  const missed = `${Math.round(wrong)} of ${requests} requests were on the wrong side already`;
  if (isClosed) return missed;
  const inFlight = slopePerS(sightings.map(({ atMs, inFlight }) => [atMs, inFlight]));
  const waited = slopePerS(
    sightings.flatMap(({ atMs, waitedMs }) => (waitedMs === undefined ? [] : [[atMs, waitedMs]])),
  );
  if (inFlight === undefined || waited === undefined) return undefined;
  return `${missed}, requests in flight grew by ${inFlight.toFixed(1)} and waits by ${Math.round(waited)} ms a second`;
}

/** How fast a value grows, per second; undefined where it does not, by more than chance. */
function slopePerS(points: readonly (readonly [atMs: number, value: number])[]): number | undefined {
  if (points.length < fewestSightings) return undefined;
  const size = points.length / pieces;
  const means = Array.from({ length: pieces }, (_, i) => {
    const own = points.slice(Math.floor(i * size), Math.floor((i + 1) * size));
    return { x: meanOf(own.map(([atMs]) => atMs / 1000)), y: meanOf(own.map(([, value]) => value)) };
  });
  const [x0, y0] = [meanOf(means.map(({ x }) => x)), meanOf(means.map(({ y }) => y))];
  const spread = means.reduce((sum, { x }) => sum + (x - x0) ** 2, 0);
  const slope = means.reduce((sum, { x, y }) => sum + (x - x0) * (y - y0), 0) / spread;
  const rest = means.reduce((sum, { x, y }) => sum + (y - y0 - slope * (x - x0)) ** 2, 0);
  const t = slope / Math.sqrt(rest / (pieces - 2) / spread);
  return slope > 0 && 1 - tProbability(t, pieces - 2) < alpha ? slope : undefined;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
