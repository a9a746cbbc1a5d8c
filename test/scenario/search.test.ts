import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../src/scenario/resolve.ts';

/** A scenario whose search stands on its own line, the ninth. */
const text = (search: string, rest = '', stream = true) => `name: s
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads:
  chat:
    kind: text
    prompt: { text: hi }
    output: { maxNewTokens: 8 }
    stream: ${stream}
load: { search: { ${search} } }
${rest}`;

const parse = (yaml: string) =>
  parseScenario({ file: 's.yaml', text: yaml, overrides: [], environment: {} }).scenario.load;

const rate = 'objective: p95(ttftMs) <= 800, over: ratePerS, from: 1, to: 32';
const slots = 'objective: p95(ttftMs) <= 800, over: concurrency, from: 1, to: 100';

describe('a search in a scenario', () => {
  it('has its objective, what it turns, and what the objective needs of requests', () => {
    expect(parse(text(rate))).toMatchObject({
      steps: [],
      search: {
        objective: { metric: 'ttftMs', statistic: 0.95, bound: 800 },
        over: 'ratePerS',
        from: 1,
        to: 32,
        lowest: 1 / 16,
        requests: 600,
        measures: 6,
        load: { kind: 'open', arrivals: 'poisson', ratePerS: 1, whenFull: 'drop' },
      },
    });
    expect(parse(text(rate.replace('p95', 'p99'))).search?.requests).toBe(3000);
    expect(parse(text(slots)).search).toMatchObject({ lowest: 1, load: { kind: 'closed', concurrency: 1 } });
  });

  it.each([
    ['to is not above from', rate.replace('32', '1'), /s\.yaml:9:\d+: expected to above from, got 1 with from: 1/],
    ['from is nothing', rate.replace('from: 1', 'from: 0'), /s\.yaml:9:\d+: expected a number above 0, got 0/],
    [
      'to is beyond the cap',
      slots.replace('100', '130'),
      /expected at most 100, what may be in flight at a model, got 130/,
    ],
    [
      'slots are no whole number',
      slots.replace('from: 1', 'from: 1.5'),
      /expected a whole number of requests in flight, got 1.5/,
    ],
    ['an open loop thinks', `${rate}, thinkTime: 1s`, /s\.yaml:9:\d+: expected no thinkTime in a search over ratePerS/],
    ['a closed loop has arrivals', `${slots}, arrivals: poisson`, /expected no arrivals in a search over concurrency/],
    ['gamma has no cv', `${rate}, arrivals: gamma`, /expected cv beside arrivals: gamma, got nothing/],
    ['it is to replay a trace', `${rate}, trace: t.jsonl`, /trace/],
    [
      'the objective is a mean',
      rate.replace('p95', 'mean'),
      /expected a quantile of a time or a ratio, got "mean\(ttftMs\) <= 800"/,
    ],
    [
      'the objective is a rate',
      rate.replace('p95(ttftMs) <= 800', 'outputTokensPerS >= 100'),
      /expected a quantile of a time or a ratio/,
    ],
    [
      'more load makes it easier',
      rate.replace('<=', '>='),
      /expected an objective that more load makes harder to hold/,
    ],
    ['it has two sides', rate.replace('p95', '100 <= p95'), /expected an objective such as/],
    [
      'its objective names a load',
      rate.replace('p95', '"ratePerS <= 3: p95').replace('800', '800"'),
      /expected no bound on the load/,
    ],
    [
      'it speaks of nobody',
      rate.replace('p95', '"other: p95').replace('800', '800"'),
      /expected an endpoint that other speaks of, got none/,
    ],
    [
      'no share may fail',
      rate.replace('p95(ttftMs) <= 800', 'errorRatio <= 0'),
      /expected a bound between 0 and 1 on errorRatio, got 0/,
    ],
    ['no goodput is set', rate.replace('p95(ttftMs) <= 800', 'goodputRatio >= 0.9'), /expected goodput: .* got none/],
  ])('is refused where %s', (_, search, message) => {
    expect(() => parse(text(search))).toThrow(message);
  });

  it.each([
    [
      'beside steps',
      text(rate).replace('{ search', '{ steps: [{ concurrency: 1, requests: 9 }], search'),
      /s\.yaml:9:\d+: expected steps or a search, got both/,
    ],
    [
      'repeated',
      text(rate).replace('{ search', '{ repetitions: 2, search'),
      /expected 1 repetition with a search, got 2/,
    ],
    ['of all endpoints at once', text(rate, 'order: parallel'), /s\.yaml:10:1: expected no order: parallel/],
    [
      'of one part of a mix, which is searched as a whole',
      text(rate.replace('p95', '"chat: p95').replace('800', '800"')).replace(
        'workloads: [chat]',
        'workloads: [chat, chat], mix: [1, 2]',
      ),
      /expected an endpoint that chat speaks of, got none/,
    ],
    [
      'of a first token in an answer of one piece',
      text(rate, '', false),
      /expected a metric that chat has, got ttftMs/,
    ],
    [
      'of server timings in a stream',
      text(rate.replace('ttftMs', 'queueMs')),
      /expected a metric that chat has, got queueMs/,
    ],
  ])('is refused %s', (_, yaml, message) => {
    expect(() => parse(yaml)).toThrow(message);
  });

  it('may go beyond the cap where the scenario consents', () => {
    expect(parse(text(slots.replace('100', '130'), 'limits: { exceed: true }')).search?.to).toBe(130);
  });

  it('is asked for where there are no steps', () => {
    expect(() => parse(text(rate).replace(/search: .* \}/, 'drain: 1s }'))).toThrow(
      /s\.yaml:9:\d+: expected steps, or a search for the highest load, got neither/,
    );
  });
});
