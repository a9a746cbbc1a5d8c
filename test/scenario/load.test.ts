import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import { expand, loadLabel } from '../../src/scenario/expand.ts';
import { type ParsedScenario, parseScenario } from '../../src/scenario/resolve.ts';

/** A file with these steps; its only target asks the workload `chat`. */
const scenario = (steps: string, prompt = '{ tokens: 8 }', more = '') => `name: x
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads:
  chat: { kind: text, prompt: ${prompt}, output: { maxNewTokens: 8 } }
  fixed: { kind: text, prompt: { text: Hi }, output: { maxNewTokens: 8 } }
load:
  steps:
    - ${steps}
${more}`;

const files: Readonly<Record<string, string>> = {
  'good.jsonl': '{"dueMs":500,"inputTokens":9,"outputTokens":3}\n{"dueMs":1500}\n{"dueMs":2500}\n',
  'times.jsonl': '{"dueMs":0}\n{"dueMs":1000}\n',
  'once.jsonl': '{"dueMs":7}\n{"dueMs":7}\n',
  'order.jsonl': '{"dueMs":0}\n{"dueMs":9}\n{"dueMs":3}\n',
  'empty.jsonl': '',
};

function parse(text: string): ParsedScenario {
  const readTrace = (file: string) => {
    const content = files[file];
    if (content === undefined) throw new Error(`ENOENT: no such file or directory, open '${file}'`);
    return { text: content, sha256: `digest of ${file}` };
  };
  return parseScenario({ file: 's.yaml', text, overrides: [], environment: {}, readTrace });
}

const stepOf = (steps: string) => {
  const { load, end } = parse(scenario(steps)).scenario.load.steps[0] ?? {};
  return { load, end };
};
const labelOf = (steps: string) => expand(parse(scenario(steps)).scenario).map(cell => loadLabel(cell.load))[0];

function problems(text: string): string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message.split('\n');
  }
}

const open = { kind: 'open', whenFull: 'drop' };

describe('a step', () => {
  it('has gamma arrivals of a variation, and bursts of a size', () => {
    expect(stepOf('{ ratePerS: 4, arrivals: gamma, cv: 2, duration: 9s }').load).toEqual({
      ...open,
      arrivals: 'gamma',
      cv: 2,
      ratePerS: 4,
    });
    expect(stepOf('{ ratePerS: 4, arrivals: burst, burstSize: 20, requests: 40 }').load).toEqual({
      ...open,
      arrivals: 'burst',
      burstSize: 20,
      ratePerS: 4,
    });
  });

  it('goes from one rate to another over its duration, in a straight line or in steps', () => {
    const ramp = { fromPerS: 1, toPerS: 20, durationMs: 60_000 };
    expect(stepOf('{ ratePerS: { from: 1, to: 20 }, duration: 60s }')).toEqual({
      load: { ...open, arrivals: 'poisson', ratePerS: 10.5, ramp },
      end: { durationMs: 60_000 },
    });
    expect(stepOf('{ ratePerS: { from: 1, to: 20, steps: 5 }, arrivals: constant, duration: 60s }').load).toEqual({
      ...open,
      arrivals: 'constant',
      ratePerS: 10.5,
      ramp: { ...ramp, steps: 5 },
    });
  });

  it('goes from one concurrency to another over its duration', () => {
    expect(stepOf('{ concurrency: { from: 32, to: 4, steps: 3 }, duration: 60s, thinkTime: 1s }').load).toEqual({
      kind: 'closed',
      concurrency: 32,
      ramp: { from: 32, to: 4, steps: 3, durationMs: 60_000 },
      thinkTimeMs: 1_000,
      per: 'endpoint',
    });
  });

  it('shares a ramp of a model among its endpoints', () => {
    const text = scenario('{ concurrency: { from: 2, to: 31 }, duration: 60s, per: model, order: parallel }');
    expect(expand(parse(text).scenario).map(({ load }) => load)).toMatchObject([
      { concurrency: 16, effectiveConcurrency: 16, ramp: { from: 1, to: 16 } },
      { concurrency: 15, effectiveConcurrency: 15, ramp: { from: 1, to: 15 } },
    ]);
  });

  it('keeps a ramp within the limit of its model', () => {
    const text = scenario('{ concurrency: { from: 1, to: 150 }, duration: 60s }');
    const [cell] = expand(parse(text).scenario);
    expect(cell?.load).toMatchObject({ concurrency: 150, effectiveConcurrency: 100, ramp: { from: 1, to: 150 } });
  });

  it('replays a trace at its mean rate, to its end or to where the step cuts it', () => {
    const trace = {
      file: 'good.jsonl',
      sha256: 'digest of good.jsonl',
      longestPrompt: { tokens: 9, line: 1 },
    };
    expect(stepOf('{ trace: good.jsonl }')).toEqual({
      load: { ...open, arrivals: 'trace', ratePerS: 1, trace, timeScale: 1 },
      end: { requests: 3 },
    });
    expect(stepOf('{ trace: good.jsonl, timeScale: 0.25, maxInFlight: 9, whenFull: queue }')).toMatchObject({
      load: { ratePerS: 4, timeScale: 0.25, maxInFlight: 9, whenFull: 'queue' },
    });
    expect(stepOf('{ trace: good.jsonl, requests: 2, atMost: 5s }').end).toEqual({ requests: 2, durationMs: 5_000 });
    expect(stepOf('{ trace: good.jsonl, duration: 2s }')).toMatchObject({
      load: { ratePerS: 1 },
      end: { requests: 2, durationMs: 2_000 },
    });
  });

  it('leaves the requests of a trace out of the scenario, and its digest in', () => {
    const { scenario: parsed, traces } = parse(scenario('{ trace: good.jsonl }'));
    expect(traces.get('good.jsonl')).toHaveLength(3);
    expect(JSON.stringify(parsed)).toContain('digest of good.jsonl');
    expect(JSON.stringify(parsed)).not.toContain('dueMs');
    expect(expand(JSON.parse(JSON.stringify(parsed)))).toEqual(expand(parsed));
  });

  it.each([
    ['{ ratePerS: 2.5, arrivals: gamma, cv: 0.5, duration: 9s }', '2.5/s gamma cv 0.5'],
    ['{ ratePerS: 5, arrivals: burst, burstSize: 20, duration: 9s }', '5/s in bursts of 20'],
    ['{ ratePerS: { from: 1, to: 20 }, duration: 9s }', '1 to 20/s poisson'],
    ['{ ratePerS: { from: 20, to: 1, steps: 4 }, arrivals: constant, duration: 9s }', '20 to 1/s constant in 4 steps'],
    ['{ concurrency: { from: 1, to: 32 }, duration: 9s }', 'concurrency 1 to 32'],
    ['{ concurrency: { from: 1, to: 132, steps: 3 }, duration: 9s }', 'concurrency 1 to 132 in 3 steps (at most 100)'],
    ['{ trace: good.jsonl }', 'trace good.jsonl'],
    ['{ trace: good.jsonl, timeScale: 0.5 }', 'trace good.jsonl × 0.5'],
  ])('%s is called %s', (step, label) => {
    expect(labelOf(step)).toBe(label);
  });
});

describe('a bad step', () => {
  it.each([
    [
      '{ ratePerS: 1, trace: good.jsonl, requests: 1 }',
      ['expected one of concurrency (closed loop), ratePerS and trace'],
    ],
    ['{ ratePerS: 1, arrivals: gamma, duration: 9s }', ['expected cv beside arrivals: gamma, got nothing']],
    ['{ ratePerS: 1, cv: 2, duration: 9s }', ['expected cv only with arrivals: gamma']],
    ['{ ratePerS: 1, arrivals: burst, duration: 9s }', ['expected burstSize beside arrivals: burst, got nothing']],
    [
      '{ ratePerS: 1, arrivals: poisson, burstSize: 2, duration: 9s }',
      ['expected burstSize only with arrivals: burst'],
    ],
    ['{ ratePerS: { from: 1, to: 2 }, requests: 9 }', ['expected duration, as ratePerS goes over it, got requests']],
    ['{ ratePerS: { from: 1, to: 2 } }', ['expected one of requests and duration']],
    ['{ ratePerS: { from: 2, to: 2 }, duration: 9s }', ['expected from and to to differ, got 2 twice']],
    ['{ ratePerS: { from: 0, to: 2 }, duration: 9s }', ['expected a number above 0, got 0']],
    ['{ ratePerS: { form: 1, to: 2 }, duration: 9s }', ['did you mean from?']],
    ['{ concurrency: { from: 1, to: 4, steps: 9 }, duration: 9s }', ['expected at most 4 steps from 1 to 4, got 9']],
    ['{ concurrency: { from: 1, to: 4, steps: 1 }, duration: 9s }', ['expected a number of at least 2, got 1']],
    ['{ concurrency: 1, requests: 9, cv: 2, timeScale: 2 }', ['no cv in a closed loop', 'no timeScale in a closed']],
    ['{ ratePerS: 1, duration: 9s, timeScale: 2 }', ['expected no timeScale in an open loop at a rate']],
    ['{ trace: times.jsonl, arrivals: poisson }', ['expected no arrivals in the replay of a trace']],
    ['{ trace: times.jsonl, thinkTime: 1s }', ['expected no thinkTime in the replay of a trace']],
    ['{ trace: times.jsonl, requests: 2, duration: 2s }', ['expected one of requests and duration']],
    ['{ trace: times.jsonl, requests: 3 }', ['expected at most 2 requests, as many as times.jsonl holds, got 3']],
    ['{ trace: times.jsonl, duration: 1s }', ['expected two requests at different times or more, got 1 within 1.00 s']],
    ['{ trace: once.jsonl }', ['expected two requests at different times or more, got 2']],
    ['{ trace: order.jsonl }', ['order.jsonl:3: expected dueMs of at least 9, that of the line before, got 3']],
    ['{ trace: empty.jsonl }', ['empty.jsonl:1: expected requests, one a line']],
    ['{ trace: none.jsonl }', ["expected a file to read, got: ENOENT: no such file or directory, open 'none.jsonl' ("]],
  ])('%s is refused at its place', (step, expected) => {
    const found = problems(scenario(step));
    expect(found).toHaveLength(expected.length);
    for (const [index, message] of expected.entries()) {
      expect(found[index]).toContain(message);
      expect(found[index]).toMatch(/^s\.yaml:8:\d+: /);
    }
  });

  it('cannot replay the lengths of prompts that are given', () => {
    expect(problems(scenario('{ trace: good.jsonl }', '{ text: Hi }'))).toEqual([
      expect.stringMatching(/^s\.yaml:8:9: expected made-up prompts in workload chat, as good\.jsonl says how long/),
    ]);
    expect(problems(scenario('{ trace: times.jsonl }', '{ text: Hi }'))).toEqual([]);
  });

  it('cannot replay prompts that are longer than the limit', () => {
    expect(problems(scenario('{ trace: good.jsonl }', undefined, 'limits: { maxInputTokens: 8 }'))).toEqual([
      expect.stringContaining('good.jsonl:1: expected at most 8 tokens a prompt, got 9'),
    ]);
  });
});
