/**
 * Samples of GPUs in, what they did over the window of one cell out. Like the recorder of requests it serves a run
 * while it lasts and a run directory read again: only what arrived before the window's end counts, so that both give
 * the same numbers.
 */
import type { DeviceName } from '../scenario/telemetry.ts';
import { type GpuDevice, type GpuLine, type GpuSample, isDevice, isGap, type TelemetryGap } from './gpu-sample.ts';
import type { GpuSummary } from './gpu-summary.ts';
import { GpuTrack, type TrackedField } from './gpu-track.ts';

/** How long after a window's end it is known at the latest. */
const recentMs = 5_000;

/** How much of a window must be known for its energy to be told. */
const enough = 0.95;

/** What a cell's requests came to, for what a joule is worth. */
export interface CellYield {
  readonly outputTokensPerS: number | null;
  readonly achievedPerS: number | null;
  readonly sharedWith: readonly string[];
}

export class GpuRecorder {
  readonly #names: readonly DeviceName[];
  readonly #gapMs: number;
  readonly #simulated: boolean;
  /** By source and device; null for a GPU that is none of these. */
  readonly #tracks = new Map<string, GpuTrack | null>();
  /** What is wrong with each source at present. */
  readonly #gaps = new Map<string, string>();
  readonly #told = new Set<string>();
  /** What arrived in the last moments, which may turn out to lie beyond the end. */
  readonly #pending: GpuLine[] = [];
  #openedMs = Number.POSITIVE_INFINITY;
  #closedMs = Number.POSITIVE_INFINITY;
  #isEnded = false;

  /** Of samples of these GPUs, and only of simulated ones or only of real ones; further apart than `gapMs` there is a gap. */
  constructor(names: readonly DeviceName[], options: { readonly gapMs: number; readonly simulated: boolean }) {
    this.#names = names;
    this.#gapMs = options.gapMs;
    this.#simulated = options.simulated;
  }

  open(atMs: number): void {
    this.#openedMs = atMs;
  }

  close(atMs: number): void {
    this.#closedMs = atMs;
  }

  /** Takes in the lines of all sources in the order in which they came. */
  add(line: GpuLine): void {
    if (line.simulated !== this.#simulated || line.atMs > this.#closedMs) return;
    this.#pending.push(line);
    this.#settle(line.atMs - recentMs);
  }

  /** What the GPUs did in the window; undefined where nothing was seen of them, or there was no window. */
  summary(from: CellYield): GpuSummary | undefined {
    if (!Number.isFinite(this.#openedMs) || !Number.isFinite(this.#closedMs)) return undefined;
    this.#end();
    const windowMs = this.#closedMs - this.#openedMs;
    const all = [...this.#tracks.values()].filter(track => track !== null);
    const gpus = [...new Set(all.map(({ device }) => keyOf(device)))].map(key =>
      all.filter(({ device }) => keyOf(device) === key),
    );
    const gaps = [...this.#told];
    const first = all[0];
    if (first === undefined && gaps.length === 0) return undefined;
    const coverageRatio = windowMs > 0 && gpus.length > 0 ? sum(gpus, covered) / gpus.length / windowMs : 0;
    const energyJoules = total(gpus, tracks => energy(tracks, windowMs));
    const perJoule = (perS: number | null) =>
      perS === null || energyJoules === null || energyJoules <= 0 || from.sharedWith.length > 0
        ? null
        : (perS * windowMs) / 1000 / energyJoules;
    const requestsPerJoule = perJoule(from.achievedPerS);
    const mean = (field: TrackedField) => meanOf(gpus, field);
    const highest = (field: TrackedField) => extreme(gpus, field, 'max');
    return {
      simulated: this.#simulated,
      source: [...new Set(all.map(({ source }) => source))].join(', '),
      devices: gpus.map(tracks => (tracks[0] as GpuTrack).device),
      samples: sum(all, track => track.samples),
      coverageRatio: Math.min(1, coverageRatio),
      utilisationRatio: both(mean('utilisationRatio'), highest('utilisationRatio')),
      memoryUtilisationRatio: both(mean('memoryUtilisationRatio'), highest('memoryUtilisationRatio')),
      memoryUsedBytes: named(
        'max',
        total(gpus, tracks => bound(tracks, 'memoryUsedBytes', 'max')),
      ),
      memoryTotalBytes: total(gpus, tracks => tracks.find(each => each.memoryTotalBytes)?.memoryTotalBytes ?? null),
      powerWatts: both(
        total(gpus, tracks => meanOf([tracks], 'powerWatts')),
        total(gpus, tracks => bound(tracks, 'powerWatts', 'max')),
      ),
      powerLimitWatts: total(gpus, tracks => tracks.find(each => each.powerLimitWatts)?.powerLimitWatts ?? null),
      temperatureCelsius: named('max', highest('temperatureCelsius')),
      smClockMHz: clock(mean('smClockMHz'), extreme(gpus, 'smClockMHz', 'min')),
      throttledRatio: throttled(all),
      smActiveRatio: named('mean', mean('smActiveRatio')),
      dramActiveRatio: named('mean', mean('dramActiveRatio')),
      energyJoules,
      tokensPerJoule: perJoule(from.outputTokensPerS),
      joulesPerRequest: requestsPerJoule === null || requestsPerJoule === 0 ? null : 1 / requestsPerJoule,
      sharedWith: from.sharedWith,
      gaps,
    };
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#settle(this.#closedMs);
    for (const track of this.#tracks.values()) track?.end(this.#openedMs, this.#closedMs);
    for (const gap of this.#gaps.values()) this.#told.add(gap);
  }

  /** Works off what arrived until then. */
  #settle(untilMs: number): void {
    for (let line = this.#pending[0]; line !== undefined && line.atMs <= untilMs; line = this.#pending[0]) {
      this.#pending.shift();
      if (isGap(line)) this.#gap(line);
      else this.#sample(line);
    }
  }

  #gap({ source, host, gap, absent }: TelemetryGap): void {
    if (absent) return;
    const isOurs = this.#names.some(name => name.host === undefined || host === undefined || name.host === host);
    if (isOurs) this.#gaps.set(source, gap);
  }

  #sample(sample: GpuSample): void {
    const gap = this.#gaps.get(sample.source);
    if (gap !== undefined) {
      this.#gaps.delete(sample.source);
      // One that was over before the window began is none of its own.
      if (sample.atMs >= this.#openedMs) this.#told.add(gap);
    }
    const key = `${sample.source} ${keyOf(sample.device)}`;
    let track = this.#tracks.get(key);
    if (track === undefined) {
      const isOurs = this.#names.some(name => isDevice(sample.device, name));
      track = isOurs ? new GpuTrack(sample, this.#gapMs) : null;
      this.#tracks.set(key, track);
    }
    track?.add(sample, this.#openedMs, this.#closedMs);
  }
}

/** One GPU has one, whichever source shows it. */
function keyOf({ host = '', uuid, busId, index }: GpuDevice): string {
  return uuid ?? `${host} ${busId ?? index}`;
}

type Tracks = readonly GpuTrack[];

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((all, item) => all + of(item), 0);
const covered = (tracks: Tracks) => Math.max(...tracks.map(track => track.coveredMs));

/** Over all GPUs; null where one of them does not tell. */
function total(gpus: readonly Tracks[], of: (tracks: Tracks) => number | null): number | null {
  const values = gpus.map(of);
  return values.length === 0 || values.includes(null) ? null : sum(values, value => value ?? 0);
}

/** The mean over time and over those GPUs that tell. */
function meanOf(gpus: readonly Tracks[], field: TrackedField): number | null {
  const known = gpus.flatMap(tracks => tracks.find(track => track.courses[field].knownMs > 0)?.courses[field] ?? []);
  return known.length === 0 ? null : sum(known, ({ area, knownMs }) => area / knownMs) / known.length;
}

function bound(tracks: Tracks, field: TrackedField, which: 'min' | 'max'): number | null {
  const values = tracks.map(track => track.courses[field][which]).filter(Number.isFinite);
  return values.length === 0 ? null : Math[which](...values);
}

function extreme(gpus: readonly Tracks[], field: TrackedField, which: 'min' | 'max'): number | null {
  return bound(gpus.flat(), field, which);
}

/** By the source's own counter where it has one, else the area under the power; null where too little is known. */
function energy(tracks: Tracks, windowMs: number): number | null {
  for (const { counted } of tracks) {
    if (windowMs > 0 && counted.knownMs / windowMs >= enough) return (counted.joules * windowMs) / counted.knownMs;
  }
  for (const { courses } of tracks) {
    const { area, knownMs } = courses.powerWatts;
    if (windowMs > 0 && knownMs / windowMs >= enough) return ((area / 1000) * windowMs) / knownMs;
  }
  return null;
}

function throttled(all: Tracks): GpuSummary['throttledRatio'] {
  const known = all.filter(track => track.throttleKnownMs > 0);
  if (known.length === 0) return null;
  const ofAllMs = sum(known, track => track.throttleKnownMs);
  const byReason = new Map<string, number>();
  for (const track of known)
    for (const [reason, ms] of track.throttledMs) byReason.set(reason, (byReason.get(reason) ?? 0) + ms / ofAllMs);
  return Object.fromEntries(byReason);
}

function both(mean: number | null, max: number | null): { mean: number; max: number } | null {
  return mean === null || max === null ? null : { mean, max };
}

function clock(mean: number | null, min: number | null): { mean: number; min: number } | null {
  return mean === null || min === null ? null : { mean, min };
}

function named<K extends 'mean' | 'max'>(key: K, value: number | null): Readonly<Record<K, number>> | null {
  return value === null ? null : ({ [key]: value } as Record<K, number>);
}
