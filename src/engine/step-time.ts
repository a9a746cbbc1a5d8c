/**
 * The time of one forward pass, in closed form. With n new tokens, s sequences that get a token, K tokens of context
 * read by decoding sequences and prompt chunks of c tokens behind k cached ones:
 *
 *     T = (floor^p + (slope n)^p)^(1/p)          linear layers: weights read once, then arithmetic, a smooth knee
 *       + (K kvBytes + headBytes) / kvBytesPerS  decode attention, and the output projection
 *       + Σ 4 L H c (k + c/2) / attentionFlops   prefill attention
 *       + host + hostPerSequence s               scheduling, sampling, streaming
 *       + images × vision tower
 *
 * Over the layer profiles of nine GPU and model pairs the power mean is off by 3.3 % in the mean on sizes it was not
 * fitted to, floor + slope n by 5.3 % and max(floor, slope n) by 7.1 %.
 */

import type { Random } from '../random.ts';
import { type Gpu, referenceLinearParameters } from './gpu.ts';
import type { Model } from './model.ts';

/** What one forward pass has to do. */
export interface StepWork {
  /** Prompt tokens, and one for each decoding sequence. */
  readonly newTokens: number;
  /** Sequences that get a token out of this step. */
  readonly sequences: number;
  /** Tokens in the cache of all decoding sequences together. */
  readonly contextTokens: number;
  /** Σ c (k + c/2) over the prompt chunks: how many token pairs prefill attention compares. */
  readonly promptPairs: number;
  readonly images: number;
}

/** Time on the host, of which the GPU sees nothing: a part for each step and a part for each sequence in it. */
export interface HostTime {
  readonly stepMs: number;
  readonly sequenceMs: number;
}

/**
 * What a modern engine's host takes. Estimates; TGI 1.0 with its sampling in Python took 1.35 to 1.45 ms a sequence
 * (Hugging Face's Llama 2 on SageMaker benchmark), and what TGI 2.4 takes is not published.
 */
export const defaultHostTime: HostTime = { stepMs: 0.6, sequenceMs: 0.02 };

/** Factors on what a preset says, such as a fit to measured times gives; 1 leaves it as it is. */
export interface CostScale {
  /** On what every step takes whatever is in it, and on reading context: what waits for memory. */
  readonly floor: number;
  /** On what each new token and each picture takes: what waits for arithmetic. */
  readonly slope: number;
}

/** The coefficients of the step-time formula for one model on one GPU. */
export interface StepCosts {
  readonly floorMs: number;
  readonly slopeMs: number;
  readonly kneeExponent: number;
  readonly contextTokenMs: number;
  readonly promptPairMs: number;
  readonly headMs: number;
  readonly imageMs: number;
  readonly host: HostTime;
}

/** The formula's coefficients; at speed 0.8 every one but the knee is 1 / 0.8 of the preset's. */
export function stepCosts(
  gpu: Gpu,
  model: Model,
  host: HostTime = defaultHostTime,
  speed = 1,
  scale: CostScale = { floor: 1, slope: 1 },
): StepCosts {
  const linear = model.linearParameters / referenceLinearParameters;
  const linearFlopsPerMs = (2 * referenceLinearParameters) / gpu.slopeMsPerToken;
  const [floor, slope] = [scale.floor / speed, scale.slope / speed];
  return {
    floorMs: gpu.floorMs * linear * floor,
    slopeMs: gpu.slopeMsPerToken * linear * slope,
    kneeExponent: gpu.kneeExponent,
    contextTokenMs: ((1000 * model.kvBytesPerToken) / gpu.kvBytesPerS) * floor,
    promptPairMs: ((1000 * flopsPerPair(model)) / gpu.attentionFlopsPerS) * slope,
    headMs: ((1000 * model.headBytes) / gpu.kvBytesPerS) * floor,
    imageMs: ((model.visionFlopsPerImage ?? 0) / linearFlopsPerMs) * slope,
    host: { stepMs: host.stepMs * floor, sequenceMs: host.sequenceMs / speed },
  };
}

/** Milliseconds of one forward pass. */
export function stepMs(costs: StepCosts, work: StepWork): number {
  const p = costs.kneeExponent;
  const linearMs = (costs.floorMs ** p + (costs.slopeMs * work.newTokens) ** p) ** (1 / p);
  return (
    linearMs +
    costs.contextTokenMs * work.contextTokens +
    costs.promptPairMs * work.promptPairs +
    costs.headMs +
    costs.imageMs * work.images +
    costs.host.stepMs +
    costs.host.sequenceMs * work.sequences
  );
}

/** What a forward pass has to do that does both. */
export function addWork(a: StepWork, b: StepWork): StepWork {
  return {
    newTokens: a.newTokens + b.newTokens,
    sequences: a.sequences + b.sequences,
    contextTokens: a.contextTokens + b.contextTokens,
    promptPairs: a.promptPairs + b.promptPairs,
    images: a.images + b.images,
  };
}

/**
 * How much longer than its mean one step takes: log-normal with σ = 0.04, and a quarter more in one step of a hundred,
 * which is how lmdeploy's table for the A100 spreads (b16: p50 11, p75 11, p95 12, p99 14 ms). Its mean is 1.
 */
export function jitter(random: Random): number {
  const sigma = 0.04;
  const hiccup = random.uniform() < 0.01 ? 1.25 : 1;
  return (hiccup * random.logNormal(-(sigma ** 2) / 2, sigma)) / 1.0025;
}

/** Bytes one forward pass reads from GPU memory: linear weights, head, and the keys and values of the context. */
export function stepBytes(model: Model, work: StepWork): number {
  return 2 * model.linearParameters + model.headBytes + model.kvBytesPerToken * work.contextTokens;
}

/** Floating-point operations of one forward pass. */
export function stepFlops(model: Model, work: StepWork): number {
  return (
    2 * model.linearParameters * work.newTokens +
    model.headBytes * work.sequences +
    flopsPerPair(model) * (work.contextTokens + work.promptPairs) +
    (model.visionFlopsPerImage ?? 0) * work.images
  );
}

/** Attention between one token and one other: a product with its key and one with its value in every layer. */
export function flopsPerPair(model: Model): number {
  return 4 * model.layers * model.hiddenSize;
}
