import { deployedCatalogue, documentedDeployment } from '../engine/catalogue.ts';
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

/** The model behind any route name a scenario may use, as the document describes models. */
export function documentedModel(route: string, gpus: readonly number[]): ServedModel {
  const { preset, modelId, limits } = documentedDeployment(route);
  return { ...limits, route, gpus, model: preset, modelId, kind: kindOf(preset) };
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

function kindOf(preset: string): ServedModel['kind'] {
  return modelPresets[preset]?.visionFlopsPerImage === undefined ? 'text' : 'vlm';
}

/** The path under which the deployed gateway serves a route: lower case, and `_` for all but letters, digits and `-`. */
export function deployedRoute(route: string): string {
  return route.toLowerCase().replaceAll(/[^a-z0-9-]/g, '_');
}
