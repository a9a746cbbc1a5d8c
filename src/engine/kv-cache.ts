import type { Sequence } from './sequence.ts';

/** A prompt that stays in the cache after its request has ended. */
interface CachedPrompt {
  tokens: number;
  /** Sequences that read it; it is not thrown out meanwhile. */
  readers: number;
}

/**
 * The KV cache of one GPU. A sequence reserves all it can ever need before it starts, so none is put out again. With
 * prefix caching the prompts of ended requests stay until their room is needed, the longest unused going first.
 *
 * Invariant: reserved + cached ≤ capacity.
 */
export class KvCache {
  readonly capacityTokens: number;
  readonly #prefixCaching: boolean;
  #reservedTokens = 0;
  #cachedTokens = 0;
  /** By prefix, the longest unused first. */
  readonly #prompts = new Map<number | string, CachedPrompt>();

  constructor(capacityTokens: number, prefixCaching: boolean) {
    this.capacityTokens = capacityTokens;
    this.#prefixCaching = prefixCaching;
  }

  /** Tokens reserved by sequences that run. */
  get reservedTokens(): number {
    return this.#reservedTokens;
  }

  /** Reserves input + max_new_tokens − 1 tokens less those it shares; false, and nothing done, where they lack. */
  reserve(sequence: Sequence): boolean {
    const { inputTokens, maxNewTokens, prefix } = sequence.request;
    const prompt = prefix === undefined ? undefined : this.#prompts.get(prefix.id);
    // One token at least is always computed: the first answer token comes out of it.
    const shared = Math.min(prefix?.tokens ?? 0, prompt?.tokens ?? 0, inputTokens - 1);
    const needed = inputTokens + maxNewTokens - 1 - shared;
    if (prompt !== undefined && shared > 0) prompt.readers++;
    if (!this.#makeRoom(needed)) {
      if (prompt !== undefined && shared > 0) prompt.readers--;
      return false;
    }
    this.#reservedTokens += needed;
    sequence.reservedTokens = needed;
    sequence.sharedTokens = shared;
    sequence.promptTokens = shared;
    return true;
  }

  /** Takes back what a sequence reserved; what it has computed of its prompt is kept for others to share. */
  release(sequence: Sequence): void {
    this.#reservedTokens -= sequence.reservedTokens;
    sequence.reservedTokens = 0;
    const { prefix } = sequence.request;
    if (!this.#prefixCaching || prefix === undefined) return;
    const prompt = this.#prompts.get(prefix.id) ?? { tokens: 0, readers: 0 };
    if (sequence.sharedTokens > 0) prompt.readers--;
    const added = Math.max(0, sequence.promptTokens - prompt.tokens);
    prompt.tokens += added;
    this.#cachedTokens += added;
    this.#prompts.delete(prefix.id);
    if (prompt.tokens > 0) this.#prompts.set(prefix.id, prompt);
  }

  #makeRoom(tokens: number): boolean {
    let lacking = this.#reservedTokens + this.#cachedTokens + tokens - this.capacityTokens;
    for (const [id, prompt] of this.#prompts) {
      if (lacking <= 0) break;
      if (prompt.readers > 0) continue;
      const evicted = Math.min(lacking, prompt.tokens);
      prompt.tokens -= evicted;
      this.#cachedTokens -= evicted;
      lacking -= evicted;
      if (prompt.tokens === 0) this.#prompts.delete(id);
    }
    return lacking <= 0;
  }
}
