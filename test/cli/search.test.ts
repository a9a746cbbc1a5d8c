import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine, exitOf, readRunJson, scratch, until } from './tgi-bench.ts';

const scenario = (to: number) => `
name: test
targets: [{ model: hermes-2-pro-tgi, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 32 }, output: { maxNewTokens: 8 }, stream: true } }
load: { search: { objective: p50(ttftMs) <= 20000, over: ratePerS, from: 10, to: ${to}, requests: 12 } }
`;

describe('a search', () => {
  it('is planned with what it costs at most', async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, 's.yaml'), scenario(40));
    const { exitCode, stdout } = await commandLine(['validate', 's.yaml', '--plan'], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      '1 limit to find, one after another: the highest load that holds p50(ttftMs) <= 20000, from 10 to 40 requests a second',
    );
    expect(stdout).toMatch(/hermes-2-pro-tgi\/gpu0 +chat +≤ 17 +≤ \d+ /);
  });

  it('goes on where it was interrupted, in a run of its own; not with another scenario, nor when it is over', async () => {
    const cwd = scratch();
    const [first, second] = [join(cwd, 'first'), join(cwd, 'second')];
    writeFileSync(join(cwd, 's.yaml'), scenario(40));
    const interrupt = new AbortController();
    const running = commandLine(['run', 's.yaml', '--out', first, '--quiet'], { cwd, interrupted: interrupt.signal });
    const probesOf = (run: string) =>
      existsSync(join(run, 'run.json')) ? (readRunJson(run).searches?.[0]?.probes ?? []) : [];
    await until(() => probesOf(first).length > 0);
    interrupt.abort(130);
    expect((await running).exitCode).toBe(130);
    const before = probesOf(first).length;
    expect(readRunJson(first).searches?.[0]?.kind).toBe('unknown');

    writeFileSync(join(cwd, 'other.yaml'), scenario(41));
    const other = await commandLine(['run', 'other.yaml', '--resume', first, '--out', second], { cwd });
    expect(other).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/expected the scenario of .*, got another load/),
    });

    const { exitCode, stdout } = await commandLine(['run', '--resume', first, '--out', second, '--quiet'], { cwd });
    const run = readRunJson(second);
    expect(exitCode).toBe(exitOf(run));
    expect(run.resumes).toBe(readRunJson(first).id);
    // Where this machine is too slow just then, the limit is its own, and it says so.
    const isKnown = run.searches?.[0]?.kind === 'at least';
    const answer = isKnown ? 'at least 40.0 requests/s (90 %): nothing failed, simulated' : 'chat: unknown, ';
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(answer);
    expect(probesOf(second).filter(probe => probe.run === run.resumes)).toHaveLength(before);
    expect((await commandLine(['report', second], { cwd })).exitCode).toBe(0);
    expect(readRunJson(second)).toEqual(run);

    const again = await commandLine(['run', '--resume', second, '--out', join(cwd, 'third')], { cwd });
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('got one that is over') });
  });
});
