import type { DeviceName } from '../scenario/telemetry.ts';

/** Which GPU a sample is of, as far as its source tells. */
export interface GpuDevice {
  /** What the scenario calls the host, where it names several. */
  readonly host?: string;
  readonly index?: number;
  readonly uuid?: string;
  readonly busId?: string;
  readonly name?: string;
  /** The UUIDs of its MIG instances. Power, memory and clocks are those of the whole GPU all the same. */
  readonly instances?: readonly string[];
}

/** Why clocks are held below what they could be: what `nvidia-smi` shows in bits. */
export type ThrottleReason =
  | 'power cap'
  | 'hardware slowdown'
  | 'software thermal'
  | 'hardware thermal'
  | 'power brake'
  | 'application clocks'
  | 'sync boost'
  | 'display clocks';

/**
 * What a GPU showed: a line of `gpu.jsonl`. What it did not show, or what could not be read, is undefined and never 0.
 * The time is that of arrival, in ms on the run's clock.
 */
export interface GpuSample {
  readonly atMs: number;
  /** What said so: `nvidia-smi`, `xpu-smi` or `dcgm`, with its host where there are several. */
  readonly source: string;
  readonly simulated: boolean;
  readonly device: GpuDevice;
  /** Of the time, with any kernel running: full with one small kernel. */
  readonly utilisationRatio?: number;
  /** Of the time, with memory being read or written. */
  readonly memoryUtilisationRatio?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryTotalBytes?: number;
  readonly powerWatts?: number;
  readonly powerLimitWatts?: number;
  readonly temperatureCelsius?: number;
  readonly smClockMHz?: number;
  readonly smClockMaxMHz?: number;
  /** Undefined where it does not tell; empty where nothing holds the clocks down. */
  readonly throttled?: readonly ThrottleReason[];
  /** Only of a DCGM exporter: of the time, multiprocessors, tensor cores and memory at work. */
  readonly smActiveRatio?: number;
  readonly tensorActiveRatio?: number;
  readonly dramActiveRatio?: number;
  /** Joules since the driver was loaded, only of a DCGM exporter. */
  readonly energyCounterJoules?: number;
  /** How far the host's wall clock seemed to be ahead of ours as this arrived: its time zone and the way here included. Told, never used. */
  readonly clockAheadMs?: number;
}

/** From here until its next sample a source says nothing: a line of `gpu.jsonl` or `server.jsonl`. */
export interface TelemetryGap {
  readonly atMs: number;
  readonly source: string;
  readonly simulated: boolean;
  readonly host?: string;
  /** The endpoint that was asked, in `server.jsonl`. */
  readonly target?: string;
  /** What went wrong, in words. */
  readonly gap: string;
  /** There was nothing to watch, and nothing had been asked for by name: no gap in what was promised. */
  readonly absent?: true;
}

export type GpuLine = GpuSample | TelemetryGap;

/** Whether a line tells of a gap. */
export function isGap(line: object): line is TelemetryGap {
  return 'gap' in line;
}

/** Whether a sample is of the GPU that a scenario means by a name. */
export function isDevice({ host, index, uuid, busId, instances }: GpuDevice, name: DeviceName): boolean {
  if (name.host !== undefined && name.host !== host) return false;
  const id = name.id.toLowerCase();
  if (/^\d+$/.test(id)) return String(index) === id;
  const ids = [uuid?.toLowerCase(), busIdOf(busId), ...(instances ?? []).map(each => each.toLowerCase())];
  return ids.includes(busIdOf(id) ?? id);
}

/** The domain of a bus id is written with four digits or eight, or left out. */
function busIdOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /[0-9a-f]{2}:[0-9a-f]{2}\.\d$/i.exec(text)?.[0].toLowerCase();
}
