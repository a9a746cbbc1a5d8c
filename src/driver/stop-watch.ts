import { type Outcome, outcomeKinds } from '../protocol/outcome.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { StopRule } from '../scenario/objective.ts';

/** Into so many pieces the time of a rule is cut, so that what is kept does not grow with the load. */
const piecesOfTime = 100;

/** Watches the ratio of one rule of `stopIf`, over the last while. */
export class StopWatch {
  readonly rule: StopRule;
  readonly #isCounted: (outcome: Outcome) => boolean;
  /** What ended in each piece of the last while, and of that what counts against the rule. */
  readonly #pieces: { readonly number: number; ended: number; counted: number }[] = [];
  #ended = 0;
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
    this.#beganMs ??= atMs;
    this.#add(Math.floor((atMs * piecesOfTime) / forMs), this.#isCounted(outcome) ? 1 : 0);
    return atMs - this.#beganMs >= forMs && this.#counted / this.#ended > bound;
  }

  #add(number: number, counted: number): void {
    const last = this.#pieces.at(-1);
    // Ends are told in their order but for a moment: what is a little earlier goes with the latest.
    if (last !== undefined && number <= last.number) {
      last.ended++;
      last.counted += counted;
    } else this.#pieces.push({ number, ended: 1, counted });
    this.#ended++;
    this.#counted += counted;
    for (
      let [first] = this.#pieces;
      first !== undefined && first.number < number - piecesOfTime;
      [first] = this.#pieces
    ) {
      this.#ended -= first.ended;
      this.#counted -= first.counted;
      this.#pieces.shift();
    }
  }
}
