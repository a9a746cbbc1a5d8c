/** What lies in a GPU's memory once TGI has warmed up: context, weights, and everything else as KV cache. */

import type { Gpu } from './gpu.ts';
import type { Model } from './model.ts';

const bytesPerMiB = 1024 ** 2;

/** A CUDA context. */
const contextBytes = 500 * bytesPerMiB;

/** The share of the memory that the server takes: TGI's and vLLM's default. */
const takenRatio = 0.9;

/**
 * What a prefill of the largest size works in. From one measurement: vLLM had 2588 blocks of 16 tokens for
 * Llama-3.1-8B on an RTX 4090 (casys-kaist/LLMServingSim), so 0.90 × 24564 MiB − 16.06 GB − 41408 × 131072 B.
 */
const workspaceBytes = 1.69e9;

/**
 * Tokens the KV cache holds: (0.90 × memory − weights − workspace) / bytes a token. For Llama-3.1-8B on an L4 that is
 * 30 k, which is what TGI's v3 announcement gives. Zero or less where the model does not fit.
 */
export function kvCapacityTokens(gpu: Gpu, model: Model): number {
  const poolBytes = takenRatio * gpu.memoryMiB * bytesPerMiB - model.weightBytes - workspaceBytes;
  return Math.floor(poolBytes / model.kvBytesPerToken);
}

/** Bytes `nvidia-smi` shows as used; the same from the first request to the last, as the pool is taken at the start. */
export function memoryUsedBytes(gpu: Gpu, model: Model, kvTokens = kvCapacityTokens(gpu, model)): number {
  return Math.min(gpu.memoryMiB * bytesPerMiB, contextBytes + model.weightBytes + kvTokens * model.kvBytesPerToken);
}
