import { describe, expect, it } from 'vitest';
import { presetKnobs } from '../../../src/analysis/capacity/engine-replay.ts';
import { trialCriteria, tryRate } from '../../../src/analysis/capacity/virtual-trial.ts';
import { type TrialEngine, type Variant, whatIf } from '../../../src/analysis/capacity/what-if.ts';
import { parseObjective } from '../../../src/scenario/objective.ts';
import { limits } from './measured-run.ts';

const engine = { gpu: 'A100-80G', model: 'mistral-7b', limits: { ...limits, maxConcurrentRequests: 100 } };
/** Short answers, of which many are tried in little time. */
const lengths = [300, 500, 800].map(inputTokens => ({ inputTokens, images: 0, maxNewTokens: 8, outputTokens: 8 }));
const workload = { lengths, law: { arrivals: 'poisson', ratePerS: 1 } } as const;
const { criteria } = trialCriteria([parseObjective('p95(ttftMs) <= 400')]);
const errors = { speed: 0.03, ttft: 0.1, tpot: 0.04, tokensPerS: 0.02 };
const effort = { seeds: [1], requests: 700 };
const calibrated: TrialEngine = { knobs: presetKnobs, errors, isReal: true };

function variant(changed: Partial<Variant> & { readonly gpus?: number; readonly maxInFlight?: number } = {}): Variant {
  const { gpus = 1, maxInFlight, ...rest } = changed;
  const cap = maxInFlight === undefined ? {} : { maxInFlight };
  const fleet = { engine, gpus, routing: 'least-in-flight', ...cap } as const;
  return { what: 'as it was', workload, fleet, fittedGpu: 'A100-80G', restsOn: 'the fit', ...rest };
}

describe('what if', { timeout: 20_000 }, () => {
  const own = whatIf(variant(), criteria, calibrated, { effort });
  const perS = own.perS?.value as number;

  it('finds the highest rate that holds the objectives, and what binds there', () => {
    const fleet = { ...variant().fleet, knobs: presetKnobs };
    const holdsAt = (ratePerS: number, how: { readonly seed: number; readonly requests: number }) =>
      criteria.every(({ held }) => held(tryRate(ratePerS, workload, fleet, how), 1));
    expect(holdsAt(perS, { seed: 1, requests: 700 })).toBe(true);
    expect(holdsAt(1.03 * perS, { seed: 1, requests: 700 })).toBe(false);
    const others = { seed: 9, requests: 4000 };
    expect(holdsAt(0.85 * perS, others)).toBe(true);
    expect(holdsAt(1.15 * perS, others)).toBe(false);
    expect(own).toMatchObject({ binding: 'TTFT', gpus: 1 });
    expect(own.inFlight).toBeCloseTo((perS * (own.responseTimeMs as number)) / 1000, 6);
  });

  it('has the interval that the errors of the fit make of it, and says where it comes from', () => {
    const { low, high, value, provenance, simulation } = own.perS as NonNullable<typeof own.perS>;
    expect([provenance, simulation]).toEqual(['simulated', 'calibrated']);
    expect(low).toBeLessThan(0.98 * value);
    expect(high).toBeGreaterThan(1.02 * value);
    const wider = whatIf(variant({ fittedGpu: 'L4' }), criteria, calibrated, { nearPerS: perS, effort }).perS;
    expect(wider?.low).toBeLessThan((low as number) * 0.95);
    expect(wider?.high).toBeGreaterThan((high as number) * 1.05);
  });

  it('is no measurement of a GPU where the engine was fitted to none', () => {
    const simulationOf = (of: TrialEngine) =>
      whatIf(variant(), criteria, of, { nearPerS: perS, effort }).perS?.simulation;
    expect(simulationOf({ knobs: presetKnobs, isReal: true })).toBe('uncalibrated');
    expect(simulationOf({ ...calibrated, isReal: false })).toBe('uncalibrated');
  });

  it('gives a fleet more than as many times one, until the gateway lets no more in flight', () => {
    const two = whatIf(variant({ gpus: 2 }), criteria, calibrated, { nearPerS: 2 * perS, effort });
    expect(two.perS?.value).toBeGreaterThan(2 * perS);
    const capped = whatIf(variant({ gpus: 2, maxInFlight: 4 }), criteria, calibrated, { nearPerS: 2 * perS, effort });
    expect(capped.perS?.value).toBeLessThan(perS);
    expect(capped.binding).toBe('the limit of requests in flight');
  });

  it('says why no rate will do', () => {
    const never = trialCriteria([parseObjective('p50(ttftMs) <= 1')]).criteria;
    expect(whatIf(variant(), never, calibrated, { effort })).toMatchObject({
      perS: null,
      binding: 'TTFT',
      why: 'no rate meets the objectives: even of requests that come alone TTFT is missed',
    });
    const long = lengths.map(request => ({ ...request, inputTokens: 5000 }));
    expect(
      whatIf(variant({ workload: { ...workload, lengths: long } }), criteria, calibrated, { effort }).why,
    ).toContain('longer than the model takes');
  });
});

describe('objectives in virtual time', () => {
  it('are judged of first and last tokens, and the others named', () => {
    const all = [
      'p95(ttftMs) <= 1',
      'max(tpotMs) <= 1',
      'mean(responseTimeMs) <= 1',
      'errorRatio <= 0.01',
      'p95(itlMs) <= 1',
      'goodputRatio >= 0.9',
    ];
    const { criteria: judged, unjudged } = trialCriteria(all.map(parseObjective));
    expect(unjudged).toEqual(['p95(itlMs) <= 1', 'goodputRatio >= 0.9']);
    expect(judged.map(({ name }) => name)).toContain('TPOT');
    const trial = {
      ratePerS: 1,
      ttftMs: [1, 2, 3],
      tpotMs: [0.5, 0.9],
      responseMs: [0.5, 1.7],
      counts: { ok: 98, overloaded: 2, rejected: 0 },
      outputTokens: 1,
      windowMs: 1,
    };
    const held = (factor: number) => judged.map(each => each.held(trial, factor));
    expect(held(1)).toEqual([false, true, false, false, false]);
    expect(held(3)).toEqual([true, true, true, false, false]);
  });
});
