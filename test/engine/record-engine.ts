import { createEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts';

/** A token as the engine reported it. */
export interface Token {
  readonly id: number;
  readonly index: number;
  readonly atMs: number;
  readonly last: boolean;
}

/** An engine without jitter that keeps what it reports: Mistral-7B on an A100 with ample limits, unless told else. */
export function recordEngine(options: Partial<EngineOptions> = {}): {
  engine: Engine;
  tokens: Token[];
  startsMs: Map<number, number>;
} {
  const tokens: Token[] = [];
  const startsMs = new Map<number, number>();
  const engine = createEngine({
    gpu: 'A100-80G',
    model: 'mistral-7b',
    jitter: 'none',
    onToken: (id, index, atMs, last) => tokens.push({ id, index, atMs, last }),
    onStart: (id, atMs) => startsMs.set(id, atMs),
    ...options,
    limits: { maxConcurrentRequests: 128, maxInputTokens: 4096, maxTotalTokens: 8192, ...options.limits },
  });
  return { engine, tokens, startsMs };
}

/** A request for so many tokens, all of which it gets. */
export function request(id: number, inputTokens: number, outputTokens: number) {
  return { id, inputTokens, images: 0, maxNewTokens: outputTokens, outputTokens };
}

/** The times of one request's tokens. */
export function tokenTimesMs(tokens: readonly Token[], id: number): number[] {
  return tokens.filter(token => token.id === id).map(token => token.atMs);
}

/** The gaps between one request's tokens. */
export function gapsMs(tokens: readonly Token[], id: number): number[] {
  const times = tokenTimesMs(tokens, id);
  return times.slice(1).map((atMs, i) => atMs - (times[i] ?? Number.NaN));
}
