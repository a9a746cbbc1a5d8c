import { type Outcome, outcomeKinds } from '../protocol/outcome.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { StopRule } from '../scenario/objective.ts';

/** Watches the ratio of one rule of `stopIf`, over the last while. */
export class StopWatch {
  readonly rule: StopRule;
  readonly #isCounted: (outcome: Outcome) => boolean;
  readonly #ended: { readonly atMs: number; readonly counted: boolean }[] = [];
  #counted = 0;
  #beganMs: number | undefined;

  constructor(rule: StopRule) {
    this.rule = rule;
    const refusals: Readonly<Record<string, string>> = {
      rateLimitedRatio: 'rate_limited',
      overloadedRatio: 'overloaded',
      forbiddenRatio: 'forbidden',
    };
    const kind = refusals[rule.ratio];
    const errors: readonly string[] = outcomeKinds.filter(
      each => each !== 'ok' && each !== 'dropped' && !Object.values(refusals).includes(each),
    );
    this.#isCounted = outcome => (kind === undefined ? errors.includes(outcome.kind) : outcome.kind === kind);
  }

  /** Takes in one more end; whether the ratio over the last `forMs` is beyond the bound, once that long has passed. */
  isBeyond({ outcome, endMs: atMs }: Pick<RequestRecord, 'outcome' | 'endMs'>): boolean {
    const { bound, forMs } = this.rule;
    const counted = this.#isCounted(outcome);
    this.#beganMs ??= atMs;
    this.#ended.push({ atMs, counted });
    if (counted) this.#counted++;
    while ((this.#ended[0]?.atMs ?? atMs) < atMs - forMs) if (this.#ended.shift()?.counted) this.#counted--;
    return atMs - this.#beganMs >= forMs && this.#counted / this.#ended.length > bound;
  }
}
