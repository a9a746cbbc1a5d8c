import type { KvCache } from './kv-cache.ts';
import type { Sequence } from './sequence.ts';

/** What one prefill may hold. */
export interface PrefillLimits {
  /** Fewer than this are not worth a pause of the running batch. */
  readonly minSequences: number;
  readonly maxSequences: number;
  readonly maxTokens: number;
  /** The last prompt may be cut where the tokens end; its rest follows in later steps. */
  readonly cutsPrompts: boolean;
}

const nothing = { taken: [], dropped: 0 };

/**
 * TGI's queue: first in, first out, and the first that does not fit holds all behind it. Who went away while waiting
 * is dropped when the batcher comes to it.
 */
export class WaitingQueue {
  #sequences: Sequence[] = [];
  /** Where the queue begins in the array: taking the first must not move the rest. */
  #head = 0;

  get length(): number {
    return this.#sequences.length - this.#head;
  }

  append(sequence: Sequence): void {
    this.#sequences.push(sequence);
  }

  /** Takes the next prefill off the queue and reserves its cache; none where fewer than the minimum fit. */
  take(limits: PrefillLimits, cache: KvCache): { taken: readonly Sequence[]; dropped: number } {
    if (this.length === 0 || this.length < limits.minSequences) return nothing;
    const taken: Sequence[] = [];
    let dropped = 0;
    let tokens = 0;
    while (taken.length < limits.maxSequences) {
      const next = this.#sequences[this.#head];
      if (next === undefined) break;
      if (next.gone) {
        this.#head++;
        dropped++;
        continue;
      }
      if (!cache.reserve(next)) break;
      const left = limits.maxTokens - tokens;
      const prompt = next.request.inputTokens - next.sharedTokens;
      if (prompt > left && !(limits.cutsPrompts && left > 0)) {
        cache.release(next);
        break;
      }
      tokens += prompt;
      taken.push(next);
      this.#head++;
    }
    if (taken.length < limits.minSequences) {
      this.#putBack(taken, cache);
      return { taken: [], dropped };
    }
    this.#forgetTaken();
    return { taken, dropped };
  }

  #putBack(taken: readonly Sequence[], cache: KvCache): void {
    for (const sequence of taken) cache.release(sequence);
    // Dropped ones may lie between them, so the places are written anew.
    this.#head -= taken.length;
    for (const [i, sequence] of taken.entries()) this.#sequences[this.#head + i] = sequence;
  }

  #forgetTaken(): void {
    if (this.#head < 64 || this.#head * 2 < this.#sequences.length) return;
    this.#sequences = this.#sequences.slice(this.#head);
    this.#head = 0;
  }
}
