import type { EngineRequest } from './engine.ts';

/** A request inside the engine. */
export interface Sequence {
  readonly request: EngineRequest;
  /** Tokens of the KV cache that it holds for itself. */
  reservedTokens: number;
  /** Prompt tokens that it reads from an earlier request's cache. */
  sharedTokens: number;
  /** Prompt tokens in the cache so far, the shared ones included. */
  promptTokens: number;
  /** The decode step, counted over the engine's life, that gives its last token; known once its first is given. */
  lastStep: number;
  /** Its client went away. */
  gone: boolean;
}

/** A request that has just arrived. */
export function arrivedSequence(request: EngineRequest): Sequence {
  return {
    request,
    reservedTokens: 0,
    sharedTokens: 0,
    promptTokens: 0,
    lastStep: Number.POSITIVE_INFINITY,
    gone: false,
  };
}

/** How many tokens it has been given once the engine has done `step` decode steps. */
export function givenTokens(sequence: Sequence, step: number): number {
  return sequence.request.outputTokens - (sequence.lastStep - step);
}

/** How many of them have clients that are still there. */
export function presentCount(sequences: readonly Sequence[]): number {
  let count = 0;
  for (const sequence of sequences) if (!sequence.gone) count++;
  return count;
}
