import { describe, expect, it } from 'vitest';
import type { GreedyAsked } from '../../../src/analysis/gate/greedy.ts';
import { type GateOptions, judgeGate } from '../../../src/analysis/gate/judge.ts';
import { defaultPolicy, parsePolicy } from '../../../src/analysis/gate/policy.ts';
import type { Runs } from '../../../src/analysis/gate/subjects.ts';
import { type Made, madeRun, madeRuns, scenarioText } from './made-runs.ts';

const policyOf = (text: string) => parsePolicy({ file: 'gates.yaml', text });
const paired = { kind: 'paired', planned: 5 } as const;

function judge(runs: Runs, options: Partial<GateOptions> = {}) {
  return judgeGate(runs, { policy: defaultPolicy, design: { kind: 'unpaired' }, today: '2026-06-01', ...options });
}

/** The results of the checks of one name. */
function resultsOf(report: ReturnType<typeof judge>, name: string) {
  return report.checks.filter(check => check.name === name).map(({ result }) => result);
}

describe('a gate', () => {
  it('passes a candidate that is the same', () => {
    const report = judge(madeRuns(5));
    expect(report).toMatchObject({ verdict: 'passed', exitCode: 0, allowed: [] });
    expect(report.checks.map(({ result }) => result)).not.toContain('failed');
    expect(report.numbers?.results).toHaveLength(5);
  });

  it('fails one that is 25 % slower, says by how much and between which bounds, and exits 4', () => {
    const report = judge(madeRuns(5, { slower: 1.25 }));
    expect(report).toMatchObject({ verdict: 'regressed', exitCode: 4 });
    const ttft = report.checks.find(({ name }) => name === 'p95(ttftMs)');
    expect(ttft?.result).toBe('failed');
    expect(ttft?.text).toMatch(
      /^\+2[3-7]\.\d % \(95 % bounds \+2\d\.\d % to \+2\d\.\d %\), where \+10\.0 % is allowed$/,
    );
    expect(report.checks.find(({ name }) => name === 'outputTokensPerS')?.text).toMatch(/^−(19|20)\.\d %/);
  });

  it('is open where the noise covers what is allowed, and does then what the policy says', () => {
    const noisy = madeRuns(3, {}, { noise: 0.2 });
    expect(judge(noisy)).toMatchObject({ verdict: 'inconclusive', exitCode: 5 });
    expect(judge(noisy, { policy: policyOf('onInconclusive: pass') })).toMatchObject({
      verdict: 'inconclusive',
      exitCode: 0,
    });
    expect(judge(noisy, { policy: policyOf('onInconclusive: fail') }).exitCode).toBe(4);
  });

  it('cannot judge fewer than three runs a side', () => {
    const report = judge(madeRuns(2, { slower: 3 }));
    expect(report).toMatchObject({ verdict: 'inconclusive', exitCode: 5 });
    expect(report.checks.at(-1)?.text).toContain('expected at least 3 runs a side, got 2');
  });
});

describe('what is asked first', () => {
  it('is whether the generator kept up: INVALID, not slow', () => {
    const runs = madeRuns(5, { slower: 2 });
    const report = judge({ ...runs, candidate: [madeRun({ id: 'bad', verdict: 'invalid' }), ...runs.candidate] });
    expect(report).toMatchObject({ verdict: 'invalid', exitCode: 6 });
    expect(report.numbers).toBeUndefined();
    expect(report.checks[0]?.where).toBe('candidate bad');
  });

  it('is whether a run came to its end', () => {
    for (const status of ['running', 'interrupted', 'failed'] as const) {
      const report = judge({ baseline: [madeRun({ status })], candidate: [madeRun()] });
      expect(report).toMatchObject({ verdict: 'invalid', exitCode: 6 });
    }
    expect(judge({ baseline: [madeRun()], candidate: [madeRun({ status: 'stopped' })] })).toMatchObject({
      verdict: 'wrong answers',
      exitCode: 3,
    });
  });

  it('says of suspect runs that they are, and judges them', () => {
    const report = judge(madeRuns(5, { verdict: 'suspect' }));
    expect(report.exitCode).toBe(0);
    expect(report.checks[0]).toMatchObject({ result: 'warned', text: '10 runs came to their end; 5 runs suspect' });
  });
});

describe('no data', () => {
  it.each([
    { what: 'all failed', made: { failed: 100 }, words: 'expected answers, got none: all of 100 requests failed' },
    { what: 'nothing was measured', made: { requests: 0 }, words: 'expected requests, got none' },
  ] satisfies { what: string; made: Made; words: string }[])('is never a pass: $what', ({ made, words }) => {
    for (const runs of [madeRuns(3, made), { ...madeRuns(3), baseline: [madeRun(made)] }]) {
      const report = judge(runs);
      expect(report).toMatchObject({ verdict: 'no data', exitCode: 8 });
      expect(report.checks.find(({ result }) => result === 'no data')?.text).toContain(words);
    }
  });

  it('is never a pass: no cells', () => {
    const empty = { ...madeRun(), cells: [] };
    expect(judge({ baseline: [empty], candidate: [empty] })).toMatchObject({ verdict: 'no data', exitCode: 8 });
    expect(judge({ baseline: [madeRun()], candidate: [empty] })).toMatchObject({ verdict: 'no data', exitCode: 8 });
  });

  it('is never a pass: a metric that was not measured, or by too few requests', () => {
    const report = judge(madeRuns(3, {}, { both: { requests: 50 } }));
    expect(report).toMatchObject({ verdict: 'no data', exitCode: 8 });
    expect(report.checks.find(({ name }) => name === 'p95(ttftMs)')?.text).toContain(
      'expected a value in every run, got none in baseline b1 and 5 more',
    );
  });

  it('is never a pass: a metric of cells that there are not', () => {
    const policy = policyOf('metrics: [{ metric: "caption: p50(ttftMs)", allowance: 0.1 }]');
    const report = judge(madeRuns(3), { policy });
    expect(report).toMatchObject({ verdict: 'no data', exitCode: 8 });
    expect(report.checks.at(-1)?.text).toBe('expected a cell that it speaks of, got none');
  });

  it('passes neither with onInconclusive: pass', () => {
    expect(judge(madeRuns(3, { failed: 100 }), { policy: policyOf('onInconclusive: pass') }).exitCode).toBe(8);
  });
});

describe('correctness', () => {
  it('fails fast garbage: answers without tokens', () => {
    const report = judge(madeRuns(5, { empty: 10, slower: 0.5 }));
    expect(report).toMatchObject({ verdict: 'wrong answers', exitCode: 3 });
    expect(report.numbers).toBeUndefined();
  });

  it('fails terser answers, and lets those pass that the policy allows', () => {
    expect(judge(madeRuns(5, { outputTokens: 15 }))).toMatchObject({ verdict: 'wrong answers', exitCode: 3 });
    expect(resultsOf(judge(madeRuns(5, { outputTokens: 19 })), 'the length of answers')).toEqual(['passed']);
    const policy = policyOf('answerLength: 0.4');
    expect(resultsOf(judge(madeRuns(5, { outputTokens: 15 }), { policy }), 'the length of answers')).toEqual([
      'passed',
    ]);
  });

  type Answers = readonly (readonly number[])[];
  const answers = (asked: Answers) => ({
    where: 'hermes chat',
    answers: asked.map(tokens => ({ tokens, finishReason: 'length' })),
  });
  const twice: Answers = [
    [1, 2, 3],
    [1, 2, 3],
  ];
  const undecided: Answers = [
    [1, 2, 3],
    [1, 2, 4],
  ];
  const asked = (candidate: Answers, baseline = twice): GreedyAsked => ({
    baseline: [answers(baseline)],
    candidate: [answers(candidate)],
  });
  const greedyResult = (greedy: GreedyAsked, policy = defaultPolicy) =>
    resultsOf(judge(madeRuns(5), { greedy, policy }), 'greedy prompt 1')[0];

  it('fails other answers to greedy prompts, as far as the baseline agrees with itself', () => {
    expect(greedyResult(asked([[1, 2, 3]]))).toBe('passed');
    expect(greedyResult(asked([[1, 2, 4]]))).toBe('failed');
    expect(
      greedyResult(
        asked([
          [1, 2, 3],
          [1, 2],
        ]),
      ),
    ).toBe('failed');
    expect(greedyResult(asked([[1, 2, 3, 4]]))).toBe('failed');
    // The baseline itself goes its own way after two tokens: so may the candidate.
    expect(greedyResult(asked([[1, 2, 9, 9]], undecided))).toBe('passed');
    expect(greedyResult(asked([[1, 9]], undecided))).toBe('failed');
    expect(greedyResult(asked([[5]], [[1], [2]]))).toBe('warned');
    expect(greedyResult(asked([[9]]), policyOf('greedy: warn'))).toBe('warned');
  });

  it('fails another end to the same tokens', () => {
    const ended = { where: 'hermes chat', answers: [{ tokens: [1, 2, 3], finishReason: 'eos_token' }] };
    expect(greedyResult({ ...asked(twice), candidate: [ended] })).toBe('failed');
  });

  it('fails a greedy prompt that only the candidate cannot answer', () => {
    const none = { where: 'hermes chat', answers: [], problem: '500: oh' };
    expect(greedyResult({ ...asked(twice), candidate: [none] })).toBe('failed');
    expect(greedyResult({ baseline: [none], candidate: [none] })).toBe('warned');
    expect(greedyResult({ ...asked(twice), candidate: [] })).toBe('warned');
  });
});

describe('objectives', () => {
  const scenario = (objective: string) => `${scenarioText}objectives: ["${objective}"]\n`;
  const runsWith = (objective: string, count = 5) => madeRuns(count, {}, { both: { scenario: scenario(objective) } });

  it('are judged over all runs of the candidate together', () => {
    expect(judge(runsWith('p99(ttftMs) <= 200')).exitCode).toBe(0);
    expect(resultsOf(judge(runsWith('p99(ttftMs) <= 200', 2)), 'p99(ttftMs) <= 200')).toEqual(['inconclusive']);
  });

  it('that are missed exit 3, whatever the numbers say', () => {
    expect(judge(runsWith('p95(ttftMs) <= 50'))).toMatchObject({ verdict: 'objective missed', exitCode: 3 });
  });
});

describe('numbers', () => {
  it('of requests without an answer are judged as proportions', () => {
    const report = judge(madeRuns(5, { failed: 4 }));
    expect(report).toMatchObject({ verdict: 'regressed', exitCode: 4 });
    expect(report.checks.find(({ name }) => name === 'unanswered')?.text).toContain('+4.00 points');
    expect(resultsOf(judge(madeRuns(5, {}, { both: { failed: 4 } })), 'unanswered')).not.toContain('failed');
  });

  it('that unended requests reach count as at least their bound: a regression, and never a pass', () => {
    const policy = policyOf('unanswered: 0.5\nmetrics: [{ metric: p95(responseTimeMs), allowance: 0.1 }]');
    expect(judge(madeRuns(5, { failed: 10 }), { policy }).verdict).toBe('regressed');
    const backwards = madeRuns(5, { failed: 10 });
    const report = judge({ baseline: backwards.candidate, candidate: backwards.baseline }, { policy });
    expect(resultsOf(report, 'p95(responseTimeMs)')).toEqual(['passed']);
    const both = judge(madeRuns(5, {}, { both: { failed: 10 } }), { policy });
    expect(resultsOf(both, 'p95(responseTimeMs)')).toEqual(['inconclusive']);
  });

  it('that are only to warn never fail a gate', () => {
    const policy = policyOf('metrics: [{ metric: p95(ttftMs), allowance: 0.1, severity: warn }]');
    const report = judge(madeRuns(5, { slower: 1.5 }), { policy });
    expect(report.exitCode).toBe(0);
    expect(resultsOf(report, 'p95(ttftMs)')).toEqual(['warned']);
  });

  it('are better the other way where the policy says so', () => {
    const policy = policyOf('metrics: [{ metric: p95(ttftMs), allowance: 0.1, better: higher }]');
    expect(resultsOf(judge(madeRuns(5, { slower: 1.25 }), { policy }), 'p95(ttftMs)')).toEqual(['passed']);
    expect(resultsOf(judge(madeRuns(5, { slower: 0.8 }), { policy }), 'p95(ttftMs)')).toEqual(['failed']);
  });

  it('that are waived fail no gate until the waiver ends', () => {
    const policy = policyOf(
      'metrics: [{ metric: p95(ttftMs), allowance: 0.1 }]\nwaivers: [{ metric: p95(ttftMs), reason: new tokenizer, until: 2026-06-01 }]',
    );
    const runs = madeRuns(5, { slower: 1.5 });
    const report = judge(runs, { policy });
    expect(report.exitCode).toBe(0);
    expect(report.checks.at(-1)).toMatchObject({ result: 'waived' });
    expect(report.checks.at(-1)?.text).toContain('waived until 2026-06-01: new tokenizer; +');
    const later = judge(runs, { policy, today: '2026-06-02' });
    expect(later.exitCode).toBe(4);
    expect(later.checks.at(-1)?.text).toContain('its waiver ended on 2026-06-01');
  });

  it('of a ratio of which more is better fall for the worse', () => {
    const both = { scenario: `${scenarioText}goodput: { ttftMs: 125 }\n` };
    const policy = policyOf('metrics: [{ metric: goodputRatio, allowance: 0.02 }]');
    expect(resultsOf(judge(madeRuns(5, {}, { both }), { policy }), 'goodputRatio')).toEqual(['passed']);
    const report = judge(madeRuns(5, { slower: 1.1 }, { both }), { policy });
    expect(resultsOf(report, 'goodputRatio')).toEqual(['failed']);
    expect(report.checks.at(-1)?.text).toMatch(/^−\d+\.\d points/);
  });
});

describe('pairs', () => {
  it('are asked for until it is settled', () => {
    const cut = (runs: Runs, count: number): Runs => ({
      baseline: runs.baseline.slice(0, count),
      candidate: runs.candidate.slice(0, count),
    });
    const worse = madeRuns(10, { slower: 1.25 });
    expect(judge(cut(worse, 3), { design: paired })).toMatchObject({ verdict: 'inconclusive', pairsWanted: 5 });
    // 500 requests a side are too few to say that no more than one in a hundred more stays unanswered.
    expect(judge(cut(worse, 5), { design: paired })).toMatchObject({ pairsWanted: 10, exitCode: 5 });
    const report = judge(worse, { design: paired });
    expect(report).toMatchObject({ verdict: 'regressed', exitCode: 4 });
    expect(report.pairsWanted).toBeUndefined();
    expect(report.numbers).toMatchObject({ runs: 5, fresh: 5 });
    expect(report.checks.find(({ name }) => name === 'p95(ttftMs)')?.text).toContain('; confirmed by fresh pairs: +2');
  });

  it('that confirm nothing leave an alarm open', () => {
    const runs = madeRuns(10);
    const alarm = madeRuns(5, { slower: 1.25 });
    const report = judge({ ...runs, candidate: [...alarm.candidate, ...runs.candidate.slice(5)] }, { design: paired });
    expect(report).toMatchObject({ verdict: 'inconclusive', exitCode: 5 });
    expect(report.checks.find(({ name }) => name === 'p95(ttftMs)')?.text).toContain('not confirmed by fresh pairs');
  });

  it('are not gone on with where anything else has failed', () => {
    const report = judge(madeRuns(5, { verdict: 'invalid' }), { design: paired });
    expect(report.pairsWanted).toBeUndefined();
  });
});

describe('runs that are not alike', () => {
  const other = (overrides: Made['overrides'], count = 3) => madeRuns(count, { overrides: overrides ?? [] });

  it('are refused with what differs, and exit 2', () => {
    const runs = other([{ path: ['workloads', 'chat', 'output', 'maxNewTokens'], value: 50 }]);
    expect(() => judge(runs)).toThrow(
      /^scenario: asked\.workloads\.chat\.output\.maxNewTokens: expected 20 as in the baseline, got 50$/,
    );
    expect(() => judge(runs)).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => judge(other([{ path: ['seed'], value: 7 }]))).toThrow(/seed: expected 42/);
    expect(() => judge(other([{ path: ['limits', 'requestTimeout'], value: '10s' }]))).toThrow(/^limits: /);
  });

  it('are compared where the difference is allowed by name, and the report says so', () => {
    const runs = other([{ path: ['seed'], value: 7 }]);
    const report = judge(runs, { policy: policyOf('allow: [seed]') });
    expect(report.allowed).toEqual([{ part: 'seed', where: 'seed', baseline: '42', candidate: '7' }]);
  });

  it('may be of a service of another speed: that is what is compared', () => {
    const runs = other([{ path: ['service', 'embedded', 'speed'], value: 0.8 }]);
    expect(judge(runs).exitCode).toBe(0);
  });

  it('differ by their machine', () => {
    const runs = madeRuns(3);
    const moved = runs.candidate.map(run => ({
      ...run,
      environment: { ...run.environment, host: { ...run.environment.host, cores: 64 } },
    }));
    expect(() => judge({ ...runs, candidate: moved })).toThrow(/^host: cores: expected 2 as in the baseline, got 64$/);
  });
});

describe('a policy', () => {
  it('is refused with every problem and its place', () => {
    const text = `metrics:
  - { metric: p95(ttftms), allowance: 0.1 }
  - { metric: p95(tpotMs), allowance: 10 }
onInconclusive: maybe
waivers: [{ metric: x, reason: y, until: tomorrow }]
`;
    const refused = () => policyOf(text);
    expect(refused).toThrow(/gates\.yaml:2:\d+: expected one of sendLagMs/);
    expect(refused).toThrow(/gates\.yaml:3:\d+: expected a number below 1, got 10/);
    expect(refused).toThrow(/gates\.yaml:4:\d+: expected pass \| fail, got "maybe"/);
    expect(refused).toThrow(/gates\.yaml:5:\d+: expected a date such as 2027-01-31/);
  });

  it('is refused where a waiver waives nothing, or a metric stands twice', () => {
    expect(() => policyOf('waivers: [{ metric: p99(ttftMs), reason: y, until: 2026-01-01 }]')).toThrow(
      /expected one of p95\(ttftMs\) .* unanswered, got "p99\(ttftMs\)"/,
    );
    const twice = 'metrics: [{ metric: p95(tpotMs), allowance: 0.1 }, { metric: p95(tpotMs), allowance: 0.2 }]';
    expect(() => policyOf(twice)).toThrow(/expected each metric once/);
  });

  it('stands where there is none', () => {
    expect(policyOf('')).toEqual(defaultPolicy);
    expect(defaultPolicy.metrics.map(({ metric }) => metric.text)).toEqual([
      'p95(ttftMs)',
      'p95(tpotMs)',
      'p95(responseTimeMs)',
      'outputTokensPerS',
    ]);
  });
});
