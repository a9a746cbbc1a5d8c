import type { Answer } from './answer.ts';
import type { Endpoint } from './endpoint.ts';
import { type Refusal, Refused } from './refusal.ts';
import type { RequestTimes } from './router-metrics.ts';
import type { Told } from './told.ts';

/** What a request is told when its GPU is lost. */
const gpuLost: Refusal = {
  kind: 'generation',
  message: 'Request failed during generation: CUDA error: the GPU is lost',
};

/** Whoever passes the tokens of a request on to its client. */
interface Speaker {
  token(index: number, last: boolean): void;
  lost(refusal: Refusal): void;
}

/** A request's place in the service: its permits, and its sequences in the engine. It is left once, for good. */
export class Place {
  readonly #endpoint: Endpoint;
  readonly #giveBack: () => void;
  readonly #ids: number[] = [];
  readonly #arrivedMs: number;
  #submittedMs = 0;
  #startedMs: number | undefined;
  #endedMs = 0;
  #openSequences = 0;
  #left = false;

  private constructor(endpoint: Endpoint, giveBack: () => void, arrivedMs: number) {
    this.#endpoint = endpoint;
    this.#giveBack = giveBack;
    this.#arrivedMs = arrivedMs;
  }

  /** A place with so many permits; undefined where they are not free. */
  static take(endpoint: Endpoint, permits: number, arrivedMs: number): Place | undefined {
    const giveBack = endpoint.permits.take(permits);
    return giveBack && new Place(endpoint, giveBack, arrivedMs);
  }

  get left(): boolean {
    return this.#left;
  }

  times(): RequestTimes {
    const startedMs = this.#startedMs ?? this.#submittedMs;
    return { arrivedMs: this.#arrivedMs, submittedMs: this.#submittedMs, startedMs, endedMs: this.#endedMs };
  }

  /** Asks the engine for these answers; the place is left before the last token is passed on. Throws Refused: overloaded. */
  ask(answers: readonly Answer[], { inputTokens, images, parameters }: Told, atMs: number, speaker: Speaker): void {
    const { metrics } = this.#endpoint;
    const { maxNewTokens } = parameters;
    this.#submittedMs = atMs;
    this.#endedMs = atMs;
    this.#openSequences = answers.length;
    metrics.validated(inputTokens, maxNewTokens);
    const generatedTokens = answers.reduce((sum, answer) => sum + answer.tokens, 0);
    const listener = {
      started: (startedMs: number) => {
        this.#startedMs ??= startedMs;
      },
      token: (index: number, endedMs: number, last: boolean) => {
        this.#endedMs = endedMs;
        if (last && --this.#openSequences === 0) {
          metrics.succeeded(this.times(), generatedTokens);
          this.leave();
        }
        speaker.token(index, last);
      },
      lost: () => {
        if (this.#left) return;
        metrics.refused(gpuLost);
        this.leave();
        speaker.lost(gpuLost);
      },
    };
    for (const { tokens } of answers) {
      const id = this.#endpoint.submit({ inputTokens, images, maxNewTokens, outputTokens: tokens }, listener);
      if (id === undefined) throw new Refused({ kind: 'overloaded' });
      this.#ids.push(id);
    }
  }

  /** Gives everything back: permits at once, the engine's work at its next step. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#giveBack();
    for (const id of this.#ids) this.#endpoint.cancel(id);
  }

  /** Leaves because the client went away; nothing happens where the place was left before. */
  abandon(): void {
    if (!this.#left) this.#endpoint.metrics.dropped();
    this.leave();
  }
}
