import type { GpuDevice, ThrottleReason } from './gpu-sample.ts';

/**
 * What the GPUs behind an endpoint did over the window of a cell; over several GPUs power, energy and memory are sums,
 * utilisation and clock are means, temperature is the highest. Means are over time. null: nothing was shown of it.
 */
export interface GpuSummary {
  readonly simulated: boolean;
  readonly source: string;
  readonly devices: readonly GpuDevice[];
  /** In the window, over all of them. */
  readonly samples: number;
  /** The share of the window that samples tell of; the rest are gaps. */
  readonly coverageRatio: number;
  readonly utilisationRatio: { readonly mean: number; readonly max: number } | null;
  readonly memoryUtilisationRatio: { readonly mean: number; readonly max: number } | null;
  readonly memoryUsedBytes: { readonly max: number } | null;
  readonly memoryTotalBytes: number | null;
  readonly powerWatts: { readonly mean: number; readonly max: number } | null;
  readonly powerLimitWatts: number | null;
  readonly temperatureCelsius: { readonly max: number } | null;
  readonly smClockMHz: { readonly mean: number; readonly min: number } | null;
  /** The share of the window that each reason held the clocks down, only those that did. */
  readonly throttledRatio: Readonly<Partial<Record<ThrottleReason, number>>> | null;
  /** Only of a DCGM exporter. */
  readonly smActiveRatio: { readonly mean: number } | null;
  readonly dramActiveRatio: { readonly mean: number } | null;
  /** Power over the window; null where samples tell of too little of it. */
  readonly energyJoules: number | null;
  /** Output tokens that arrived in the window per joule, and joules per answer; null where other endpoints shared the GPU. */
  readonly tokensPerJoule: number | null;
  readonly joulesPerRequest: number | null;
  /** Endpoints that were driven on the same GPU at the same time. */
  readonly sharedWith: readonly string[];
  /** What went wrong in the window. */
  readonly gaps: readonly string[];
}
