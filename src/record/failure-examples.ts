import type { Outcome } from '../protocol/outcome.ts';
import type { Summary } from './summary.ts';

type Example = Summary['examples'][number];

/** How many different failures of a cell are kept as examples. */
const maxExamples = 8;

/**
 * The different failures of a cell, each as it was first seen and how often it came; such as differ in their digits
 * alone are one. Beyond so many the rest of a kind is counted together: nothing goes without a word.
 */
export class FailureExamples {
  readonly #byKey = new Map<string, { readonly example: Omit<Example, 'count'>; count: number }>();

  add(outcome: Outcome): void {
    const { kind, status, by, detail } = outcome;
    if (kind === 'ok' || kind === 'dropped') return;
    const own = JSON.stringify([kind, status, by, detail?.replaceAll(/\d+/g, '#')]);
    const isOneTooMany = this.#byKey.size >= maxExamples && !this.#byKey.has(own);
    const key = isOneTooMany ? JSON.stringify([kind, status, by]) : own;
    const known = this.#byKey.get(key);
    if (known !== undefined) known.count++;
    else this.#byKey.set(key, { example: exampleOf(outcome, isOneTooMany), count: 1 });
  }

  /** In the order in which they were first seen. */
  list(): Example[] {
    return [...this.#byKey.values()].map(({ example, count }) => ({ ...example, count }));
  }
}

function exampleOf({ kind, status, by, detail }: Outcome, isOneTooMany: boolean): Omit<Example, 'count'> {
  const said = isOneTooMany ? 'others, in other words' : detail;
  return {
    kind,
    ...(status === undefined ? {} : { status }),
    ...(by === undefined ? {} : { by }),
    ...(said === undefined ? {} : { detail: said }),
  };
}
