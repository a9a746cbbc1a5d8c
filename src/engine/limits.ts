/** The launcher's limits with TGI's defaults in the places left open. */

import type { EngineLimits, EngineRequest } from './engine.ts';

/** Which TGI: 2 pauses decoding for a prefill of whole prompts; 3 mixes pieces of prompts into decode steps. */
export type TgiVersion = 'v2' | 'v3';

/** Limits with nothing left open. */
export type BatchLimits = Required<EngineLimits>;

/**
 * The launcher's defaults: `waiting_served_ratio` 0.3 and `max_waiting_tokens` 20; the prefill budget of TGI 2 is
 * max_batch_size × max_input_tokens, or max_input_tokens + 50 without a batch size; that of TGI 3 is 4096, what its
 * launcher takes where it does not know the GPU.
 */
export function withDefaults(limits: EngineLimits, tgi: TgiVersion): BatchLimits {
  const { maxBatchSize, maxInputTokens } = limits;
  const wholePrompts = maxBatchSize === undefined ? maxInputTokens + 50 : maxBatchSize * maxInputTokens;
  return {
    maxConcurrentRequests: limits.maxConcurrentRequests,
    maxInputTokens,
    maxTotalTokens: limits.maxTotalTokens,
    maxBatchSize: maxBatchSize ?? Number.POSITIVE_INFINITY,
    maxBatchPrefillTokens: limits.maxBatchPrefillTokens ?? (tgi === 'v2' ? wholePrompts : 4096),
    waitingServedRatio: limits.waitingServedRatio ?? 0.3,
    maxWaitingTokens: limits.maxWaitingTokens ?? 20,
  };
}

/** Which limit a request breaks, in the order in which TGI looks: the total before the prompt; undefined for none. */
export function brokenLimit(
  request: Pick<EngineRequest, 'inputTokens' | 'maxNewTokens'>,
  limits: Pick<EngineLimits, 'maxInputTokens' | 'maxTotalTokens'>,
): 'maxTotalTokens' | 'maxInputTokens' | undefined {
  if (request.inputTokens + request.maxNewTokens > limits.maxTotalTokens) return 'maxTotalTokens';
  return request.inputTokens > limits.maxInputTokens ? 'maxInputTokens' : undefined;
}
