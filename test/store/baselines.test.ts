import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Baseline,
  baselineNames,
  baselinePath,
  hasBaseline,
  pinned,
  readBaseline,
  updated,
  writeBaseline,
} from '../../src/store/baselines.ts';
import { madeRun } from '../analysis/gate/made-runs.ts';

const change = (reason: string) => ({ at: '2026-01-01T00:00:00.000Z', reason, runs: ['r'] });
const directory = () => join(mkdtempSync(join(tmpdir(), 'baselines-')), 'baselines');
const run = (id: string) => madeRun({ id });

describe('a rolling baseline', () => {
  it('keeps the latest runs, and why each was taken', () => {
    let baseline: Baseline | undefined;
    for (const id of ['a', 'b', 'c']) {
      baseline = updated(baseline, { name: 'main', runs: [run(id)], change: change(`took ${id}`), keep: 2 });
    }
    expect(baseline?.runs.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(baseline?.history.map(({ reason }) => reason)).toEqual(['took a', 'took b', 'took c']);
  });

  it('has each run once', () => {
    const once = updated(undefined, { name: 'main', runs: [run('a')], change: change('one'), keep: 5 });
    expect(updated(once, { name: 'main', runs: [run('a')], change: change('two'), keep: 5 }).runs).toHaveLength(1);
  });
});

describe('a pinned baseline', () => {
  it('is of just the runs it was given, and remembers what it was before', () => {
    const before = updated(undefined, { name: 'main', runs: [run('a')], change: change('one'), keep: 5 });
    const after = pinned(before, { name: 'main', runs: [run('b')], change: change('release 2') });
    expect(after).toMatchObject({ kind: 'pinned', runs: [{ id: 'b' }] });
    expect(after.history).toHaveLength(2);
  });
});

describe('the file of a baseline', () => {
  it('is read as it was written, small, and without what was said in bodies', async () => {
    const into = directory();
    const baseline = updated(undefined, { name: 'main', runs: [madeRun({ failed: 3 })], change: change('x'), keep: 5 });
    const path = await writeBaseline(into, baseline);
    expect(await readBaseline(into, 'main')).toEqual(JSON.parse(JSON.stringify(baseline)));
    expect(statSync(path).size).toBeLessThan(30_000);
    expect(baseline.runs[0]?.cells[0]?.examples).toEqual([]);
    expect(await baselineNames(into)).toEqual(['main']);
    expect(hasBaseline(into, 'main')).toBe(true);
    expect(hasBaseline(into, '../main')).toBe(false);
  });

  it('is refused under its name where it is damaged, each damage in its own words', async () => {
    const into = directory();
    const path = await writeBaseline(into, pinned(undefined, { name: 'm', runs: [run('a')], change: change('x') }));
    const whole = readFileSync(path, 'utf8');
    type Fields = Record<string, unknown>;
    /** The file with the value at a path replaced. */
    const damage = (path: readonly (string | number)[], replacement: unknown) => {
      const value = JSON.parse(whole) as Fields;
      const parent = path.slice(0, -1).reduce((at, key) => at[key] as Fields, value);
      parent[path.at(-1) as string] = replacement;
      return JSON.stringify(value);
    };
    const cases: [string, RegExp][] = [
      [whole.slice(0, 500), /expected a baseline, got .*JSON/],
      ['[]', /got other JSON/],
      [damage(['schemaVersion'], 99), /got one of schemaVersion 99/],
      [damage(['runs'], []), /got one without runs/],
      [damage(['history'], null), /got one without its history/],
      [damage(['runs', 0, 'validity'], null), /got a run without its validity/],
      [damage(['runs', 0, 'cells'], 3), /got a run without cells/],
      [damage(['runs', 0, 'cells', 0, 'counts'], null), /got cell 0 without its counts/],
      [damage(['runs', 0, 'cells', 0, 'tokens'], {}), /got cell 0 without its count of empty answers/],
      [
        damage(['runs', 0, 'cells', 0, 'metrics', 'ttftMs', 'hdr'], 'HISTx'),
        /got cell 0 with a ttftMs that cannot be read/,
      ],
    ];
    for (const [text, message] of cases) {
      writeFileSync(path, text);
      await expect(readBaseline(into, 'm')).rejects.toThrow(message);
      await expect(readBaseline(into, 'm')).rejects.toThrow(path);
      await expect(readBaseline(into, 'm')).rejects.toMatchObject({ exitCode: 2 });
    }
  });

  it('has a name that leads nowhere else', () => {
    for (const name of ['../x', '', 'a/b', '.hidden']) expect(() => baselinePath('d', name)).toThrow(/expected a name/);
  });

  it('is none where there is no directory', async () => {
    expect(await baselineNames(join(directory(), 'none'))).toEqual([]);
  });
});
