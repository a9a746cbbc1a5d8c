import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import { parseScenario, type ScenarioSource } from '../../src/scenario/resolve.ts';
import { parseSetArgument } from '../../src/schema/set-argument.ts';

/** The least a scenario can be; more is added below it. */
const least = `name: least
targets:
  - { model: m, gpus: [0], workloads: [chat] }
workloads:
  chat:
    kind: text
    prompt: { tokens: 128 }
    output: { maxNewTokens: 16 }
load:
  steps:
    - { concurrency: 1, requests: 5 }
`;

type Source = Partial<ScenarioSource>;

const parse = (text: string, source: Source = {}) =>
  parseScenario({ file: 's.yaml', text, overrides: [], environment: {}, ...source });
const scenarioOf = (text: string, source: Source = {}) => parse(text, source).scenario;

/** The problems a scenario is refused with, a line each. */
function problems(text: string, source: Source = {}): string[] {
  try {
    parse(text, source);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message.split('\n');
  }
  return [];
}

/** The one problem of a scenario. */
function problem(text: string, source: Source = {}): string {
  const found = problems(text, source);
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

describe('a scenario', () => {
  it('has everything filled in that the file leaves out', () => {
    expect(scenarioOf(least)).toMatchObject({
      name: 'least',
      seed: 42,
      service: {
        url: 'embedded',
        protocol: 'tgi',
        headerNames: [],
        embedded: { gpu: 'A100-80G', fidelity: 'documented', speed: 1 },
        imageSyntax: 'tag',
      },
      targets: [{ name: 'm/gpu0', model: 'm', gpu: 0, path: '/m/gpu0/generate', workloads: ['chat'] }],
      limits: { concurrentPerModel: 100, requestTimeoutMs: 30_000 },
      workloads: {
        chat: { kind: 'text', prompt: { tokens: 128 }, output: { maxNewTokens: 16 }, parameters: {}, stream: true },
      },
      load: {
        drainMs: 30_000,
        repetitions: 1,
        floor: false,
        steps: [
          {
            index: 0,
            load: { kind: 'closed', concurrency: 1, thinkTimeMs: 0, per: 'endpoint' },
            end: { requests: 5 },
            warmup: { turnovers: 1 },
            order: 'interleaved',
            driver: 'auto',
          },
        ],
      },
      objectives: [],
    });
  });

  it('has an endpoint for each GPU of a model, at the documented path', () => {
    const text = least.replace('model: m, gpus: [0]', 'model: llava-v1.6-mistral-7b-tgi, gpus: [0, 3]');
    expect(scenarioOf(text).targets.map(({ name, gpu, path }) => [name, gpu, path])).toEqual([
      ['llava-v1.6-mistral-7b-tgi/gpu0', 0, '/llava-v1.6-mistral-7b-tgi/gpu0/generate'],
      ['llava-v1.6-mistral-7b-tgi/gpu3', 3, '/llava-v1.6-mistral-7b-tgi/gpu3/generate'],
    ]);
  });

  it('takes the URL of an endpoint verbatim', () => {
    const url = 'https://h2:8443/some/path/generate';
    const text = `${least.replace('model: m, gpus: [0]', `name: big, url: "${url}", token: "\${T2}", devices: ["h2:0-3"]`)}`;
    const { scenario, secrets } = parse(text, { environment: { T2: 'other' } });
    expect(scenario.targets[0]).toMatchObject({ name: 'big', url, devices: ['h2:0-3'] });
    expect([...secrets.tokens]).toEqual([['big', 'other']]);
  });

  it('makes a step of each value of a list', () => {
    const steps = scenarioOf(
      least.replace(
        '    - { concurrency: 1, requests: 5 }',
        `    - { concurrency: [1, 8], requests: 300, atMost: 60s }
    - { ratePerS: [2.5, 5], duration: 1m, maxInFlight: 100, whenFull: queue, order: parallel, warmup: 5s }
    - { concurrency: 4, duration: 20s, thinkTime: 250ms, per: model }`,
      ),
    ).load.steps;
    const end = { requests: 300, durationMs: 60_000 };
    const open = { kind: 'open', arrivals: 'poisson', maxInFlight: 100, whenFull: 'queue' };
    expect(steps).toEqual([
      {
        index: 0,
        load: { kind: 'closed', concurrency: 1, thinkTimeMs: 0, per: 'endpoint' },
        end,
        warmup: { turnovers: 1 },
        order: 'interleaved',
        driver: 'auto',
      },
      {
        index: 1,
        load: { kind: 'closed', concurrency: 8, thinkTimeMs: 0, per: 'endpoint' },
        end,
        warmup: { turnovers: 1 },
        order: 'interleaved',
        driver: 'auto',
      },
      {
        index: 2,
        load: { ...open, ratePerS: 2.5 },
        end: { durationMs: 60_000 },
        warmup: 5_000,
        order: 'parallel',
        driver: 'auto',
      },
      {
        index: 3,
        load: { ...open, ratePerS: 5 },
        end: { durationMs: 60_000 },
        warmup: 5_000,
        order: 'parallel',
        driver: 'auto',
      },
      {
        index: 4,
        load: { kind: 'closed', concurrency: 4, thinkTimeMs: 250, per: 'model' },
        end: { durationMs: 20_000 },
        warmup: { turnovers: 1 },
        order: 'interleaved',
        driver: 'auto',
      },
    ]);
  });

  it('drops what is full unless the file says to queue', () => {
    const [step] = scenarioOf(least.replace('concurrency: 1, requests', 'ratePerS: 1, requests')).load.steps;
    expect(step?.load).toEqual({ kind: 'open', arrivals: 'poisson', ratePerS: 1, whenFull: 'drop' });
  });

  it('reads limits, goodput, objectives and the stop rule', () => {
    const scenario = scenarioOf(`${least}limits: { requestTimeout: 45s, maxInputTokens: 2048, concurrentPerModel: 8 }
goodput: { ttftMs: 800, tpotMs: 100 }
objectives: ["chat: p95(ttftMs) <= 800", "errorRatio <= 0.01"]
stopIf: "errorRatio > 0.2 for 15s"
`);
    expect(scenario.limits).toEqual({ concurrentPerModel: 8, requestTimeoutMs: 45_000, maxInputTokens: 2048 });
    expect(scenario.goodput).toEqual({ ttftMs: 800, tpotMs: 100 });
    expect(scenario.objectives.map(objective => objective.metric)).toEqual(['ttftMs', 'errorRatio']);
    expect(scenario.stopIf).toMatchObject([{ ends: 'step', ratio: 'errorRatio', bound: 0.2, forMs: 15_000 }]);
  });

  it('goes beyond the documented limit only where the file consents', () => {
    expect(scenarioOf(`${least}limits: { concurrentPerModel: 200, exceed: true }`).limits.concurrentPerModel).toBe(200);
    expect(scenarioOf(`${least}limits: { exceed: true }`).limits.concurrentPerModel).toBeUndefined();
    expect(scenarioOf(`${least}limits: { concurrentPerModel: 100 }`).limits.concurrentPerModel).toBe(100);
  });

  it('drops a slash at the end of the URL, for paths begin with one', () => {
    expect(scenarioOf(`${least}service: { url: "http://h:8000//" }`, { token: 't' }).service.url).toBe('http://h:8000');
  });
});

describe('a bad scenario', () => {
  it('lists every problem of its shape at once, each with line, column and what would be right', () => {
    const text = `name: bad name
sed: 7
service: { imageSyntax: html }
targets:
  - { model: m, gpus: [zero], workloads: [chat] }
workloads:
  chat:
    kind: text
    promt: { tokens: 128 }
    prompt: { tokens: 0 }
    output: { maxNewTokens: 16 }
    parameters: { top_p: 1, temprature: 0.7 }
load:
  drain: 30
  steps:
    - { ratePerS: -5, duration: 10s }
    - { concurrency: [1, 0], duration: 10 s }
    - { concurrency: 8, duration: ten }
objectives: ["p95(ttft) <= 800"]
stopIf: always
`;
    expect(problems(text).map(line => /^s\.yaml:(\d+:\d+): expected .*, got /.exec(line)?.[1])).toEqual(
      expect.arrayContaining([
        '1:1',
        '2:1',
        '3:12',
        '5:24',
        '9:5',
        '10:15',
        '12:19',
        '12:29',
        '14:3',
        '16:9',
        '17:26',
        '18:25',
        '19:14',
        '20:1',
      ]),
    );
    expect(problems(text)).toHaveLength(14);
  });

  it('lists every problem between its parts at once', () => {
    const text = `name: bad
targets:
  - { model: m, gpus: [0, 0], workloads: [chta] }
  - { gpus: [1], workloads: [chat] }
workloads:
  chat:
    kind: text
    prompt: {}
    images: { generate: { width: 336, height: 336 } }
    output: { maxNewTokens: { kind: uniform, min: 9, max: 8 } }
  caption:
    kind: vlm
    prompt: { text: a, tokens: 1 }
    output: { maxNewTokens: 16 }
    parameters: { best_of: 2 }
load:
  steps:
    - { concurrency: 1, ratePerS: 2, requests: 5 }
    - { concurrency: 1 }
    - { concurrency: 1, requests: 5, maxInFlight: 3 }
    - { ratePerS: 1, duration: 5s, thinkTime: 1s, atMost: 3s }
limits: { concurrentPerModel: 101 }
`;
    const expected = [
      's.yaml:3:43: expected a workload of this file, got "chta" (did you mean chat?)',
      's.yaml:3:5: expected each endpoint once, got m/gpu0 again (give one of them another name)',
      's.yaml:4:5: expected model and gpus, or url, got ',
      's.yaml:8:5: expected one of preset, text, tokens, file, got none',
      's.yaml:9:5: expected no images, as kind is text (set kind: vlm)',
      's.yaml:10:5: expected min of at most max, got 9 and 8',
      's.yaml:11:3: expected images, as kind is vlm',
      's.yaml:13:5: expected one of preset, text, tokens, file, got text and tokens',
      's.yaml:15:19: expected best_of of 1, as stream is true',
      's.yaml:15:19: expected sampling beside best_of, got none',
      's.yaml:18:7: expected one of concurrency (closed loop), ratePerS and trace (open loop)',
      's.yaml:19:7: expected one of requests and duration',
      's.yaml:20:38: expected no maxInFlight in a closed loop',
      's.yaml:21:36: expected no thinkTime in an open loop',
      's.yaml:21:51: expected atMost only beside requests',
      "s.yaml:22:11: expected at most 100, the service's limit, got 101",
    ];
    const found = problems(text);
    for (const beginning of expected) expect(found).toContainEqual(expect.stringContaining(beginning));
    expect(found.filter(line => !expected.some(beginning => line.startsWith(beginning)))).toEqual([]);
  });

  it('lists problems of its shape and between its parts together', () => {
    const found = problems(least.replace('name: least', 'name: least\nsed: 7').replace('[chat]', '[chta]')).join('\n');
    expect(found).toContain('did you mean seed?');
    expect(found).toContain('did you mean chat?');
  });

  it('says which field is missing', () => {
    expect(problem(least.replace('    output: { maxNewTokens: 16 }\n', ''))).toMatch(/^s\.yaml:6:5: .*output/);
  });

  it('names the nearest known field at every depth, also where a field has several forms', () => {
    expect(problem(least.replace('requests: 5', 'requests: 5, concurency: 2'))).toMatch(
      /^s\.yaml:11:38: expected a known field, got "concurency" \(did you mean concurrency\?\)/,
    );
    expect(problem(least.replace('requests: 5', 'requests: 5, warmup: { turnover: 1 }'))).toMatch(
      /^s\.yaml:11:\d+: .*"turnover" .*turnovers/,
    );
    expect(problem(least.replace('tokens: 128', 'tokens: { kind: uniform, min: 1, max: 9, maxx: 9 }'))).toMatch(
      /^s\.yaml:7:\d+: .*"maxx" .*max/,
    );
  });

  it('says which kinds of lengths there are', () => {
    const found = problem(least.replace('tokens: 128', 'tokens: { kind: nrmal, mean: 5, deviation: 1, max: 9 }'));
    expect(found).toMatch(/^s\.yaml:7:\d+: /);
    for (const kind of ['uniform', 'normal', 'lognormal']) expect(found).toContain(kind);
  });

  it('knows no workload but those of the file, whatever else an object may have', () => {
    for (const name of ['toString', 'constructor', '__proto__']) {
      expect(problem(least.replace('[chat]', `[${name}]`))).toMatch(
        /^s\.yaml:3:40: expected a workload of this file, got/,
      );
    }
  });

  it('refuses a negative rate at its place', () => {
    expect(problem(least.replace('concurrency: 1', 'ratePerS: -5'))).toMatch(
      /^s\.yaml:11:9: expected a number above 0.*, got -5/,
    );
  });

  it('refuses more than the documented 100 in flight without consent', () => {
    const found = problem(`${least}limits:\n  requestTimeout: 30s\n  concurrentPerModel: 101\n`);
    expect(found).toMatch(/^s\.yaml:14:3: expected at most 100, .*, got 101 \(.*exceed: true\)/);
  });

  it('reports broken YAML by its place', () => {
    expect(problems('name: x\ntargets: [\nload: }')[0]).toMatch(/^s\.yaml:\d+:\d+: expected YAML, got/);
  });

  it('refuses a duration without a unit', () => {
    expect(problem(`${least}limits: { requestTimeout: 30 }`)).toBe(
      's.yaml:12:11: expected a duration such as 30s, 250ms or 5m, got 30',
    );
  });

  it.each(['images/1', '../x', 'a b', 'ü'])('refuses the model name %j, which cannot stand in a path', name => {
    expect(problem(least.replace('model: m', `model: "${name}"`))).toMatch(/^s\.yaml:3:7: expected a model name/);
  });

  it.each(['localhost:8000', 'ftp://h', 'h', '/path', 'file:///etc/passwd'])('refuses %j as a service', url => {
    expect(problem(`${least}service: { url: "${url}" }`, { token: 't' })).toMatch(
      /^s\.yaml:12:12: expected an http or https URL, got/,
    );
  });

  it('refuses a URL with a name and password in it, without showing them', () => {
    const service = problem(`${least}service: { url: "http://user:hunter2@h:8000" }`, { token: 't' });
    expect(service).toMatch(/^s\.yaml:12:12: expected a URL without a name and password/);
    expect(service).not.toContain('hunter2');
    const target = problems(least.replace('model: m, gpus: [0]', 'url: "http://user:hunter2@h/x"')).join('\n');
    expect(target).toMatch(/^s\.yaml:3:7: expected a URL without a name and password/);
    expect(target).not.toContain('hunter2');
  });
});

describe('a token', () => {
  const remote = `${least}service:\n  url: http://h:8000\n`;

  it('comes from the environment, and stays out of the scenario', () => {
    const { scenario, secrets } = parse(`${remote}  token: \${VALID_TOKEN}\n`, {
      environment: { VALID_TOKEN: 's3cret' },
    });
    expect(secrets.tokens.get('')).toBe('s3cret');
    expect(JSON.stringify(scenario)).not.toContain('s3cret');
  });

  it('that was handed in goes before the one in the file', () => {
    const text = `${remote}  token: \${VALID_TOKEN}\n`;
    expect(parse(text, { environment: { VALID_TOKEN: 'a' }, token: 'b' }).secrets.tokens.get('')).toBe('b');
  });

  it('must be set for a remote service', () => {
    expect(problem(`${remote}  token: \${VALID_TOKEN}\n`)).toMatch(
      /^s\.yaml:14:3: expected the environment variable VALID_TOKEN, got nothing/,
    );
    expect(problem(`${remote}  token: \${VALID_TOKEN:-}\n`)).toMatch(
      /^s\.yaml:14:3: expected a token for http:\/\/h:8000, got nothing \(.*VALID_TOKEN/,
    );
    expect(problem(remote)).toMatch(/^s\.yaml:13:3: expected a token/);
  });

  it('need not be set for the embedded service', () => {
    expect(problems(`${least}service: { url: embedded, token: "\${VALID_TOKEN:-}" }`)).toEqual([]);
  });

  it('is never given to a host it was not meant for', () => {
    const elsewhere = least.replace('model: m, gpus: [0]', 'name: big, url: "http://other:8000/x"');
    expect(problem(`${elsewhere}service: { url: "http://h:8000" }`, { token: 't' })).toMatch(
      /^s\.yaml:3:5: expected a token for http:\/\/other:8000\/x, got nothing/,
    );
    const same = least.replace('model: m, gpus: [0]', 'name: big, url: "http://h:8000/x"');
    expect(problems(`${same}service: { url: "http://h:8000" }`, { token: 't' })).toEqual([]);
  });

  it.each([
    ['of the service', `${remote}  token: hunter2\n`],
    ['of a target', `${least.replace('model: m,', 'model: m, token: hunter2,')}`],
    ['in part', `${remote}  token: "hunter2\${VALID_TOKEN}"\n`],
  ])('%s must not stand in the file, and is not repeated', (_, text) => {
    const found = problems(text, { environment: { VALID_TOKEN: 'x' }, token: 'y' }).join('\n');
    expect(found).toContain('expected a reference to the environment, got a literal');
    expect(found).not.toContain('hunter2');
  });

  it('must not come by way of --set', () => {
    for (const argument of ['service.token=hunter2', 'targets[0].token=hunter2']) {
      const found = problems(least, { overrides: [parseSetArgument(argument)] }).join('\n');
      expect(found).toContain('got a literal');
      expect(found).not.toContain('hunter2');
    }
  });

  it('that cannot stand in a header is refused and not shown', () => {
    for (const token of ['two words', 'line\nfeed', 'töken']) {
      const found = problem(remote, { token });
      expect(found).toContain('expected a token of visible ASCII characters');
      expect(found).not.toContain(token);
    }
  });
});

describe('the environment', () => {
  const environment = { HOST: 'h', MODEL: 'hermes' };

  it('is read in service and targets only', () => {
    const text = `${least.replace('model: m', 'model: "${MODEL}"').replace('chat:\n', 'chat: # ${HOST}\n')}service: { url: "http://\${HOST}:\${PORT:-8000}" }\n`;
    const { service, targets } = scenarioOf(text.replace('prompt: { tokens: 128 }', 'prompt: { text: "${MODEL}" }'), {
      environment,
      token: 't',
    });
    expect(service.url).toBe('http://h:8000');
    expect(targets[0]?.model).toBe('hermes');
    const elsewhere = scenarioOf(least.replace('prompt: { tokens: 128 }', 'prompt: { text: "${MODEL}" }'), {
      environment,
    });
    expect(elsewhere.workloads['chat']?.prompt.text).toBe('${MODEL}');
  });

  it('falls back to a default, as in the documented url', () => {
    expect(scenarioOf(`${least}service:\n  url: \${TGI_URL:-embedded}\n`).service.url).toBe('embedded');
  });
});

describe('--set', () => {
  const set = (...args: string[]) => ({ overrides: args.map(parseSetArgument) });

  it('changes a field, an item of a list, and a field the file leaves out', () => {
    const scenario = scenarioOf(least, set('seed=7', 'load.steps[0].concurrency=[2, 4]', 'limits.requestTimeout=5s'));
    expect(scenario.seed).toBe(7);
    expect(scenario.load.steps.map(step => step.load)).toMatchObject([{ concurrency: 2 }, { concurrency: 4 }]);
    expect(scenario.limits.requestTimeoutMs).toBe(5_000);
  });

  it('is where its problems are said to be', () => {
    expect(problem(least, set('seed=-7'))).toMatch(/^--set seed: expected a number of at least 0, got -7/);
    expect(problem(least, set('load.stepz=1'))).toMatch(/^--set load\.stepz: .*did you mean steps\?/);
    expect(problem(least, set('limits.concurrentPerModel=500'))).toMatch(
      /^--set limits\.concurrentPerModel: expected at most 100/,
    );
    expect(problem(least, set('name.first=x'))).toMatch(/^--set name\.first: /);
  });
});

describe('--target', () => {
  const text = least.replace(
    '  - { model: m, gpus: [0], workloads: [chat] }',
    '  - { model: hermes-2-pro-tgi, gpus: [0, 1], workloads: [chat] }\n  - { model: phi.3-tgi, gpus: [1], workloads: [chat] }',
  );
  const names = (targetGlob: string) => scenarioOf(text, { targetGlob }).targets.map(target => target.name);

  it('chooses endpoints by name, with * and ?', () => {
    expect(names('*')).toHaveLength(3);
    expect(names('hermes*')).toEqual(['hermes-2-pro-tgi/gpu0', 'hermes-2-pro-tgi/gpu1']);
    expect(names('*/gpu1')).toEqual(['hermes-2-pro-tgi/gpu1', 'phi.3-tgi/gpu1']);
    expect(names('phi?3-tgi/gpu?')).toEqual(['phi.3-tgi/gpu1']);
  });

  it('takes every other character as itself', () => {
    expect(names('phi.3-tgi/gpu1')).toEqual(['phi.3-tgi/gpu1']);
    expect(() => names('hermes.2*')).toThrow(HarnessError);
    expect(() => names('hermes')).toThrow(HarnessError);
    expect(() => names('(')).toThrow(HarnessError);
  });

  it('that chooses nothing lists what there is', () => {
    expect(problem(text, { targetGlob: 'llama*' })).toMatch(
      /^s\.yaml:2:1: expected a target that matches "llama\*", got none \(there are: hermes-2-pro-tgi\/gpu0, .*phi\.3-tgi\/gpu1\)/,
    );
  });
});
