import { type GpuDevice, type GpuLine, isGap } from './gpu-sample.ts';
import type { ServerLine } from './server-sample.ts';

/** A time in which a source said nothing, and why; without an end where it never said anything again. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly text: string;
  /** Nothing was there to be watched, and nothing was asked for by name. */
  readonly absent?: true;
}

/** One source of GPU samples over a run. */
export interface GpuSourceSummary {
  readonly source: string;
  readonly simulated: boolean;
  readonly samples: number;
  readonly devices: readonly GpuDevice[];
  /** The first of them. */
  readonly gaps: readonly Gap[];
  /** How far the host's clock seemed to be ahead of ours, its time zone included: the median. Told, never used. */
  readonly clockAheadMs: number | null;
}

/** One model server over a run. */
export interface ServerSourceSummary {
  readonly target: string;
  readonly answered: number;
  readonly missed: number;
  readonly gaps: readonly Gap[];
}

/** A GPU before any load of ours. */
export interface Before {
  readonly device: GpuDevice;
  readonly simulated: boolean;
  readonly samples: number;
  /** The least of them: what the greeting of the endpoints left behind fades, what somebody else does lasts. */
  readonly utilisationRatio: number | null;
  readonly powerWatts: number | null;
}

/** What was watched in a run, and how well. */
export interface TelemetrySummary {
  readonly gpu: readonly GpuSourceSummary[];
  readonly servers: readonly ServerSourceSummary[];
  /** When the first load began, and what the GPUs did before: the first sample of each is left out, for a look can wake it. */
  readonly loadFromMs: number | null;
  readonly before: readonly Before[];
}

const mostGaps = 10;
/** Enough for a median. */
const mostOffsets = 500;

type OpenGap = { -readonly [K in keyof Gap]: Gap[K] };

interface OpenSource {
  simulated: boolean;
  samples: number;
  readonly devices: Map<string, GpuDevice>;
  readonly gaps: OpenGap[];
  readonly offsets: number[];
}

interface OpenBefore {
  readonly device: GpuDevice;
  readonly simulated: boolean;
  readonly seen: {
    readonly atMs: number;
    readonly utilisation: number | undefined;
    readonly watts: number | undefined;
  }[];
}

/** Lines of both kinds in, in the order in which they came; what is to be said of the run as a whole out. */
export class RunTelemetry {
  readonly #sources = new Map<string, OpenSource>();
  readonly #servers = new Map<string, { answered: number; missed: number; gaps: OpenGap[] }>();
  readonly #before = new Map<string, OpenBefore>();
  #loadFromMs: number | undefined;

  /** The first load begins; later calls change nothing. */
  load(atMs: number): void {
    this.#loadFromMs ??= atMs;
  }

  addGpu(line: GpuLine): void {
    const source = this.#sourceOf(line);
    if (isGap(line)) {
      begin(source.gaps, line);
      return;
    }
    end(source.gaps, line.atMs);
    source.simulated = line.simulated;
    source.samples++;
    const { uuid, host, index } = line.device;
    const key = uuid ?? `${host} ${index}`;
    if (!source.devices.has(key)) source.devices.set(key, line.device);
    if (line.clockAheadMs !== undefined && source.offsets.length < mostOffsets) source.offsets.push(line.clockAheadMs);
    if (line.atMs >= (this.#loadFromMs ?? Number.POSITIVE_INFINITY)) return;
    const { simulated, device } = line;
    const before = this.#before.get(key) ?? { device, simulated, seen: [] };
    this.#before.set(key, before);
    before.seen.push({ atMs: line.atMs, utilisation: line.utilisationRatio, watts: line.powerWatts });
  }

  addServer(line: ServerLine): void {
    const target = line.target ?? '';
    const server = this.#servers.get(target) ?? { answered: 0, missed: 0, gaps: [] };
    this.#servers.set(target, server);
    if (isGap(line)) {
      server.missed++;
      begin(server.gaps, line);
    } else {
      server.answered++;
      end(server.gaps, line.atMs);
    }
  }

  /** The GPUs of all sources, each once. */
  devices(): GpuDevice[] {
    const all = new Map([...this.#sources.values()].flatMap(({ devices }) => [...devices]));
    return [...all.values()];
  }

  /** Undefined where nothing was watched. */
  summary(): TelemetrySummary | undefined {
    if (this.#sources.size === 0 && this.#servers.size === 0) return undefined;
    const fromMs = this.#loadFromMs;
    return {
      gpu: [...this.#sources].map(([source, { simulated, samples, devices, gaps, offsets }]) => ({
        source,
        simulated,
        samples,
        devices: [...devices.values()],
        gaps: [...gaps],
        clockAheadMs: offsets.toSorted((a, b) => a - b)[Math.floor(offsets.length / 2)] ?? null,
      })),
      servers: [...this.#servers].map(([target, { answered, missed, gaps }]) => ({
        target,
        answered,
        missed,
        gaps: [...gaps],
      })),
      loadFromMs: fromMs ?? null,
      before: fromMs === undefined ? [] : [...this.#before.values()].flatMap(each => beforeOf(each, fromMs)),
    };
  }

  #sourceOf({ source, simulated }: GpuLine): OpenSource {
    const known = this.#sources.get(source);
    if (known !== undefined) return known;
    const made = { simulated, samples: 0, devices: new Map(), gaps: [], offsets: [] };
    this.#sources.set(source, made);
    return made;
  }
}

function begin(gaps: OpenGap[], { atMs, gap, absent }: { atMs: number; gap: string; absent?: true }): void {
  const last = gaps.at(-1);
  // The same again, in a gap that lasts, is the same gap.
  if (last?.toMs === null && last.text === gap) return;
  end(gaps, atMs);
  if (gaps.length >= mostGaps) return;
  gaps.push({ fromMs: atMs, toMs: null, text: gap, ...(absent ? { absent } : {}) });
}

function end(gaps: OpenGap[], atMs: number): void {
  for (const gap of gaps) gap.toMs ??= atMs;
}

function beforeOf({ device, simulated, seen }: OpenBefore, loadFromMs: number): Before[] {
  const counted = seen.slice(1).filter(({ atMs }) => atMs < loadFromMs);
  const least = (values: readonly number[]) => (values.length === 0 ? null : Math.min(...values));
  if (counted.length === 0) return [];
  return [
    {
      device,
      simulated,
      samples: counted.length,
      utilisationRatio: least(counted.flatMap(({ utilisation }) => utilisation ?? [])),
      powerWatts: least(counted.flatMap(({ watts }) => watts ?? [])),
    },
  ];
}
