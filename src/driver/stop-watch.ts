import { type Outcome, outcomeKinds } from '../protocol/outcome.ts';

/** Watches one ratio over the last while, for `stopIf`. */
export class StopWatch {
  readonly #isCounted: (outcome: Outcome) => boolean;
  readonly #bound: number;
  readonly #forMs: number;
  readonly #ended: { readonly atMs: number; readonly counted: boolean }[] = [];
  #counted = 0;
  #beganMs: number | undefined;

  constructor(ratio: string, bound: number, forMs: number) {
    const refusals: Readonly<Record<string, string>> = {
      rateLimitedRatio: 'rate_limited',
      overloadedRatio: 'overloaded',
      forbiddenRatio: 'forbidden',
    };
    const kind = refusals[ratio];
    const errors: readonly string[] = outcomeKinds.filter(
      each => each !== 'ok' && each !== 'dropped' && !Object.values(refusals).includes(each),
    );
    this.#isCounted = outcome => (kind === undefined ? errors.includes(outcome.kind) : outcome.kind === kind);
    this.#bound = bound;
    this.#forMs = forMs;
  }

  /** Takes in one more end; whether the ratio over the last `forMs` is beyond the bound, once that long has passed. */
  isBeyond(outcome: Outcome, atMs: number): boolean {
    const counted = this.#isCounted(outcome);
    this.#beganMs ??= atMs;
    this.#ended.push({ atMs, counted });
    if (counted) this.#counted++;
    while ((this.#ended[0]?.atMs ?? atMs) < atMs - this.#forMs) if (this.#ended.shift()?.counted) this.#counted--;
    return atMs - this.#beganMs >= this.#forMs && this.#counted / this.#ended.length > this.#bound;
  }
}
