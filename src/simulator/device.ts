/**
 * The GPUs that the engines pretend to have, as a driver would show them. Their figures are simulated, and their name
 * says so. Invariant: a reading is of the last closed window, as the real ones are, and never of the present moment.
 */

import type { EngineState } from '../engine/engine.ts';
import { type Gpu, gpuPresets } from '../engine/gpu.ts';
import { memoryUsedBytes } from '../engine/gpu-memory.ts';
import { modelPresets } from '../engine/model.ts';
import { nextCelsius, powerWatts, settledCelsius, type Utilisation, utilisation } from '../engine/power.ts';
import type { Endpoint } from './endpoint.ts';

/** How often the driver closes a window of utilisation: between a sixth of a second and one, by NVIDIA's account. */
export const windowMs = 1000 / 6;

/** Power is shown as the mean of a second, as Ampere and later do. */
const powerWindows = 6;

const bytesPerMiB = 1024 ** 2;

/** What the driver shows of one GPU. */
export interface GpuReading {
  readonly index: number;
  readonly uuid: string;
  readonly busId: string;
  readonly name: string;
  /** True where it fell off the bus: nothing of it can be read. */
  readonly lost: boolean;
  readonly utilisationRatio: number;
  readonly memoryUtilisationRatio: number;
  readonly memoryUsedMiB: number;
  readonly memoryTotalMiB: number;
  readonly powerWatts: number;
  readonly powerLimitWatts: number;
  readonly temperatureCelsius: number;
  readonly graphicsClockMHz: number;
  readonly maxGraphicsClockMHz: number;
  readonly powerCapped: boolean;
}

/** What a GPU preset is called wherever it could be taken for a real one. */
export function simulatedName(preset: string): string {
  return `${gpuPresets[preset]?.productName ?? preset} (simulated)`;
}

/** One GPU with the engines on it. */
export class Device {
  readonly index: number;
  readonly #preset: string;
  readonly #gpu: Gpu;
  readonly #endpoints: readonly Endpoint[];
  #states: readonly EngineState[];
  #atMs: number;
  #now: Utilisation = { busyRatio: 0, memoryRatio: 0, computeRatio: 0 };
  #watts: number[];
  #celsius: number;

  constructor(index: number, preset: string, endpoints: readonly Endpoint[], nowMs: number) {
    const gpu = gpuPresets[preset] as Gpu;
    this.index = index;
    this.#preset = preset;
    this.#gpu = gpu;
    this.#endpoints = endpoints;
    this.#states = endpoints.map(endpoint => endpoint.state());
    this.#atMs = nowMs;
    this.#watts = [gpu.power.idleWatts];
    this.#celsius = settledCelsius(gpu, gpu.power.idleWatts);
  }

  /** Closes a window: what the engines did in it is what the GPU shows until the next. */
  sample(nowMs: number): void {
    const states = this.#endpoints.map(endpoint => endpoint.state());
    const elapsedMs = nowMs - this.#atMs;
    const parts = states.map((after, at) => utilisation(this.#gpu, this.#states[at] as EngineState, after, elapsedMs));
    this.#now = together(parts);
    this.#states = states;
    this.#atMs = nowMs;
    this.#watts = [...this.#watts, powerWatts(this.#gpu, this.#now)].slice(-powerWindows);
    this.#celsius = nextCelsius(this.#gpu, this.#celsius, this.#watts.at(-1) as number, elapsedMs);
  }

  reading(): GpuReading {
    const gpu = this.#gpu;
    const watts = this.#watts.reduce((sum, value) => sum + value, 0) / this.#watts.length;
    const busy = this.#now.busyRatio > 0;
    return {
      index: this.index,
      uuid: `GPU-51301a7e-0000-0000-0000-${String(this.index).padStart(12, '0')}`,
      busId: `00000000:${(this.index + 1).toString(16).padStart(2, '0').toUpperCase()}:00.0`,
      name: simulatedName(this.#preset),
      lost: this.#endpoints.some(endpoint => endpoint.gone),
      utilisationRatio: this.#now.busyRatio,
      memoryUtilisationRatio: this.#now.memoryRatio,
      memoryUsedMiB: Math.round(this.#memoryUsedBytes() / bytesPerMiB),
      memoryTotalMiB: gpu.memoryMiB,
      powerWatts: watts,
      powerLimitWatts: gpu.tdpWatts,
      temperatureCelsius: this.#celsius,
      graphicsClockMHz: busy ? gpu.busyClockMHz : gpu.idleClockMHz,
      maxGraphicsClockMHz: gpu.busyClockMHz,
      powerCapped: watts >= gpu.tdpWatts,
    };
  }

  /** One model takes all that its KV cache can have; of several, each has its weights, and together no more than there is. */
  #memoryUsedBytes(): number {
    const models = this.#endpoints.map(({ served }) => modelPresets[served.model]).filter(model => model !== undefined);
    const bytes = models.reduce((sum, model) => sum + memoryUsedBytes(this.#gpu, model), 0);
    return Math.min(bytes, this.#gpu.memoryMiB * bytesPerMiB);
  }
}

/** What several engines make of one GPU: they share it, so what they take adds up to all of it at most. */
function together(parts: readonly Utilisation[]): Utilisation {
  const sum = (of: (part: Utilisation) => number) =>
    Math.min(
      1,
      parts.reduce((total, part) => total + of(part), 0),
    );
  return {
    busyRatio: sum(part => part.busyRatio),
    memoryRatio: sum(part => part.memoryRatio),
    computeRatio: sum(part => part.computeRatio),
  };
}
