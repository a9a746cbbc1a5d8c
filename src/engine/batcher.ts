import { Batch } from './batch.ts';
import type { KvCache } from './kv-cache.ts';
import type { BatchLimits } from './limits.ts';
import type { Sequence } from './sequence.ts';
import { addWork, type StepWork } from './step-time.ts';
import { type PrefillLimits, WaitingQueue } from './waiting-queue.ts';

/** What the GPU does next. */
export interface Plan {
  /** What the first step has to do. */
  readonly work: StepWork;
  /** Who left the queue for it. */
  readonly started: readonly Sequence[];
  /** Prompt tokens are computed in it. */
  readonly prefills: boolean;
  /** Each step gives every decoding sequence a token; a prefill of whole prompts does not. */
  readonly decodes: boolean;
  /** After how many steps queue and batch are to be looked at again. */
  readonly steps: number;
}

/** Who got a token in the last of some steps, and whom it was the last one for. */
export interface Progress {
  readonly decoded: readonly Sequence[];
  readonly joined: readonly Sequence[];
  readonly finished: readonly Sequence[];
}

/**
 * TGI's batching (router of v2.4 and v3.3, backends/v3/src/backend.rs and queue.rs): what is done next with those who
 * wait and those who run. It knows steps and tokens, and nothing of time.
 *
 * Invariant: a sequence waits in the queue without KV cache, or is in the batch with all that it can ever need.
 */
export class Batcher {
  readonly #limits: BatchLimits;
  /** Prompts are computed in pieces that ride along with decode steps. */
  readonly #chunked: boolean;
  readonly #cache: KvCache;
  readonly #queue = new WaitingQueue();
  readonly #batch = new Batch();
  #cancelled = 0;
  /** Clients of sequences in the batch went away since it was last looked at. */
  #someGone = false;
  /** Decode steps since sequences last joined the batch; TGI counts the prefill as the first. */
  #waitingTokens = 0;
  /** After a prefill that joins a running batch, TGI decodes once before it looks at the queue again. */
  #owesDecode = false;

  constructor(limits: BatchLimits, chunked: boolean, cache: KvCache) {
    this.#limits = limits;
    this.#chunked = chunked;
    this.#cache = cache;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get running(): number {
    return this.#batch.size;
  }

  /** Sequences that left because their clients went away. */
  get cancelled(): number {
    return this.#cancelled;
  }

  append(sequence: Sequence): void {
    this.#queue.append(sequence);
  }

  /** Its client went away: it leaves the batch before the next step, or the queue when its turn comes. */
  leave(sequence: Sequence): void {
    sequence.gone = true;
    if (sequence.reservedTokens > 0) this.#someGone = true;
  }

  /** How many tokens a sequence in the batch, or just put out of it, has got. */
  given(sequence: Sequence): number {
    return this.#batch.given(sequence);
  }

  /** Looks at queue and batch and settles what is done next; undefined where nothing is left to do. */
  next(): Plan | undefined {
    if (this.#someGone) this.#removeGone();
    return this.#chunked ? this.#nextChunked() : this.#nextWhole();
  }

  /** Takes note that steps of a plan have ended; `over` where the batch is looked at again after them. */
  progress(plan: Pick<Plan, 'prefills' | 'decodes'>, steps: number, over: boolean): Progress {
    if (plan.decodes) this.#waitingTokens += steps;
    const decoded = plan.decodes ? this.#batch.decode(steps) : [];
    const joined = plan.prefills ? this.#batch.join() : [];
    const finished = over ? this.#batch.removeFinished() : [];
    for (const sequence of finished) {
      this.#cache.release(sequence);
      if (sequence.gone) this.#cancelled++;
    }
    return { decoded, joined, finished };
  }

  /** TGI 2: either a prefill of whole prompts, for which decoding pauses, or decode steps. */
  #nextWhole(): Plan | undefined {
    const { maxBatchSize, maxBatchPrefillTokens, maxWaitingTokens, waitingServedRatio } = this.#limits;
    const decoding = this.#batch.decodingCount;
    const patient = decoding > 0 && this.#waitingTokens < maxWaitingTokens;
    const skipsQueue = this.#owesDecode && decoding > 0;
    const started = this.#start({
      minSequences: patient ? Math.floor(decoding * waitingServedRatio) : 0,
      maxSequences: skipsQueue ? 0 : maxBatchSize - decoding,
      maxTokens: maxBatchPrefillTokens,
      cutsPrompts: false,
    });
    this.#owesDecode = started.length > 0 && decoding > 0;
    if (started.length === 0) return this.#decodeSteps(skipsQueue ? 1 : this.#patience());
    this.#waitingTokens = 1;
    const work = this.#batch.promptWork(Number.POSITIVE_INFINITY);
    return { work, started, prefills: true, decodes: false, steps: 1 };
  }

  /**
   * TGI 3: decode steps, filled up with pieces of prompts to `max_batch_prefill_tokens`. It ignores `max_batch_size`,
   * `waiting_served_ratio` and `max_waiting_tokens` then.
   */
  #nextChunked(): Plan | undefined {
    const decoding = this.#batch.decodingCount;
    const budgetTokens = this.#limits.maxBatchPrefillTokens - decoding;
    const started = this.#start({
      minSequences: 0,
      maxSequences: Number.POSITIVE_INFINITY,
      maxTokens: budgetTokens - this.#batch.promptTokensLeft(),
      cutsPrompts: true,
    });
    const prompts = this.#batch.promptWork(budgetTokens);
    if (prompts.newTokens === 0) return this.#decodeSteps(Number.POSITIVE_INFINITY);
    const work = addWork(prompts, this.#batch.decodeWork());
    return { work, started, prefills: true, decodes: decoding > 0, steps: 1 };
  }

  /** Decode steps until TGI 2 lets the queue in however short it is; infinite where nobody waits or room is lacking. */
  #patience(): number {
    const left = this.#limits.maxWaitingTokens - this.#waitingTokens;
    return this.#queue.length > 0 && left > 0 ? left : Number.POSITIVE_INFINITY;
  }

  /** Decodes until the first sequence ends, or for so many steps. */
  #decodeSteps(mostSteps: number): Plan | undefined {
    if (this.#batch.decodingCount === 0) return undefined;
    const steps = Math.min(this.#batch.stepsToFirstEnd(), mostSteps);
    return { work: this.#batch.decodeWork(), started: [], prefills: false, decodes: true, steps };
  }

  /** Moves sequences from the queue to the batch. */
  #start(limits: PrefillLimits): readonly Sequence[] {
    const { taken, dropped } = this.#queue.take(limits, this.#cache);
    this.#cancelled += dropped;
    this.#batch.add(taken);
    return taken;
  }

  #removeGone(): void {
    for (const sequence of this.#batch.removeGone()) {
      this.#cache.release(sequence);
      this.#cancelled++;
    }
    this.#someGone = false;
  }
}
