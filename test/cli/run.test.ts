import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outcomeKinds } from '../../src/protocol/outcome.ts';
import type { GeneratorSample } from '../../src/record/run.ts';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import {
  commandLine,
  documentedService,
  exitOf,
  readLines,
  readRunJson,
  scenarioText,
  scratch,
  tgiBench,
  until,
} from './tgi-bench.ts';

const smoke = resolve('scenarios/smoke.yaml');
const overLimit = resolve('scenarios/over-limit.yaml');

describe('tgi-bench run', () => {
  it('runs the smoke scenario on the embedded service and leaves a whole run directory', async () => {
    const cwd = scratch();
    const { exitCode, stdout } = await tgiBench(['run', smoke], { cwd });
    const [id] = readdirSync(join(cwd, 'reports'));
    const directory = join(cwd, 'reports', id as string);
    expect(stdout).toContain(`report: reports/${id}/report.html`);
    expect(readdirSync(directory).sort()).toEqual([
      'charts',
      'generator.jsonl',
      'gpu.jsonl',
      'report.html',
      'report.md',
      'requests.csv',
      'requests.jsonl',
      'run.json',
      'scenario.yaml',
      'server.jsonl',
      'summary.csv',
      'timeline.csv',
    ]);

    const run = readRunJson(directory);
    expect(exitCode).toBe(exitOf(run));
    expect(run).toMatchObject({
      schemaVersion: 1,
      id,
      status: 'complete',
      unaccounted: 0,
      environment: { service: { simulated: true } },
    });
    expect(run.cells.map(cell => cell.load)).toEqual([
      { kind: 'closed', concurrency: 1, effectiveConcurrency: 1, thinkTimeMs: 0 },
      { kind: 'closed', concurrency: 4, effectiveConcurrency: 4, thinkTimeMs: 0 },
    ]);
    for (const cell of run.cells) {
      const { due, ...counts } = cell.counts;
      expect(Object.keys(counts).sort()).toEqual([...outcomeKinds].sort());
      expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(due);
      expect(due).toBe(10);
      expect(cell.metrics.ttftMs.p50).toBeGreaterThan(0);
      expect(cell.metrics.ttftMs.p99).toBeNull();
    }
    expect(readFileSync(join(directory, 'report.md'), 'utf8')).toContain('Simulated');

    // The same numbers, to the last digit, when they are made again from the records.
    const again = await tgiBench(['report', id as string], { cwd });
    expect(again.exitCode).toBe(0);
    expect(readRunJson(directory).cells).toEqual(run.cells);
  });

  it('counts what a model refuses beyond its limit, loses nothing, and the model never serves more than 100', async () => {
    const token = 'a-token-of-this-test';
    const service = await documentedService(token, [documentedModel('hermes-2-pro-tgi', [0])]);
    const out = join(scratch(), 'run');
    const { exitCode } = await tgiBench(['run', overLimit, '--out', out, '--set', 'load.steps[0].duration=2s'], {
      env: { TGI_URL: service.url, VALID_TOKEN: token },
    });
    const statistics = await service.statistics();
    await service.stop();
    const run = readRunJson(out);
    expect(exitCode).toBe(exitOf(run));
    const [cell] = run.cells;
    expect((cell?.counts.rate_limited ?? 0) + (cell?.counts.overloaded ?? 0)).toBeGreaterThan(0);
    expect(cell?.counts.ok).toBeGreaterThan(0);
    expect(run.unaccounted).toBe(0);
    expect(statistics.models[0]?.maxInService).toBe(100);
    const records = readLines(join(out, 'requests.jsonl'));
    const last = readLines<GeneratorSample>(join(out, 'generator.jsonl')).at(-1);
    expect(last).toMatchObject({ sent: records.length, ended: records.length, inFlight: 0 });
    const refusals = records.filter(record => record.outcome.status === 429);
    expect(refusals.length).toBeGreaterThan(0);
    expect(
      readFileSync(join(out, 'run.json'), 'utf8') +
        readFileSync(join(out, 'requests.jsonl'), 'utf8') +
        readFileSync(join(out, 'scenario.yaml'), 'utf8'),
    ).not.toContain(token);
  });

  it('ends where its own rule says so, with the reports, and exits 3', async () => {
    const cwd = scratch();
    const steps = '[{ concurrency: 4, duration: 60s }, { concurrency: 8, duration: 60s }]';
    const rule = 'run: errorRatio > 0.5 for 500ms';
    const service = '{ url: embedded, embedded: { faults: [{ kind: status, status: 503, from: 2s }] } }';
    writeFileSync(join(cwd, 's.yaml'), scenarioText({ steps, service, rest: `stopIf: "${rule}"` }));
    const { exitCode, stdout } = await tgiBench(['run', 's.yaml', '--out', 'run'], { cwd });
    const run = readRunJson(join(cwd, 'run'));
    expect(run).toMatchObject({ status: 'stopped', stopRule: rule, unaccounted: 0 });
    // Where the machine was so slow that the service failed before anything was measured there is no data either.
    expect(exitCode).toBe(run.cells[0]?.counts.ok === 0 ? 8 : exitOf(run) || 3);
    expect(stdout).toContain(`STOPPED: stopIf ended the run before its end: ${rule}`);
    expect(run.cells).toHaveLength(1);
    const again = await tgiBench(['report', 'run'], { cwd });
    expect(again.exitCode).toBe(0);
    expect(readRunJson(join(cwd, 'run'))).toEqual(run);
  });

  it('ends a phase on Ctrl-C, writes the reports and exits 130', async () => {
    const cwd = scratch();
    writeFileSync(
      join(cwd, 's.yaml'),
      scenarioText({ steps: '[{ concurrency: 4, duration: 60s }, { concurrency: 8, duration: 60s }]' }),
    );
    const child = tgiBench(['run', 's.yaml', '--out', 'run'], { cwd });
    await until(
      () =>
        existsSync(join(cwd, 'run/requests.jsonl')) &&
        readFileSync(join(cwd, 'run/requests.jsonl'), 'utf8').includes('"measured"'),
    );
    child.kill('SIGINT');
    const { exitCode } = await child;
    expect(exitCode).toBe(130);
    const run = readRunJson(join(cwd, 'run'));
    expect(run.status).toBe('interrupted');
    expect(run.cells).toHaveLength(1);
    expect(run.cells[0]?.counts.ok).toBeGreaterThan(0);
    expect(readFileSync(join(cwd, 'run/report.md'), 'utf8')).toContain('INTERRUPTED');
  });

  it('survives SIGKILL: every complete line parses, and report makes the reports again and counts what never ended', async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, 's.yaml'), scenarioText({ steps: '[{ concurrency: 8, duration: 60s }]', output: 32 }));
    const child = tgiBench(['run', 's.yaml', '--out', 'run'], { cwd });
    const generator = join(cwd, 'run/generator.jsonl');
    await until(() => existsSync(generator) && readFileSync(generator, 'utf8').split('\n').length > 4);
    child.kill('SIGKILL');
    await child;
    const records = readLines(join(cwd, 'run/requests.jsonl'));
    const samples = readLines<GeneratorSample>(generator);
    expect(records.length).toBeGreaterThan(0);
    expect(readRunJson(join(cwd, 'run')).status).toBe('running');

    const { exitCode, stdout } = await tgiBench(['report', 'run'], { cwd });
    expect(exitCode).toBe(0);
    const run = readRunJson(join(cwd, 'run'));
    expect(run.status).toBe('interrupted');
    expect(run.unaccounted).toBe((samples.at(-1)?.sent ?? 0) - records.length);
    expect(run.unaccounted).toBeGreaterThan(0);
    expect(stdout).toContain('sent and never ended');
    expect(run.cells[0]?.counts.ok).toBe(
      records.filter(record => record.phase === 'measured' && record.outcome.kind === 'ok').length,
    );
  });

  it('needs no scenario file, and prints one JSON document on stdout and nothing else with --json', async () => {
    const { stdout, exitCode } = await tgiBench([
      'run',
      '--model',
      'my-llava',
      '--gpu',
      '3',
      '--vlm',
      '--concurrency',
      '1,2',
      '--requests',
      '3',
      '--json',
      '--set',
      'workloads.prompt.output.maxNewTokens=4',
    ]);
    const run = JSON.parse(stdout) as ReturnType<typeof readRunJson>;
    expect(exitCode).toBe(exitOf(run));
    expect(run.cells.map(cell => [cell.target.name, cell.counts.ok])).toEqual([
      ['my-llava/gpu3', 3],
      ['my-llava/gpu3', 3],
    ]);
  });
});

describe('tgi-bench run on bad input', () => {
  const remote = '{ url: "http://127.0.0.1:1", token: "${VALID_TOKEN:-}" }';
  const step = '[{ concurrency: 1, requests: 1 }]';
  const cases: readonly {
    name: string;
    text?: string;
    args?: string[];
    env?: Record<string, string>;
    /** In a process of its own, as a user starts it; the others need none. */
    starts?: true;
    code: number;
    says: RegExp;
  }[] = [
    { name: 'a missing file', args: ['nowhere.yaml'], code: 2, says: /nowhere\.yaml: expected a file to read/ },
    { name: 'broken YAML', text: 'name: [', code: 2, says: /s\.yaml:\d+:\d+: expected YAML/ },
    {
      name: 'an unknown field',
      text: scenarioText({ steps: '[{ concurency: 1, requests: 1 }]' }),
      code: 2,
      says: /s\.yaml:6:19: expected a known field, got "concurency" \(did you mean concurrency\?\)/,
    },
    {
      name: 'a negative rate',
      text: scenarioText({ steps: '[{ ratePerS: -3, requests: 1 }]' }),
      code: 2,
      says: /expected a number above 0/,
    },
    {
      name: 'a cap above 100',
      text: scenarioText({ steps: step, rest: 'limits: { concurrentPerModel: 130 }' }),
      code: 2,
      says: /expected at most 100.*exceed: true/,
    },
    {
      name: 'no token for a remote service',
      text: scenarioText({ steps: step, service: remote }),
      code: 2,
      says: /expected a token for http:\/\/127\.0\.0\.1:1.*VALID_TOKEN/,
    },
    {
      name: 'an unset variable',
      text: scenarioText({ steps: step, service: '{ url: "http://127.0.0.1:1", token: "${VALID_TOKEN}" }' }),
      code: 2,
      says: /expected the environment variable VALID_TOKEN/,
    },
    {
      name: 'a service that is not there',
      text: scenarioText({ steps: step, service: remote }),
      env: { VALID_TOKEN: 'x' },
      code: 7,
      says: /http:\/\/127\.0\.0\.1:1: expected a service to answer, got: .*ECONNREFUSED/,
    },
    {
      name: 'a GPU that is gone',
      text: scenarioText({ steps: step, service: '{ embedded: { faults: [{ kind: gpu_gone }] } }' }),
      starts: true,
      code: 7,
      says: /expected an answer, got 503.*3 times/,
    },
    {
      name: 'no number of threads',
      args: ['--threads', '0'],
      code: 2,
      says: /--threads: expected auto or a whole number/,
    },
    { name: 'an unknown option', args: ['--concurency', '3'], starts: true, code: 2, says: /Unknown argument/ },
  ];
  for (const { name, text, args, env, starts, code, says } of cases) {
    it(`says in one line what is wrong with ${name} and leaves nothing behind`, async () => {
      const cwd = scratch();
      if (text !== undefined) writeFileSync(join(cwd, 's.yaml'), text);
      const call = starts ? tgiBench : commandLine;
      const { exitCode, stderr, stdout } = await call(['run', ...(args ?? ['s.yaml'])], { cwd, env: env ?? {} });
      expect(stderr).toMatch(says);
      expect(exitCode).toBe(code);
      expect(stderr).not.toMatch(/^ +at /m);
      expect(stdout).toBe('');
      expect(existsSync(join(cwd, 'reports'))).toBe(false);
    });
  }

  it('stops at the first 401, having sent one request, and never shows the token', async () => {
    let requests = 0;
    const server = createServer((request, response) => {
      requests++;
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(JSON.stringify({ detail: `Invalid token ${request.headers.authorization}` }));
    });
    await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const cwd = scratch();
    writeFileSync(
      join(cwd, 's.yaml'),
      scenarioText({ steps: '[{ concurrency: 50, requests: 100 }]', service: `{ url: "${url}" }` }),
    );
    const { exitCode, stderr } = await tgiBench(['run', 's.yaml'], { cwd, env: { VALID_TOKEN: 'a-wrong-secret' } });
    server.close();
    expect(exitCode).toBe(7);
    expect(stderr).toMatch(/expected the token to be accepted, got 401/);
    expect(stderr).not.toContain('a-wrong-secret');
    expect(requests).toBe(1);
    expect(existsSync(join(cwd, 'reports'))).toBe(false);
  });

  it('refuses to write over a directory that holds anything', async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, 'kept'));
    writeFileSync(join(cwd, 'kept/file'), 'mine');
    const { exitCode, stderr } = await commandLine(['run', smoke, '--out', 'kept'], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/expected a new or empty directory/);
    expect(readdirSync(join(cwd, 'kept'))).toEqual(['file']);
  });
});

describe('tgi-bench validate', () => {
  it('says what a scenario would do without sending anything', async () => {
    const { exitCode, stdout } = await commandLine(['validate', '--plan', resolve('scenarios/default.yaml')]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/15 cells in 13 stages/);
    expect(stdout).toMatch(/at most 100 in flight/);
  });

  it('accepts every scenario that is shipped', async () => {
    const files = readdirSync('scenarios')
      .filter(file => file.endsWith('.yaml') && !file.endsWith('.example.yaml'))
      .map(file => resolve('scenarios', file));
    const { exitCode, stderr } = await commandLine(['validate', ...files]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('keeps the schema file in step with the program', async () => {
    const { stdout } = await commandLine(['schema']);
    expect(JSON.parse(readFileSync('scenario.schema.json', 'utf8'))).toEqual(JSON.parse(stdout));
  });
});
