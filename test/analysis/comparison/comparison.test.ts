import { describe, expect, it } from 'vitest';
import { type Comparison, compare } from '../../../src/analysis/comparison/comparison.ts';
import { endpointSides, type Side } from '../../../src/analysis/comparison/side.ts';
import type { GatedRun } from '../../../src/analysis/gate/subjects.ts';
import { type Made, madeRun, madeRuns, scenarioText } from '../gate/made-runs.ts';

const side = (name: string, runs: readonly GatedRun[]): Side => ({ name, runs });
const single = (base: Made, candidate: Made) =>
  compare(side('a', [madeRun({ id: 'a', ...base })]), side('b', [madeRun({ id: 'b', ...candidate })]));
const several = (candidate: Made, { count = 5, noise = 0.01 } = {}) => {
  const runs = madeRuns(count, candidate, { noise });
  return compare(side('a', runs.baseline), side('b', runs.candidate));
};
const numberOf = ({ cells }: Comparison, name: string) => {
  const found = cells[0]?.numbers.find(number => number.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const verdicts = ({ cells }: Comparison) => [...new Set(cells.flatMap(cell => cell.numbers.map(each => each.verdict)))];

describe('compare', () => {
  it('finds a known change within its interval and says what it is for', () => {
    const comparison = several({ slower: 1.25 });
    for (const name of ['TTFT p95', 'response p50']) {
      const { rise, interval, verdict } = numberOf(comparison, name);
      expect(verdict).toBe('regressed');
      expect(Math.expm1(rise as number)).toBeCloseTo(0.25, 1);
      expect(interval?.low).toBeLessThan(Math.log(1.25));
      expect(interval?.high).toBeGreaterThan(Math.log(1.25));
    }
    expect(numberOf(comparison, 'tokens/s')).toMatchObject({ verdict: 'regressed', better: 'higher' });
    expect(numberOf(several({ slower: 0.8 }), 'TTFT p95').verdict).toBe('improved');
  });

  it('calls runs of one and the same thing the same, and what is too noisy unknown', () => {
    expect(verdicts(several({}))).toEqual(['same']);
    expect(verdicts(several({}, { noise: 0.2 }))).toEqual(['unknown']);
  });

  it('gives differences with intervals of the requests and no verdict below three repetitions', () => {
    const comparison = single({}, { slower: 1.25 });
    expect(comparison.cells[0]?.unjudged).toContain('fewer than 3 repetitions');
    const { rise, interval, verdict, longerRatio } = numberOf(comparison, 'TTFT p50');
    expect([verdict, Math.expm1(rise as number)]).toEqual(['unknown', expect.closeTo(0.25, 2)]);
    expect(interval?.low).toBeGreaterThan(0);
    expect(interval?.high).toBeLessThan(Math.log(1.4));
    expect(longerRatio).toBe(1);
    expect(numberOf(comparison, 'tokens/s').interval).toBeNull();
  });

  it('takes repetitions of one run a side for what they are', () => {
    const scenario = scenarioText.replace('load: {', 'load: { repetitions: 3,');
    const comparison = single({ scenario }, { scenario, slower: 1.25 });
    expect(comparison.cells[0]?.repetitions).toBe(3);
    expect(numberOf(comparison, 'TTFT p95').verdict).toBe('regressed');
  });

  it('knows only a bound where requests that never ended reach a quantile', () => {
    const { rise, interval, candidate } = numberOf(several({ failed: 10 }), 'TTFT p95');
    expect(candidate.censored).toBe(true);
    expect(rise).toBeGreaterThan(Math.log(100));
    expect(interval?.high).toBe(Number.POSITIVE_INFINITY);
    const both = numberOf(single({ failed: 10 }, { failed: 10 }), 'TTFT p95');
    expect([both.rise, both.interval]).toEqual([null, null]);
    expect(numberOf(single({ failed: 10 }, {}), 'TTFT p95').interval?.low).toBe(Number.NEGATIVE_INFINITY);
  });

  it('compares shares of requests by their difference', () => {
    const { rise, interval, verdict } = numberOf(several({ failed: 10 }), 'errors');
    expect([rise, verdict]).toEqual([expect.closeTo(0.1, 10), 'regressed']);
    expect(interval?.low).toBeGreaterThan(0.05);
  });

  it('says where the answers are of another length', () => {
    expect(several({}).cells[0]?.lengths.isAlike).toBe(true);
    const { lengths } = several({ outputTokens: 15 }).cells[0] as Comparison['cells'][number];
    expect(lengths).toMatchObject({ isAlike: false, base: { tokens: 20 }, candidate: { tokens: 15 } });
  });

  it('gives no verdict on an invalid run', () => {
    const { baseline, candidate } = madeRuns(3, { slower: 1.25 });
    const comparison = compare(side('a', baseline), side('b', [...candidate, madeRun({ verdict: 'invalid' })]));
    expect([comparison.cells[0]?.unjudged, verdicts(comparison)]).toEqual(['a run is invalid', ['unknown']]);
    expect(numberOf(comparison, 'TTFT p95').interval).not.toBeNull();
  });
});

describe('what is compared with what', () => {
  it('matches conditions by endpoint, workload and load, in whichever order they come, and names those left over', () => {
    const steps = (text: string) => scenarioText.replace('[{ concurrency: 8, requests: 100 }]', text);
    const comparison = single(
      { scenario: steps('[{ concurrency: [2, 8], requests: 100 }]') },
      { scenario: steps('[{ concurrency: [8, 16], requests: 100 }]') },
    );
    expect(comparison.cells.map(({ label }) => label)).toEqual(['hermes/gpu0 chat, concurrency 8']);
    expect(comparison.left).toEqual([
      { label: 'hermes/gpu0 chat, concurrency 2', why: 'only in a' },
      { label: 'hermes/gpu0 chat, concurrency 16', why: 'only in b' },
    ]);
    expect(comparison.refused).toEqual([]);
    expect(comparison.noted).toEqual([expect.stringMatching(/^load: other steps/)]);
  });

  it('refuses another question under the same name, and notes another seed, limit or host', () => {
    const other = scenarioText.replace('Why?', 'How?');
    expect(single({}, { scenario: other }).refused).toMatchObject([{ part: 'scenario', baseline: 'Why?' }]);
    const { refused, noted } = single({}, { scenario: `${scenarioText}seed: 7\nlimits: { requestTimeout: 9s }\n` });
    expect(refused).toEqual([]);
    expect(noted).toEqual([expect.stringMatching(/^seed: .* \| 7$/), 'limits: requestTimeoutMs: 30000 | 9000']);
  });

  it('refuses a model beside a GPU', () => {
    const real = madeRun();
    const { environment } = real;
    const modelled = { ...real, environment: { ...environment, service: { ...environment.service, simulated: true } } };
    expect(compare(side('a', [real]), side('b', [modelled])).refused).toMatchObject([{ part: 'gpu' }]);
  });

  it('compares other hardware only where the revision is known to be the same', () => {
    const on = (gpu: string, sha?: string): GatedRun => {
      const run = madeRun({ overrides: [{ path: ['service', 'embedded', 'gpu'], value: gpu }] });
      const info = sha === undefined ? null : { model_id: 'm', model_sha: sha };
      return { ...run, environment: { ...run.environment, service: { url: 'embedded', simulated: true, info } } };
    };
    const pair = (a?: string, b?: string) => compare(side('a', [on('A100-80G', a)]), side('b', [on('H100-80G', b)]));
    expect(pair('1', '1').cells).toHaveLength(1);
    for (const unlike of [pair('1', '2'), pair()]) {
      expect(unlike.cells).toEqual([]);
      expect(unlike.left[0]?.why).toContain('the revision of the model');
    }
  });

  it('lays the endpoints of one model side by side, repetition by repetition', () => {
    const scenario = scenarioText.replace('gpus: [0]', 'gpus: [0, 1, 2]').replace('load: {', 'load: { repetitions: 3,');
    const [group] = endpointSides(madeRun({ scenario }));
    expect(group?.map(({ name }) => name)).toEqual(['hermes/gpu0', 'hermes/gpu1', 'hermes/gpu2']);
    const comparison = compare(group?.[0] as Side, group?.[1] as Side);
    expect(comparison.cells.map(({ label }) => label)).toEqual(['chat, concurrency 8']);
    expect(verdicts(comparison)).toEqual(['same']);
    expect(endpointSides(madeRun())).toEqual([]);
  });
});
