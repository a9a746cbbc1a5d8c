import { givenTokens, type Sequence } from './sequence.ts';
import type { StepWork } from './step-time.ts';

/**
 * The sequences on the GPU: those whose prompts are being computed, and those that decode. It knows what a forward
 * pass has to do for them and who gets a token from it, and nothing of time.
 */
export class Batch {
  #joining: Sequence[] = [];
  #decoding: Sequence[] = [];
  /** Decode steps over the engine's life. */
  #step = 0;

  get size(): number {
    return this.#joining.length + this.#decoding.length;
  }

  get decodingCount(): number {
    return this.#decoding.length;
  }

  /** Takes sequences in whose prompts are to be computed. */
  add(sequences: readonly Sequence[]): void {
    if (sequences.length > 0) this.#joining = [...this.#joining, ...sequences];
  }

  /** Puts out those whose clients went away, and gives them. */
  removeGone(): Sequence[] {
    const gone = [...this.#joining, ...this.#decoding].filter(sequence => sequence.gone);
    this.#joining = this.#joining.filter(sequence => !sequence.gone);
    this.#decoding = this.#decoding.filter(sequence => !sequence.gone);
    return gone;
  }

  /** Puts out those that have had their last token, and gives them. */
  removeFinished(): Sequence[] {
    const finished = this.#decoding.filter(sequence => sequence.lastStep <= this.#step);
    if (finished.length > 0) this.#decoding = this.#decoding.filter(sequence => sequence.lastStep > this.#step);
    return finished;
  }

  /** Decode steps until the first of them has its last token. */
  stepsToFirstEnd(): number {
    let lastStep = Number.POSITIVE_INFINITY;
    for (const sequence of this.#decoding) if (sequence.lastStep < lastStep) lastStep = sequence.lastStep;
    return lastStep - this.#step;
  }

  /** One token for each decoding sequence. */
  decodeWork(): StepWork {
    let contextTokens = 0;
    for (const sequence of this.#decoding) {
      contextTokens += sequence.request.inputTokens + givenTokens(sequence, this.#step);
    }
    const sequences = this.#decoding.length;
    return { newTokens: sequences, sequences, contextTokens, promptPairs: 0, images: 0 };
  }

  /** Prompt tokens that are yet to be computed. */
  promptTokensLeft(): number {
    return this.#joining.reduce((sum, sequence) => sum + sequence.request.inputTokens - sequence.promptTokens, 0);
  }

  /** As much of the joining prompts as `budgetTokens` allow, first come first; whoever's is done gets a token. */
  promptWork(budgetTokens: number): StepWork {
    const work = { newTokens: 0, sequences: 0, contextTokens: 0, promptPairs: 0, images: 0 };
    for (const sequence of this.#joining) {
      const { inputTokens, images } = sequence.request;
      const chunk = Math.min(inputTokens - sequence.promptTokens, budgetTokens - work.newTokens);
      if (chunk <= 0) break;
      if (sequence.promptTokens === sequence.sharedTokens) work.images += images;
      work.promptPairs += chunk * (sequence.promptTokens + chunk / 2);
      work.newTokens += chunk;
      sequence.promptTokens += chunk;
      if (sequence.promptTokens === inputTokens) work.sequences++;
    }
    return work;
  }

  /** Every decoding sequence has got `steps` more tokens; gives them. */
  decode(steps: number): readonly Sequence[] {
    this.#step += steps;
    return this.#decoding;
  }

  /** The sequences whose prompts are computed have got their first token and decode from here on; gives them. */
  join(): readonly Sequence[] {
    const joined = this.#joining.filter(sequence => sequence.promptTokens === sequence.request.inputTokens);
    if (joined.length === 0) return joined;
    for (const sequence of joined) sequence.lastStep = this.#step + sequence.request.outputTokens - 1;
    this.#joining = this.#joining.filter(sequence => sequence.promptTokens < sequence.request.inputTokens);
    this.#decoding = [...this.#decoding, ...joined];
    return joined;
  }

  /** How many tokens a sequence has got. */
  given(sequence: Sequence): number {
    return givenTokens(sequence, this.#step);
  }
}
