/** What a GPU's sensors would show while an engine works: utilisation, power and temperature over a window. */

import type { EngineState } from './engine.ts';
import type { Gpu } from './gpu.ts';

/** How busy a GPU was over a window, each part 0 … 1. */
export interface Utilisation {
  /** Of the time, with a kernel running: what `nvidia-smi` calls `utilization.gpu`, and full with one small kernel. */
  readonly busyRatio: number;
  /** Of the peak memory bandwidth. */
  readonly memoryRatio: number;
  /** Of the peak dense 16-bit arithmetic. */
  readonly computeRatio: number;
}

/** What an engine made of its GPU between two looks at it. */
export function utilisation(gpu: Gpu, before: EngineState, after: EngineState, windowMs: number): Utilisation {
  const share = (amount: number) => Math.min(1, Math.max(0, amount));
  return {
    busyRatio: share((after.busyMs - before.busyMs) / windowMs),
    memoryRatio: share(((after.bytesRead - before.bytesRead) * 1000) / windowMs / gpu.memoryBytesPerS),
    computeRatio: share(((after.flops - before.flops) * 1000) / windowMs / gpu.flopsPerS),
  };
}

/**
 * Mean power over the window: idle at rest; TDP × min(1, base + memory u_m + compute u_c) while a kernel runs, where
 * u_m and u_c are taken over the busy part of it. The window's energy is then the same however it is divided, but
 * for the cap at TDP.
 *
 * base and memory of the A100 fit four decode measurements of Splitwise (Mutinifni/splitwise-sim, perf_model.csv)
 * within 0.022 of TDP; there is no independent check, and the other presets are estimates. Prefill probably comes out
 * too low: 0.77 of TDP for 2048 tokens on an A100, where Splitwise saw full power on each of eight.
 */
export function powerWatts(gpu: Gpu, { busyRatio, memoryRatio, computeRatio }: Utilisation): number {
  const { idleWatts, base, memory, compute } = gpu.power;
  if (busyRatio === 0) return idleWatts;
  const load = base + (memory * memoryRatio + compute * computeRatio) / busyRatio;
  const busyWatts = Math.max(idleWatts, gpu.tdpWatts * Math.min(1, load));
  return idleWatts + busyRatio * (busyWatts - idleWatts);
}

/** At no power at all: what an H100's 41 °C at 70 W lead to. */
const ambientCelsius = 38;
/** Above that at full power: an H100 had 65 °C at 636 W; taken for every GPU, as coolers are made to measure. */
const riseAtTdpCelsius = 29.4;
const settlingMs = 30_000;

/** Where the temperature settles at a power. */
export function settledCelsius(gpu: Gpu, watts: number): number {
  return ambientCelsius + (riseAtTdpCelsius * watts) / gpu.tdpWatts;
}

/** The temperature after so long at a power: first order, with a time constant of 30 s. */
export function nextCelsius(gpu: Gpu, celsius: number, watts: number, elapsedMs: number): number {
  const settled = settledCelsius(gpu, watts);
  return settled + (celsius - settled) * Math.exp(-elapsedMs / settlingMs);
}
