/**
 * What is asked: from a workload and a seed to endless GenerationRequests, before any protocol. Invariant: the same
 * names give the same requests, byte for byte, whoever asks for them and in whatever order.
 */
import { type Random, seededRandom } from '../random.ts';
import type { Lengths, Parameters, Workload } from '../scenario/scenario.ts';
import { type EncodedImage, generateImages } from './image.ts';
import { promptText } from './text.ts';

/** What one request asks for. */
export interface GenerationRequest {
  readonly prompt: string;
  readonly images: readonly EncodedImage[];
  readonly maxNewTokens: number;
  readonly parameters: Parameters;
  readonly stream: boolean;
}

/** The requests of one workload, by name: `('measured', step, repetition, index)`. */
export type RequestSource = (...names: readonly (string | number)[]) => GenerationRequest;

/** Prepares a workload: makes its images, once. */
export async function requestSource(name: string, workload: Workload, seed: number): Promise<RequestSource> {
  const images = workload.images === undefined ? [] : await generateImages(workload.images.generate, seed, name);
  return (...names) => {
    const random = seededRandom(seed, 'request', name, ...names);
    const image = images.length === 0 ? [] : [images[random.integer(0, images.length - 1)] as EncodedImage];
    return {
      prompt: workload.prompt.text ?? promptText(lengthOf(workload.prompt.tokens ?? 1, random), random),
      images: image,
      maxNewTokens: lengthOf(workload.output.maxNewTokens, random),
      parameters: workload.parameters,
      stream: workload.stream,
    };
  };
}

/** One length in tokens. */
function lengthOf(lengths: Lengths, random: Random): number {
  if (typeof lengths === 'number') return lengths;
  switch (lengths.kind) {
    case 'uniform':
      return random.integer(lengths.min, lengths.max);
    case 'normal':
      return clamped(random.normal(lengths.mean, lengths.deviation), lengths);
    case 'lognormal': {
      // The mean and deviation are those of the lengths; a log-normal is made from those of their logarithm.
      const variance = Math.log(1 + (lengths.deviation / lengths.mean) ** 2);
      return clamped(random.logNormal(Math.log(lengths.mean) - variance / 2, Math.sqrt(variance)), lengths);
    }
  }
}

function clamped(length: number, { min, max }: { min: number; max: number }): number {
  return Math.min(Math.max(Math.round(length), min), max);
}
