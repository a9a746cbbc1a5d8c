/**
 * GPUs as the step-time model sees them. Floor, slope and knee are for the linear layers of a 7 B model in 16 bits
 * (`referenceLinearParameters`); another model scales them by its own linear parameters.
 */

/** The linear parameters that floor and slope of the presets are given for: Mistral-7B and Llama-3-8B alike. */
export const referenceLinearParameters = 6.98e9;

/** One GPU: what its data sheet says, what was fitted to measured layer times, and how it draws power. */
export interface Gpu {
  /** What `nvidia-smi` calls it. */
  readonly productName: string;
  readonly memoryMiB: number;
  /** Peak of the data sheet. */
  readonly memoryBytesPerS: number;
  /** Peak of the data sheet, dense, 16 bits. */
  readonly flopsPerS: number;
  readonly tdpWatts: number;
  /** Time of the linear layers for one token: the weights are read once. */
  readonly floorMs: number;
  /** Time of the linear layers for one more token where arithmetic is what limits them. */
  readonly slopeMsPerToken: number;
  /** Exponent of the power mean that joins floor and slope; higher is a sharper knee. */
  readonly kneeExponent: number;
  /** What decode attention and the head reach. */
  readonly kvBytesPerS: number;
  /** What prefill attention reaches. */
  readonly attentionFlopsPerS: number;
  readonly power: GpuPower;
  /** Graphics clock at rest and at work. */
  readonly idleClockMHz: number;
  readonly busyClockMHz: number;
  /** True where floor and slope come from a single published measurement: good for the order of magnitude. */
  readonly approximate: boolean;
}

/** P = TDP × min(1, base + memory × u_memory + compute × u_compute) while a kernel runs; idleWatts otherwise. */
export interface GpuPower {
  /** With the model loaded and nothing to do. */
  readonly idleWatts: number;
  readonly base: number;
  readonly memory: number;
  readonly compute: number;
}

/**
 * GPU presets by name. A100 and H100: power mean fitted to the per-layer times that Vidur (microsoft/vidur, MIT)
 * publishes for Llama-3-8B and Llama-2-7B; RTX 4090: to those of LLMServingSim (casys-kaist/LLMServingSim, MIT) for
 * Llama-3.1-8B. A10G: slope from one nm-vllm CI figure; L4: slope from one row of TGI's v3 table. The attention rates
 * and all power figures but the A100's are estimates.
 */
export const gpuPresets: Readonly<Record<string, Gpu>> = {
  'A100-80G': {
    productName: 'NVIDIA A100-SXM4-80GB',
    memoryMiB: 81_920,
    memoryBytesPerS: 2039e9,
    flopsPerS: 312e12,
    tdpWatts: 400,
    floorMs: 9.78,
    slopeMsPerToken: 0.0699,
    kneeExponent: 1.5,
    kvBytesPerS: 1600e9,
    attentionFlopsPerS: 120e12,
    power: { idleWatts: 85, base: 0.3, memory: 0.7, compute: 0.7 },
    idleClockMHz: 210,
    busyClockMHz: 1410,
    approximate: false,
  },
  'H100-80G': {
    productName: 'NVIDIA H100 80GB HBM3',
    memoryMiB: 81_559,
    memoryBytesPerS: 3352e9,
    flopsPerS: 989e12,
    tdpWatts: 700,
    floorMs: 6.06,
    slopeMsPerToken: 0.022,
    kneeExponent: 1.4,
    kvBytesPerS: 2600e9,
    attentionFlopsPerS: 300e12,
    power: { idleWatts: 110, base: 0.2, memory: 0.57, compute: 0.75 },
    idleClockMHz: 345,
    busyClockMHz: 1980,
    approximate: false,
  },
  'RTX-4090': {
    productName: 'NVIDIA GeForce RTX 4090',
    memoryMiB: 24_564,
    memoryBytesPerS: 1008e9,
    flopsPerS: 165e12,
    tdpWatts: 450,
    floorMs: 15.9,
    slopeMsPerToken: 0.0916,
    kneeExponent: 2,
    kvBytesPerS: 955e9,
    attentionFlopsPerS: 95e12,
    power: { idleWatts: 55, base: 0.2, memory: 0.65, compute: 0.75 },
    idleClockMHz: 210,
    busyClockMHz: 2520,
    approximate: false,
  },
  A10G: {
    productName: 'NVIDIA A10G',
    memoryMiB: 23_028,
    memoryBytesPerS: 600e9,
    flopsPerS: 70e12,
    tdpWatts: 300,
    floorMs: 31.4,
    slopeMsPerToken: 0.42,
    kneeExponent: 1.6,
    kvBytesPerS: 450e9,
    attentionFlopsPerS: 30e12,
    power: { idleWatts: 60, base: 0.25, memory: 0.6, compute: 0.7 },
    idleClockMHz: 210,
    busyClockMHz: 1710,
    approximate: true,
  },
  L4: {
    productName: 'NVIDIA L4',
    memoryMiB: 23_034,
    memoryBytesPerS: 300e9,
    flopsPerS: 121e12,
    tdpWatts: 72,
    floorMs: 54,
    slopeMsPerToken: 0.4,
    kneeExponent: 1.6,
    kvBytesPerS: 255e9,
    attentionFlopsPerS: 35e12,
    power: { idleWatts: 30, base: 0.35, memory: 0.75, compute: 0.8 },
    idleClockMHz: 210,
    busyClockMHz: 2040,
    approximate: true,
  },
};
