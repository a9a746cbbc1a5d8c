import type { ServedModel } from '../catalogue.ts';

/** The TGI that the deployed service runs. */
export const routerVersion = '2.4.0';

/** What TGI 2.4 says of itself and its model at `/info`. */
export function routerInfo(served: ServedModel): object {
  return {
    model_id: served.modelId,
    model_sha: null,
    model_pipeline_tag: pipelineTag(served),
    max_concurrent_requests: served.maxConcurrentRequests,
    max_best_of: 2,
    max_stop_sequences: 4,
    max_input_tokens: served.maxInputTokens,
    max_total_tokens: served.maxTotalTokens,
    validation_workers: 2,
    max_client_batch_size: 4,
    router: 'text-generation-router',
    version: routerVersion,
    sha: null,
    docker_label: 'simulated',
  };
}

/** What kind of model it is, as the hub names it. */
export function pipelineTag({ kind, model }: ServedModel): string {
  if (kind === 'vlm') return 'image-text-to-text';
  return model.startsWith('flan') ? 'text2text-generation' : 'text-generation';
}

/** The one model of a container, as OpenAI lists models. */
export function modelList({ modelId }: ServedModel): object {
  return { object: 'list', data: [{ id: modelId, object: 'model', created: 0, owned_by: modelId }] };
}
