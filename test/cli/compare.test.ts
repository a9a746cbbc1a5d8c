import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schemaVersion } from '../../src/record/run.ts';
import { madeRun, madeRuns } from '../analysis/gate/made-runs.ts';
import { commandLine, scratch } from './tgi-bench.ts';

/** Files named `run.json`, each in a directory of its name. */
function directoryOf(runs: Readonly<Record<string, unknown>>): string {
  const cwd = scratch();
  for (const [name, run] of Object.entries(runs)) {
    mkdirSync(join(cwd, name));
    if (run === undefined) continue;
    const text = typeof run === 'object' ? JSON.stringify({ schemaVersion, ...run }) : String(run);
    writeFileSync(join(cwd, name, 'run.json'), text);
  }
  return cwd;
}

const whole = JSON.stringify({ schemaVersion, ...madeRun() });
const broken = {
  cut: whole.slice(0, 500),
  other: { ...madeRun(), schemaVersion: 9 },
  empty: undefined,
  none: '[]',
  hollow: {},
};

describe('tgi-bench compare', () => {
  it('tells what regressed in 80 columns, writes its files, and exits 0', async () => {
    const { baseline, candidate } = madeRuns(3, { slower: 1.25, outputTokens: 15 });
    const cwd = directoryOf(Object.fromEntries([...baseline, ...candidate].map(run => [run.id, run])));
    const { exitCode, stdout } = await commandLine(['compare', 'b1,b2,b3', 'c1,c2,c3', '--out', 'o'], { cwd });
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[1]).toMatch(/^Answers differ in length/);
    expect(stdout).toMatch(/^TTFT p95 .*\+2\d\.\d % {2}regressed/m);
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
    expect(readdirSync(join(cwd, 'o')).sort()).toEqual(
      ['charts', 'comparison.csv', 'comparison.html', 'comparison.json', 'comparison.md'].sort(),
    );
    expect(readFileSync(join(cwd, 'o/comparison.md'), 'utf8')).toContain('charts/ttft-ratio.svg');
    expect(readFileSync(join(cwd, 'o/comparison.csv'), 'utf8')).toMatch(/p95\(ttftMs\),lower,.*,regressed,3,/);
  });

  it('names each directory that is no run with its file, tells the rest, and exits 2', async () => {
    const cwd = directoryOf({ a: madeRun(), b: madeRun({ slower: 1.1 }), ...broken });
    const { exitCode, stdout, stderr } = await commandLine(['compare', 'a', 'b', ...Object.keys(broken)], { cwd });
    expect(exitCode).toBe(2);
    expect(stdout).toContain('b against a: 1 condition');
    for (const name of ['cut', 'other', 'none', 'hollow'])
      expect(stderr).toContain(`error: ${cwd}/${name}/run.json: expected`);
    expect(stderr).toContain('error: empty: expected a run directory');
    expect(stderr).not.toContain('fault of tgi-bench');
  });

  it('names a run of a side that cannot be read, and compares with the others', async () => {
    const { baseline, candidate } = madeRuns(3, { slower: 1.25 });
    const cwd = directoryOf({
      ...Object.fromEntries([...baseline, ...candidate].map(run => [run.id, run])),
      ...broken,
    });
    const { exitCode, stdout, stderr } = await commandLine(['compare', 'b1,cut,b2', 'c1,c2,empty,c3'], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`error: ${cwd}/cut/run.json: expected JSON`);
    expect(stderr).toContain('error: empty: expected a run directory');
    expect(stdout).toContain('b1,cut,b2: b1, b2');
    expect(stdout).toContain('Named and not compared');
    expect(stdout).toMatch(/c1,c2,empty,c3 against b1,cut,b2: 1 condition/);
  });

  it('says what to do where no run of the base can be read', async () => {
    const cwd = directoryOf({ a: madeRun(), ...broken });
    const { exitCode, stdout, stderr } = await commandLine(['compare', 'cut', 'a'], { cwd });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`error: ${cwd}/cut/run.json: expected JSON`);
    expect(stderr).toContain('error: cut: nothing is left to compare with; name another run first');
  });

  it('calls a side of many runs by its part, and tells which they are once', async () => {
    const ids = Array.from({ length: 3 }, (_, i) => `20260101T00000${i}Z-a-run-of-a-long-name`);
    const cwd = directoryOf({ ...Object.fromEntries(ids.map(id => [id, madeRun({ id })])), c: madeRun({ id: 'c' }) });
    const { stdout } = await commandLine(['compare', ids.join(','), 'c'], { cwd });
    expect(stdout.split('\n')[0]).toBe('compare · base, 3 runs with c');
    expect(stdout.match(/20260101T000001Z/g)).toHaveLength(1);
  });

  it('refuses another question, unless it is let through without a verdict', async () => {
    const other = madeRun({ overrides: [{ path: ['workloads', 'chat', 'prompt', 'text'], value: 'How?' }] });
    const cwd = directoryOf({ a: madeRun(), b: other });
    const refused = await commandLine(['compare', 'a', 'b'], { cwd });
    expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('b: scenario: asked.workloads.chat.prompt.text: expected Why?');
    const all = await commandLine(['compare', 'a', 'b', '--allow', 'scenario'], { cwd });
    expect(all.exitCode).toBe(0);
    expect(all.stdout).toContain('compared all the same');
  });

  it('says of an invalid run so first, and exits 6; of one with a single endpoint that there is nothing to compare', async () => {
    const cwd = directoryOf({ a: madeRun(), b: madeRun({ verdict: 'invalid' }) });
    const { exitCode, stdout } = await commandLine(['compare', 'a', 'b'], { cwd });
    expect([exitCode, stdout.split('\n')[1]]).toEqual([6, expect.stringMatching(/^INVALID/)]);
    expect((await commandLine(['compare', 'a'], { cwd })).exitCode).toBe(8);
  });
});
