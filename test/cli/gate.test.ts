import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GateReport, judgeGate } from '../../src/analysis/gate/judge.ts';
import { defaultPolicy } from '../../src/analysis/gate/policy.ts';
import type { GatedRun, Runs } from '../../src/analysis/gate/subjects.ts';
import { untilSettled } from '../../src/cli/gate-run.ts';
import { schemaVersion } from '../../src/record/run.ts';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import type { LaunchedService } from '../../src/simulator/launch.ts';
import { madeRun, madeRuns } from '../analysis/gate/made-runs.ts';
import { commandLine, documentedService, scenarioText, scratch, until } from './tgi-bench.ts';

/** Run directories as a gate reads them, by their names below a directory of their own. */
function directoryOf(runs: Readonly<Record<string, GatedRun>>): string {
  const cwd = scratch();
  for (const [name, run] of Object.entries(runs)) {
    mkdirSync(join(cwd, name));
    writeFileSync(join(cwd, name, 'run.json'), JSON.stringify({ schemaVersion, ...run }));
  }
  return cwd;
}

const named = ({ baseline, candidate }: ReturnType<typeof madeRuns>) =>
  Object.fromEntries([...baseline, ...candidate].map(run => [run.id, run]));
const sides = ['--baseline', 'b1', 'b2', 'b3', '--candidate', 'c1', 'c2', 'c3'];

describe('tgi-bench gate', () => {
  it('judges runs, writes its files, tells GitHub, and exits 4 for a regression', async () => {
    const cwd = directoryOf(named(madeRuns(3, { slower: 1.25 })));
    const env = { GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'), GITHUB_ACTIONS: 'true' };
    const { exitCode, stdout, stderr } = await commandLine(['gate', ...sides, '--out', 'g'], { cwd, env });
    expect(exitCode).toBe(4);
    expect(stdout).toContain('REGRESSED');
    expect(stderr).toMatch(/^::error title=gate%3A failed::p95\(ttftMs\) at .*: \+2\d\.\d %25 \(95 %25 bounds/m);
    const [gate, markdown, junit] = ['gate.json', 'gate.md', 'junit.xml'].map(name =>
      readFileSync(join(cwd, 'g', name), 'utf8'),
    );
    expect(JSON.parse(gate as string)).toMatchObject({ verdict: 'regressed', exitCode: 4, candidate: 'c1, c2, c3' });
    for (const text of [markdown, junit]) expect(text).toMatch(/p95\(ttftMs\).*\+2\d\.\d %/);
    expect(readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8')).toBe(`${markdown}\n`);
  });

  it('says in a line where it may not write', async () => {
    const cwd = directoryOf(named(madeRuns(3)));
    const { exitCode, stderr } = await commandLine(['gate', ...sides, '--out', '/proc/none/g'], { cwd });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('/proc/none/g: expected to write here, got')]);
  });

  it('prints one JSON document on stdout and nothing else with --json', async () => {
    const cwd = directoryOf(named(madeRuns(3)));
    const { stdout } = await commandLine(['gate', ...sides, '--json'], { cwd });
    expect((JSON.parse(stdout) as GateReport).checks.length).toBeGreaterThan(3);
  });

  it('keeps a baseline with why, judges by its name, and refuses it under its file where it is damaged', async () => {
    const cwd = directoryOf(named(madeRuns(3)));
    const take = await commandLine(['baseline', 'update', 'main', 'b1', 'b2', 'b3', '--reason', 'release 7'], { cwd });
    expect([take.exitCode, take.stdout]).toEqual([0, 'baselines/main.json: rolling, 3 runs']);
    const listed = await commandLine(['baseline', 'list'], { cwd });
    expect(listed.stdout).toMatch(/main +rolling +3 +made .*release 7/);
    const gate = ['gate', '--baseline', 'main', '--candidate', 'c1', 'c2', 'c3'];
    const judged = await commandLine([...gate, '--json'], { cwd });
    expect(JSON.parse(judged.stdout)).toMatchObject({ baseline: 'main', numbers: { runs: 3 } });
    const path = join(cwd, 'baselines/main.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 2000));
    for (const args of [gate, ['baseline', 'list']]) {
      const { exitCode, stderr } = await commandLine(args, { cwd });
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`${path}: expected a baseline, got`);
    }
  });

  it('takes no run into a baseline that nothing should be measured by', async () => {
    const cwd = directoryOf({
      invalid: madeRun({ verdict: 'invalid' }),
      cut: madeRun({ status: 'interrupted' }),
      failed: madeRun({ failed: 100 }),
    });
    for (const [name, words] of [
      ['invalid', 'got an invalid run'],
      ['cut', 'got a run that is interrupted'],
      ['failed', 'got a run without answers'],
      ['none', 'expected a run directory'],
    ] as const) {
      const { exitCode, stderr } = await commandLine(['baseline', 'pin', 'main', name, '--reason', 'x'], { cwd });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)]);
    }
  });

  it.each([
    { what: 'no data', made: { requests: 0 }, code: 8, words: 'nothing was measured' },
    { what: 'all failed', made: { failed: 100 }, code: 8, words: 'all of 100 requests failed' },
    { what: 'a missing metric', made: { requests: 20 }, code: 8, words: 'expected a value in every run' },
    {
      what: 'another scenario',
      made: { overrides: [{ path: ['seed'], value: 1 }] },
      code: 2,
      words: 'seed: expected 42',
    },
    { what: 'an invalid run', made: { verdict: 'invalid' as const }, code: 6, words: 'INVALID, not slow' },
  ])('never passes: $what', async ({ made, code, words }) => {
    const cwd = directoryOf(named(madeRuns(3, made)));
    writeFileSync(join(cwd, 'gates.yaml'), 'onInconclusive: pass\n');
    const { exitCode, stdout, stderr } = await commandLine(['gate', ...sides, '--policy', 'gates.yaml'], { cwd });
    expect(exitCode).toBe(code);
    expect((stdout + stderr).replaceAll(/\s+/g, ' ')).toContain(words);
  });

  it('has a schema for its policy', async () => {
    const { exitCode, stdout } = await commandLine(['schema', 'gates']);
    expect(exitCode).toBe(0);
    const { properties } = JSON.parse(stdout) as { properties: Record<string, unknown> };
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(['metrics', 'unanswered', 'onInconclusive', 'waivers']),
    );
  });

  it('says what is wrong with its arguments, its policy and a cut run', async () => {
    const cwd = directoryOf(named(madeRuns(3)));
    mkdirSync(join(cwd, 'half'));
    writeFileSync(join(cwd, 'half/run.json'), '{"schemaVersion":1,"id":"x"}');
    writeFileSync(join(cwd, 'bad.yaml'), 'metrics: [{ metric: p95(x), allowance: 2 }]\n');
    for (const [args, words] of [
      [['gate'], '--baseline: expected runs, got none'],
      [['gate', ...sides, '--policy', 'none.yaml'], 'none.yaml: expected a policy to read'],
      [['gate', ...sides, '--policy', 'bad.yaml'], 'bad.yaml:1:'],
      [['gate', ...sides, '--allow', 'moon'], '--allow: expected scenario | seed'],
      [['gate', '--baseline', 'half', '--candidate', 'c1'], 'expected a run, got one without scenario'],
      [
        ['gate', '--paired', '--baseline', 'b1', 'b2', '--candidate', 'c1'],
        'expected as many runs a side, got 2 and 1',
      ],
    ] as const) {
      const { exitCode, stderr } = await commandLine(args, { cwd });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)]);
    }
  });
});

describe('tgi-bench gate run', () => {
  const token = 'a-token-of-a-gate';
  let service: LaunchedService;
  beforeAll(async () => {
    service = await documentedService(token, [documentedModel('hermes-2-pro-tgi', [0])], 4);
  });
  afterAll(() => service.stop());

  const policy = `
unanswered: 0.2
metrics: [{ metric: mean(tpotMs), allowance: 0.9 }]
`;
  const gateRun = async (candidateUrl: string, more: readonly string[] = []) => {
    const cwd = scratch();
    writeFileSync(join(cwd, 's.yaml'), scenarioText({ steps: '[{ concurrency: 4, requests: 40, warmup: 0s }]' }));
    writeFileSync(join(cwd, 'gates.yaml'), policy);
    const urls = ['--baseline-url', service.url, '--candidate-url', candidateUrl];
    const args = ['gate', 'run', 's.yaml', ...urls, '--policy', 'gates.yaml', '--out', 'g', ...more];
    return { ...(await commandLine(args, { cwd, env: { VALID_TOKEN: token } })), cwd };
  };

  it('starts and stops the services itself where only one can be there at a time', async () => {
    const port = await freePort();
    const up = `echo up; exec "${process.execPath}" -e "require('node:http').createServer((_, r) => r.end()).listen(${port})"`;
    const { exitCode, stderr, cwd } = await gateRun(service.url, [
      ...['--baseline-up', up, '--candidate-up', 'exit 3', '--ready', `http://127.0.0.1:${port}/`],
    ]);
    // The baseline runs and is gone again; the candidate's command ends before it is ready.
    expect([exitCode, stderr]).toEqual([7, expect.stringContaining('got its end: exit code 3')]);
    expect(readFileSync(join(cwd, 'g/baseline-service.log'), 'utf8')).toBe('up\n');
    expect(readdirSync(join(cwd, 'g'))).toContain('pair-01-baseline');
  });

  it('starts nothing where somebody is there already, who would be measured instead', async () => {
    const up = ['--baseline-up', 'exit 0', '--candidate-up', 'exit 0', '--ready', `${service.url}/health`];
    const { exitCode, stderr } = await gateRun(service.url, up);
    expect([exitCode, stderr]).toEqual([7, expect.stringContaining('expected nobody there')]);
  });

  it('says what it would cost without sending anything', async () => {
    const { exitCode, stdout } = await gateRun('http://127.0.0.1:9', ['--plan']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('5 pairs: 10 runs');
    expect(stdout).toContain('200 requests a side');
  });

  it('ends on Ctrl-C with 130 and what it had', async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, 's.yaml'), scenarioText({ steps: '[{ concurrency: 1, requests: 2000 }]' }));
    const interrupt = new AbortController();
    const urls = ['--baseline-url', service.url, '--candidate-url', service.url];
    const ended = commandLine(['gate', 'run', 's.yaml', ...urls, '--out', 'g'], {
      cwd,
      env: { VALID_TOKEN: token },
      interrupted: interrupt.signal,
    });
    await until(() => readdirSync(cwd).includes('g') && readdirSync(join(cwd, 'g')).length > 0);
    interrupt.abort(130);
    expect((await ended).exitCode).toBe(130);
  });

  it('fails answers that are other than those of the baseline', async () => {
    const liar = createServer((request, response) => {
      if (request.url?.endsWith('/info')) {
        response.end(JSON.stringify({ docker_label: 'simulated' })); // as the baseline, or it would not be compared
        return;
      }
      const body = JSON.stringify({
        generated_text: 'no',
        details: { finish_reason: 'length', generated_tokens: 1, tokens: [{ id: 1 }] },
      });
      request.resume().on('end', () => {
        const isStream = request.headers.accept?.includes('event-stream') ?? false;
        response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
        const event = {
          index: 1,
          token: { id: 1, text: 'no', logprob: 0, special: false },
          ...(JSON.parse(body) as object),
        };
        response.end(isStream ? `data:${JSON.stringify(event)}\n\n` : body);
      });
    });
    await new Promise<void>(resolve => liar.listen(0, '127.0.0.1', resolve));
    const { exitCode, stdout } = await gateRun(`http://127.0.0.1:${(liar.address() as AddressInfo).port}`);
    liar.close();
    expect([3, 6], stdout).toContain(exitCode);
    if (exitCode === 3) expect(stdout).toContain('WRONG ANSWERS');
  });

  it.each([
    {
      args: ['--ready-within', 'soon', '--baseline-up', 'x', '--candidate-up', 'y', '--ready', 'http://h/'],
      words: '--ready-within: expected a duration',
    },
    { args: ['--pairs=2'], words: '--pairs: expected a whole number of at least 3, got 2' },
    { args: ['--baseline-up', 'x'], words: 'expected --baseline-up and --candidate-up together' },
    { args: ['--baseline-up', 'x', '--candidate-up', 'y'], words: '--ready: expected a URL' },
  ])('refuses $args before anything is sent', async ({ args, words }) => {
    const { exitCode, stderr } = await gateRun('http://127.0.0.1:9', args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it('tells with calibrate the noise of one service and proposes what to allow', async () => {
    const cwd = scratch();
    writeFileSync(
      join(cwd, 's.yaml'),
      scenarioText({ steps: '[{ concurrency: 4, requests: 12, warmup: 0s }]', output: 4 }),
    );
    writeFileSync(join(cwd, 'gates.yaml'), 'metrics: [{ metric: mean(tpotMs), allowance: 0.1 }]');
    const args = [
      'calibrate',
      '--gate',
      's.yaml',
      '--url',
      service.url,
      '--policy',
      'gates.yaml',
      '--pairs',
      '3',
      '--out',
      'c',
    ];
    const { exitCode, stdout } = await commandLine(args, { cwd, env: { VALID_TOKEN: token } });
    expect([0, 6], stdout).toContain(exitCode);
    if (exitCode === 0) expect(stdout).toMatch(/mean\(tpotMs\) +[\d.]+ % +\+10\.0 % +(\+[\d.]+ %|–)/);
  });
});

describe('the pairs of a gate', () => {
  it('are made until it is settled, and no more', async () => {
    const runs = madeRuns(10, { slower: 1.25 });
    const made: number[] = [];
    const report = await untilSettled(
      5,
      async (index, wanted) => {
        made.push(wanted);
        return { baseline: runs.baseline[index] as GatedRun, candidate: runs.candidate[index] as GatedRun };
      },
      so => judgeGate(so, { policy: defaultPolicy, design: { kind: 'paired', planned: 5 }, today: '2026-01-01' }),
    );
    expect(made).toEqual([5, 5, 5, 5, 5, 10, 10, 10, 10, 10]);
    expect(report?.verdict).toBe('regressed');
  });

  it('end with the first that shows nothing, and with an interruption', async () => {
    const bad = { baseline: madeRun({ id: 'b' }), candidate: madeRun({ id: 'c', verdict: 'invalid' }) };
    const judge = (runs: Runs) =>
      judgeGate(runs, { policy: defaultPolicy, design: { kind: 'paired', planned: 5 }, today: '2026-01-01' });
    let count = 0;
    const report = await untilSettled(5, async () => (count++ === 0 ? bad : undefined), judge);
    expect([report?.verdict, count]).toEqual(['invalid', 1]);
    expect(await untilSettled(5, async () => undefined, judge)).toBeUndefined();
  });
});

/** A port that nobody listened on a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
