/** Between the steps of a curve: where a criterion is crossed, and what an endpoint gives at a load that lies there. */
import type { Criterion } from './criterion.ts';
import type { Curve, CurvePoint } from './curve.ts';
import type { Figure } from './figure.ts';

/** An endpoint at one load. */
export interface Operating {
  /** Requests in flight of a closed loop, due per second of an open one; null where none is known to hold. */
  readonly load: Figure | null;
  /** Requests answered per second there. */
  readonly perS: Figure | null;
  /** Mean; null: not known. */
  readonly responseTimeMs: number | null;
}

/** An endpoint at a load that was measured, or lies between such. */
export function operatingAt(
  curve: Curve,
  load: Omit<Figure, 'provenance'>,
  provenance: Figure['provenance'],
): Operating {
  const origin = { provenance, ...(curve.simulated ? { simulation: 'uncalibrated' as const } : {}) };
  const perS = (at: number) => (curve.kind === 'open' ? at : along(curve.points, at, ({ perS }) => perS));
  const value = perS(load.value);
  const ends = [load.low, load.high].map(end => (end === null ? null : perS(end)));
  // More in flight may give less: the interval is that of the rates, not the rates of the interval.
  const known = [value, ...ends].flatMap(each => each ?? []);
  return {
    load: { ...load, ...origin },
    perS:
      value === null
        ? null
        : {
            value,
            low: load.low === null ? null : Math.min(...known),
            high: load.high === null ? null : Math.max(...known),
            ...origin,
          },
    responseTimeMs: along(curve.points, load.value, ({ responseTimeMs }) => responseTimeMs),
  };
}

/** A number between the steps of a curve, in a straight line; that of the nearest step beyond its ends; null where a step has none. */
function along(points: readonly CurvePoint[], load: number, of: (point: CurvePoint) => number | null): number | null {
  const after = points.findIndex(point => point.load >= load);
  const [a, b] = after === -1 ? [points.at(-1), points.at(-1)] : [points[Math.max(0, after - 1)], points[after]];
  if (a === undefined || b === undefined) return null;
  const [from, to] = [of(a), of(b)];
  if (b.load <= load || a === b) return to;
  if (load <= a.load) return from;
  return from === null || to === null ? null : from + ((to - from) * (load - a.load)) / (b.load - a.load);
}

/** The load at which a criterion is crossed. Times bend upwards with load, and a straight line lies above what bends so: it is crossed too soon rather than too late. */
export function crossingOf(points: readonly CurvePoint[], { read, bound, better }: Criterion): number {
  const isBeyond = (value: number) => (better === 'lower' ? value > bound : value < bound);
  const known = points.flatMap(point => {
    const value = read(point);
    return value === null ? [] : [{ load: point.load, value }];
  });
  const after = known.findIndex(({ value }) => isBeyond(value));
  const [a, b] = [known[after - 1], known[after]];
  if (a === undefined || b === undefined) return points[0]?.load ?? 0;
  return a.load + ((b.load - a.load) * (bound - a.value)) / (b.value - a.value);
}
