import { describe, expect, it } from 'vitest';
import { problemOfRun } from '../../../src/analysis/gate/stored-run.ts';
import type { GatedRun } from '../../../src/analysis/gate/subjects.ts';
import { history } from '../../../src/analysis/history.ts';
import { parseMeasure } from '../../../src/scenario/objective.ts';
import { madeRun } from './made-runs.ts';

const whole = madeRun();
const text = JSON.stringify(whole);

/** The path of everything in a value, as far down as is read without a look. */
function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || path.length > 3) return [];
  return Object.entries(value).flatMap(([key, each]) => [[...path, key], ...pathsIn(each, [...path, key])]);
}

/** The run with something else in one place; left out where it is undefined. */
function damaged(path: readonly string[], by: unknown): GatedRun {
  const run = JSON.parse(text) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, run);
  parent[path.at(-1) as string] = by;
  return JSON.parse(JSON.stringify(run)) as GatedRun;
}

describe('a run read from a file', () => {
  it('has no problem as it was written', () => {
    expect(problemOfRun(JSON.parse(text))).toBeUndefined();
  });

  it.each([[undefined], [null], ['x'], [7], [[]]])('with %j in any place is a problem, or goes into a history', by => {
    const options = { measure: parseMeasure('p50(ttftMs)') };
    let problems = 0;
    for (const path of pathsIn(whole)) {
      const run = damaged(path, by);
      if (problemOfRun(run, { histograms: false }) !== undefined) problems++;
      else
        expect(
          () =>
            history(
              [
                { name: 'a', run: whole },
                { name: 'b', run },
              ],
              options,
            ),
          path.join('.'),
        ).not.toThrow();
    }
    expect(problems).toBeGreaterThan(15);
  });
});
