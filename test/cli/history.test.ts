import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schemaVersion } from '../../src/record/run.ts';
import { type Made, madeRun } from '../analysis/gate/made-runs.ts';
import { commandLine, scratch } from './tgi-bench.ts';

/** A directory with these runs in its `reports/`, an hour apart. */
function withRuns(made: readonly Made[]): string {
  const cwd = scratch();
  mkdirSync(join(cwd, 'reports'));
  for (const [i, given] of made.entries()) {
    const id = given.id ?? `run${i}`;
    const run = { schemaVersion, ...madeRun({ ...given, id }), startedAt: `2026-01-01T0${i}:00:00.000Z` };
    mkdirSync(join(cwd, 'reports', id));
    writeFileSync(join(cwd, 'reports', id, 'run.json'), JSON.stringify(run));
  }
  return cwd;
}

describe('tgi-bench history', () => {
  it('lists the runs, the latest last, and how a number went', async () => {
    const cwd = withRuns([{ id: 'z' }, { id: 'a', slower: 1.5 }]);
    const { stdout, exitCode } = await commandLine(['history'], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout.indexOf('z (2026-01-01 00:00)')).toBeLessThan(stdout.indexOf('a (2026-01-01 01:00)'));
    expect(stdout).toMatch(/hermes\/gpu0 +▁█ +2 +118 +177 +\+50/);
  });

  it('names what is damaged, passes over what is no run, and tells the rest', async () => {
    const cwd = withRuns([{}, {}]);
    const files = {
      cut: '{"schemaVersion":',
      other: '{"schemaVersion":99}',
      hollow: '{"schemaVersion":1,"cells":[{}]}',
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(cwd, 'reports', name));
      writeFileSync(join(cwd, 'reports', name, 'run.json'), text);
    }
    mkdirSync(join(cwd, 'reports', 'gate'));
    writeFileSync(join(cwd, 'reports', 'note.txt'), 'no directory');
    const { stdout, stderr, exitCode } = await commandLine(['history'], { cwd });
    expect(exitCode).toBe(0);
    for (const name of Object.keys(files))
      expect(stderr).toMatch(new RegExp(`^error: .*${name}/run\\.json: expected`, 'm'));
    expect(stderr).not.toMatch(/gate|note/);
    expect(stdout).toContain('2 runs, the latest last.');
  });

  it('keeps to a scenario, a target and a number, and leaves its files', async () => {
    const cwd = withRuns([{}, { slower: 2 }]);
    const args = ['history', '--scenario', 'ma*', '--target', '*gpu0', '--metric', 'p50(tpotMs)', '--out', 'h'];
    const { stdout } = await commandLine(args, { cwd });
    expect(stdout).toMatch(/hermes\/gpu0 +▁█ +2 +10\.0 +20\.0 +\+100 %/);
    expect(readdirSync(join(cwd, 'h')).sort()).toEqual([
      'charts',
      'history.csv',
      'history.html',
      'history.json',
      'history.md',
    ]);
    expect(readFileSync(join(cwd, 'h/history.md'), 'utf8')).toContain('charts/trend-1.svg');
    expect((await commandLine(['history', '--scenario', 'x'], { cwd })).stderr).toMatch(/expected runs of x, got none/);
  });

  it('prints one JSON document with --json and nothing else', async () => {
    const cwd = withRuns([{}, { verdict: 'invalid' }]);
    const { stdout } = await commandLine(['history', '--json'], { cwd });
    const { runs, groups } = JSON.parse(stdout) as { runs: unknown[]; groups: { trends: { points: unknown[] }[] }[] };
    expect(runs).toMatchObject([
      { name: 'run0', validity: 'valid' },
      { name: 'run1', validity: 'invalid' },
    ]);
    expect(groups[0]?.trends[0]?.points).toMatchObject([{ run: 'run0' }, { run: 'run1', leftOut: 'invalid' }]);
  });

  it.each([
    [['history'], 8, 'reports: expected runs, got none that can be read'],
    [['history', 'nowhere'], 2, 'nowhere: expected a directory of run directories, got: ENOENT'],
    [['history', 'reports/one'], 2, 'expected a directory of run directories, got one run'],
    [
      ['history', '--metric', 'p42(ttftMs)'],
      2,
      '--metric: expected one of p50, p90, p95, p99, p99.9, mean or max, got p42',
    ],
  ] as const)('says plainly what is wrong: %j', async (args, code, message) => {
    const cwd = withRuns(args[1] === 'reports/one' ? [{ id: 'one' }] : []);
    const { exitCode, stderr, stdout } = await commandLine(args, { cwd });
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(stderr).toContain(message);
  });
});
