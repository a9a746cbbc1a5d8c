import type { GpuDevice, GpuSample, ThrottleReason } from './gpu-sample.ts';

/** What of a sample is followed over time. */
const fields = [
  'utilisationRatio',
  'memoryUtilisationRatio',
  'memoryUsedBytes',
  'powerWatts',
  'temperatureCelsius',
  'smClockMHz',
  'smActiveRatio',
  'dramActiveRatio',
] as const;
export type TrackedField = (typeof fields)[number];

/** One value over a window: the area under it in value × ms, over how much of the window it is known, and its bounds. */
export interface Course {
  area: number;
  knownMs: number;
  min: number;
  max: number;
}

/** One GPU as one source shows it, over a window that may still be open. */
export class GpuTrack {
  readonly source: string;
  readonly simulated: boolean;
  device: GpuDevice;
  samples = 0;
  memoryTotalBytes: number | undefined;
  powerLimitWatts: number | undefined;
  /** Joules by a counter of the source's own, over how many ms. */
  readonly counted = { joules: 0, knownMs: 0 };
  readonly throttledMs = new Map<ThrottleReason, number>();
  throttleKnownMs = 0;
  coveredMs = 0;
  readonly courses = Object.fromEntries(
    fields.map(field => [field, { area: 0, knownMs: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }]),
  ) as Readonly<Record<TrackedField, Course>>;
  #last: GpuSample | undefined;
  readonly #gapMs: number;

  /** Samples further apart than `gapMs` have a gap between them, of which nothing is known. */
  constructor({ source, simulated, device }: GpuSample, gapMs: number) {
    this.source = source;
    this.simulated = simulated;
    this.device = device;
    this.#gapMs = gapMs;
  }

  /** Takes in the next sample; what lies between it and the last counts as far as it is in the window. */
  add(sample: GpuSample, fromMs: number, toMs: number): void {
    const last = this.#last;
    this.#last = sample;
    this.device = sample.device;
    this.memoryTotalBytes = sample.memoryTotalBytes ?? this.memoryTotalBytes;
    this.powerLimitWatts = sample.powerLimitWatts ?? this.powerLimitWatts;
    if (last !== undefined && sample.atMs - last.atMs <= this.#gapMs) this.#between(last, sample, fromMs, toMs);
    if (sample.atMs < fromMs || sample.atMs > toMs) return;
    this.samples++;
    for (const field of fields) {
      const value = sample[field];
      if (value === undefined) continue;
      const course = this.courses[field];
      course.min = Math.min(course.min, value);
      course.max = Math.max(course.max, value);
    }
  }

  /** The window ends: what was last shown is taken to hold until then, unless that is too long ago. */
  end(fromMs: number, toMs: number): void {
    const last = this.#last;
    if (last === undefined || last.atMs >= toMs || toMs - last.atMs > this.#gapMs) return;
    const { energyCounterJoules: _, ...held } = last;
    this.#between(last, { ...held, atMs: toMs }, fromMs, toMs);
  }

  /** The trapezium under each value between two samples, as far as it is in the window. */
  #between(a: GpuSample, b: GpuSample, fromMs: number, toMs: number): void {
    const [startMs, endMs] = [Math.max(a.atMs, fromMs), Math.min(b.atMs, toMs)];
    const spanMs = endMs - startMs;
    if (spanMs <= 0) return;
    this.coveredMs += spanMs;
    const middle = ((startMs + endMs) / 2 - a.atMs) / (b.atMs - a.atMs);
    for (const field of fields) {
      const [before, after] = [a[field], b[field]];
      if (before === undefined || after === undefined) continue;
      const course = this.courses[field];
      course.area += (before + (after - before) * middle) * spanMs;
      course.knownMs += spanMs;
    }
    if (a.throttled !== undefined) {
      this.throttleKnownMs += spanMs;
      for (const reason of a.throttled) this.throttledMs.set(reason, (this.throttledMs.get(reason) ?? 0) + spanMs);
    }
    this.#count(a.energyCounterJoules, b.energyCounterJoules, spanMs, b.atMs - a.atMs);
  }

  /** A counter that fell was reset: what it would have shown is not known. */
  #count(before: number | undefined, after: number | undefined, spanMs: number, allMs: number): void {
    if (before === undefined || after === undefined || after < before) return;
    this.counted.joules += ((after - before) * spanMs) / allMs;
    this.counted.knownMs += spanMs;
  }
}
