import { deployedCatalogue } from '../engine/catalogue.ts';
import { modelPresets } from '../engine/model.ts';

/** One model as the service serves it: its route, its GPUs and the limits of each of its containers. */
export interface ServedModel {
  /** The first part of the path, such as `hermes-2-pro-tgi`. */
  readonly route: string;
  /** The numbers after `gpu` in the paths; each is an engine of its own. */
  readonly gpus: readonly number[];
  /** A name of the engine's model presets. */
  readonly model: string;
  /** What `/info` calls it. */
  readonly modelId: string;
  readonly kind: 'text' | 'vlm';
  /** Documented: of the model, over all of its GPUs. Deployed: of each container. */
  readonly maxConcurrentRequests: number;
  readonly maxInputTokens: number;
  readonly maxTotalTokens: number;
  readonly maxBatchSize?: number;
  readonly maxWaitingTokens?: number;
  /** Where set, answers end by themselves (`eos_token`), at lengths around this median; else all run to `max_new_tokens`. */
  readonly medianAnswerTokens?: number;
}

type Limits = Pick<ServedModel, 'maxConcurrentRequests' | 'maxInputTokens' | 'maxTotalTokens'>;

/** What the document says of every model: 100 at once, and an input limit of its own between 1024 and 8912 tokens. */
const documentedLimits: Limits = { maxConcurrentRequests: 100, maxInputTokens: 4096, maxTotalTokens: 8192 };

/** Where a model's context is what limits it. */
const ownLimits: Readonly<Record<string, Partial<Limits>>> = {
  'phi-3-mini-4k-tgi': { maxInputTokens: 2039, maxTotalTokens: 4096 },
  'phi-3-mini-128k-tgi': { maxInputTokens: 8912, maxTotalTokens: 16_000 },
  'flan-ul2-tgi': { maxInputTokens: 1024, maxTotalTokens: 2039 },
  'flan-t5-xxl-tgi': { maxInputTokens: 1024, maxTotalTokens: 2039 },
};

/**
 * The model behind any route name a scenario may use, as the document describes models: a name of the deployment has
 * that model's preset, a name that speaks of vision is a LLaVA, everything else a Mistral-7B.
 */
export function documentedModel(route: string, gpus: readonly number[]): ServedModel {
  const { preset, modelId } = presetOf(route);
  return { ...documentedLimits, ...ownLimits[route], route, gpus, model: preset, modelId, kind: kindOf(preset) };
}

/** The models of the deployment with their own limits, each on the GPUs given. */
export function deployedModels(gpus: readonly number[]): ServedModel[] {
  return deployedCatalogue.map(({ route, modelId, preset, limits }) => ({
    ...limits,
    route,
    gpus,
    model: preset,
    modelId,
    kind: kindOf(preset),
  }));
}

function presetOf(route: string): { readonly preset: string; readonly modelId: string } {
  const known = deployedCatalogue.find(model => model.route === route);
  if (known !== undefined) return known;
  const seesImages = /llava|vision|(^|[^a-z])vlm?([^a-z]|$)/i.test(route);
  return seesImages
    ? { preset: 'llava-1.6-mistral-7b', modelId: 'llava-hf/llava-v1.6-mistral-7b-hf' }
    : { preset: 'mistral-7b', modelId: 'mistralai/Mistral-7B-Instruct-v0.3' };
}

function kindOf(preset: string): ServedModel['kind'] {
  return modelPresets[preset]?.visionFlopsPerImage === undefined ? 'text' : 'vlm';
}

/** The path under which the deployed gateway serves a route: lower case, and `_` for all but letters, digits and `-`. */
export function deployedRoute(route: string): string {
  return route.toLowerCase().replaceAll(/[^a-z0-9-]/g, '_');
}
