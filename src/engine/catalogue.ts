import type { EngineLimits } from './engine.ts';

/** One model as a deployment serves it. */
export interface DeployedModel {
  /** The first part of its path. */
  readonly route: string;
  /** The id on the Hugging Face hub. */
  readonly modelId: string;
  /** A name of `modelPresets`. */
  readonly preset: string;
  readonly limits: EngineLimits;
}

function deployed(
  route: string,
  modelId: string,
  preset: string,
  [maxConcurrentRequests, maxBatchSize, maxTotalTokens, maxInputTokens, maxWaitingTokens]: readonly [
    concurrent: number,
    batch: number,
    total: number,
    input: number,
    waiting: number,
  ],
): DeployedModel {
  const limits = { maxConcurrentRequests, maxBatchSize, maxTotalTokens, maxInputTokens, maxWaitingTokens };
  return { route, modelId, preset, limits };
}

/**
 * The models and limits of the deployment that the service document comes from (TiberAICommunity/xpu_tgi, the model
 * configurations at e845bad). A batch of one is common there: what a load test sees is queueing. With one concurrent
 * request the second is refused.
 */
export const deployedCatalogue: readonly DeployedModel[] = [
  deployed('hermes-2-pro-tgi', 'NousResearch/Hermes-2-Pro-Llama-3-8B', 'llama-3-8b', [1, 1, 4096, 2048, 10]),
  deployed('hermes-3-llama3.1-tgi', 'NousResearch/Hermes-3-Llama-3.1-8B', 'llama-3-8b', [10, 1, 8192, 4096, 10]),
  deployed(
    'llava-v1.6-mistral-7b-hf-tgi',
    'llava-hf/llava-v1.6-mistral-7b-hf',
    'llava-1.6-mistral-7b',
    [128, 4, 4096, 2048, 10],
  ),
  deployed('openhermes-mistral-tgi', 'teknium/OpenHermes-2.5-Mistral-7B', 'mistral-7b', [100, 8, 8192, 4096, 10]),
  deployed('phi-3-mini-4k-tgi', 'microsoft/Phi-3-mini-4k-instruct', 'phi-3-mini', [100, 8, 4096, 2039, 10]),
  deployed('phi-3-mini-128k-tgi', 'microsoft/Phi-3-mini-128k-instruct', 'phi-3-mini', [10, 1, 16_000, 8912, 10]),
  deployed('codellama-7b-instruct-tgi', 'codellama/CodeLlama-7b-Instruct-hf', 'llama-2-7b', [1, 1, 4096, 2048, 10]),
  deployed('flan-ul2-tgi', 'google/flan-ul2', 'flan-ul2', [10, 1, 2039, 1024, 20]),
  deployed('flan-t5-xxl-tgi', 'google/flan-t5-xxl', 'flan-t5-xxl', [1, 1, 512, 256, 10]),
];

/** What the document says of every model: 100 at once, and an input limit of its own between 1024 and 8912 tokens. */
const documentedLimits: EngineLimits = { maxConcurrentRequests: 100, maxInputTokens: 4096, maxTotalTokens: 8192 };

/** Where a model's context is what limits it. */
const ownLimits: Readonly<Record<string, Partial<EngineLimits>>> = {
  'phi-3-mini-4k-tgi': { maxInputTokens: 2039, maxTotalTokens: 4096 },
  'phi-3-mini-128k-tgi': { maxInputTokens: 8912, maxTotalTokens: 16_000 },
  'flan-ul2-tgi': { maxInputTokens: 1024, maxTotalTokens: 2039 },
  'flan-t5-xxl-tgi': { maxInputTokens: 1024, maxTotalTokens: 2039 },
};

/**
 * The model behind any route name, as the document describes models: a name of the deployment has that model's preset,
 * a name that speaks of vision is a LLaVA, everything else a Mistral-7B.
 */
export function documentedDeployment(route: string): DeployedModel {
  const limits = { ...documentedLimits, ...ownLimits[route] };
  return { route, ...presetOf(route), limits };
}

function presetOf(route: string): Pick<DeployedModel, 'preset' | 'modelId'> {
  const known = deployedCatalogue.find(model => model.route === route);
  if (known !== undefined) return { preset: known.preset, modelId: known.modelId };
  const seesImages = /llava|vision|(^|[^a-z])vlm?([^a-z]|$)/i.test(route);
  return seesImages
    ? { preset: 'llava-1.6-mistral-7b', modelId: 'llava-hf/llava-v1.6-mistral-7b-hf' }
    : { preset: 'mistral-7b', modelId: 'mistralai/Mistral-7B-Instruct-v0.3' };
}
