import type { OutcomeKind } from '../protocol/outcome.ts';
import type { RequestRecord } from '../record/request-record.ts';

/** Answers end in bursts: rates are those of so many ticks. */
const mostTicks = 10;

interface Tick {
  readonly fromMs: number;
  ended: number;
  tokens: number;
}

/**
 * What is counted of a cell while it is driven. Invariant: it is counted as it happens and no record is kept, so that a
 * look at it costs the same however long the cell has lasted.
 */
export class LiveCell {
  #sent = 0;
  #ended = 0;
  #measured = 0;
  readonly #trouble = { rateLimited: 0, forbidden: 0, errors: 0 };
  #tick: Tick;
  /** The latest that are over, the oldest first. */
  readonly #ticks: Tick[] = [];
  openedMs: number | undefined;
  closedMs: number | undefined;

  constructor(atMs: number) {
    this.#tick = { fromMs: atMs, ended: 0, tokens: 0 };
  }

  due(sent: boolean): void {
    if (sent) this.#sent++;
  }

  ended({ phase, sentMs, outcome, outputTokens, attempts }: RequestRecord): void {
    if (phase === 'measured') this.#measured++;
    if (sentMs === undefined) return;
    this.#ended++;
    this.#tick.ended++;
    this.#tick.tokens += outputTokens ?? 0;
    if (attempts === undefined) this.#note(outcome.kind);
    else for (const attempt of attempts) this.#note(attempt.outcome.kind);
  }

  /** A new second begins. */
  tick(atMs: number): void {
    this.#ticks.push(this.#tick);
    if (this.#ticks.length > mostTicks) this.#ticks.shift();
    this.#tick = { fromMs: atMs, ended: 0, tokens: 0 };
  }

  /** Requests that were sent and have not ended. */
  get inFlight(): number {
    return this.#sent - this.#ended;
  }

  /** Requests of the measured part that have ended, or were dropped. */
  get measured(): number {
    return this.#measured;
  }

  /** How many attempts were refused or failed so far. */
  get trouble(): { readonly rateLimited: number; readonly forbidden: number; readonly errors: number } {
    return { ...this.#trouble };
  }

  /** Tokens per second of the answers that ended in the latest ticks; undefined where none did, for that says nothing of tokens under way. */
  get outputTokensPerS(): number | undefined {
    const seconds = (this.#tick.fromMs - (this.#ticks[0] ?? this.#tick).fromMs) / 1000;
    const sumOf = (name: 'ended' | 'tokens') => this.#ticks.reduce((sum, tick) => sum + tick[name], 0);
    return seconds > 0 && sumOf('ended') > 0 ? sumOf('tokens') / seconds : undefined;
  }

  #note(kind: OutcomeKind): void {
    switch (kind) {
      case 'ok':
      case 'dropped':
        return;
      case 'rate_limited':
      case 'overloaded':
        this.#trouble.rateLimited++;
        return;
      case 'forbidden':
        this.#trouble.forbidden++;
        return;
      default:
        this.#trouble.errors++;
    }
  }
}
