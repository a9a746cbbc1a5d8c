import { describe, expect, it } from 'vitest';
import { type EngineFit, fitEngine, meanError } from '../../../src/analysis/capacity/engine-fit.ts';
import { presetKnobs, quantileOf, replayed, seen } from '../../../src/analysis/capacity/engine-replay.ts';
import { type ObservedLoad, observeLoads } from '../../../src/analysis/capacity/observed-load.ts';
import { limits, type MeasuredLoad, type MeasuredService, measuredRun } from './measured-run.ts';

const engine = { gpu: 'A100-80G', model: 'mistral-7b', limits };
const loads = [{ slots: 1 }, { slots: 8 }, { slots: 32 }, { ratePerS: 3 }, { ratePerS: 4 }];

function observed(service: MeasuredService, measured: readonly MeasuredLoad[], seed = 1, requests = 100) {
  const { run, records } = measuredRun(service, measured, { seed, requests });
  const observer = observeLoads(run, { target: 'm/gpu0', workload: 'chat' });
  for (const record of records) observer.add(record);
  return observer.loads().usable;
}

function fitted(all: readonly ObservedLoad[]): EngineFit {
  const result = fitEngine(all, engine);
  if (result.kind !== 'fitted') throw new Error(result.why);
  return result.fit;
}

const services = {
  'slower by a quarter': {
    service: { gpu: 'A100-80G', model: 'mistral-7b', speed: 0.8, networkMs: 4 },
    knobs: { floor: 1.25, slope: 1.25, sequenceMs: 0.025, networkMs: 4 },
  },
  'with a slow host, far away': {
    service: {
      gpu: 'A100-80G',
      model: 'mistral-7b',
      scale: { floor: 0.9, slope: 1.5 },
      host: { stepMs: 0.6, sequenceMs: 0.3 },
      networkMs: 15,
    },
    knobs: { floor: 0.9, slope: 1.5, sequenceMs: 0.3, networkMs: 15 },
  },
};

const cached = new Map<string, { readonly all: readonly ObservedLoad[]; readonly fit: EngineFit }>();

/** A service measured at five loads, and the engine fitted to the first four. */
function study(name: keyof typeof services) {
  const all = observed(services[name].service, loads);
  const found = cached.get(name) ?? { all, fit: fitted(all.slice(0, -1)) };
  cached.set(name, found);
  return found;
}

describe('an engine fitted to measured loads', { timeout: 20_000 }, () => {
  it.each(Object.keys(services) as (keyof typeof services)[])('finds the knobs of a service %s', name => {
    const truth = services[name].knobs;
    const { knobs, ranges, residuals } = study(name).fit;
    expect(Math.abs(knobs.floor / truth.floor - 1)).toBeLessThan(0.03);
    expect(Math.abs(knobs.slope / truth.slope - 1)).toBeLessThan(0.06);
    expect(Math.abs(knobs.sequenceMs - truth.sequenceMs)).toBeLessThan(0.04);
    expect(Math.abs(knobs.networkMs - truth.networkMs)).toBeLessThan(2);
    for (const [knob, [least, most]] of Object.entries(ranges)) {
      expect(least).toBeLessThanOrEqual(knobs[knob as keyof typeof knobs]);
      expect(most).toBeGreaterThanOrEqual(knobs[knob as keyof typeof knobs]);
    }
    expect(meanError(residuals, 'fitted')).toBeLessThan(0.04);
  });

  it.each(Object.keys(services) as (keyof typeof services)[])(
    'foretells a further load within its error bars: %s',
    name => {
      const { all, fit } = study(name);
      const held = all.at(-1) as ObservedLoad;
      const [before, after] = [seen(held), replayed(held, engine, fit.knobs)];
      const miss = (of: 'ttftMs' | 'tpotMs') =>
        Math.abs(Math.log(quantileOf(after[of], 0.5) / quantileOf(before[of], 0.5)));
      expect(miss('tpotMs')).toBeLessThan(fit.errors.tpot);
      expect(miss('ttftMs')).toBeLessThan(fit.errors.ttft);
    },
  );

  it('has error bars no narrower than the worst of the loads that it foretold from the others', () => {
    const { residuals, errors } = study('slower by a quarter').fit;
    expect(new Set(residuals.map(({ load }) => load)).size).toBe(4);
    for (const { measure, measured, foretold } of residuals)
      if (measure.startsWith('TTFT'))
        expect(Math.abs(Math.log(foretold / measured))).toBeLessThanOrEqual(errors.ttft + 1e-12);
    expect(errors.speed).toBeGreaterThan(0);
  });

  it('comes near from a preset that is several times too fast', () => {
    const slow = { gpu: 'L4', model: 'mistral-7b', networkMs: 4 };
    const { knobs, residuals } = fitted(observed(slow, [{ slots: 1 }, { slots: 6 }, { slots: 12 }], 2, 40));
    expect(knobs.floor).toBeGreaterThan(4.5);
    expect(knobs.slope).toBeGreaterThan(5);
    expect(meanError(residuals, 'fitted')).toBeLessThan(0.05);
  });

  it('says what it cannot be made of', () => {
    const three = observed(services['slower by a quarter'].service, loads.slice(0, 3), 1, 30);
    const two = three.slice(0, 2);
    expect(fitEngine([...two, ...two], engine)).toEqual({
      kind: 'impossible',
      why: 'an engine is fitted to 3 different loads at least, and 2 can be used',
    });
    const nonsense = three.map((load, place) => ({
      ...load,
      requests: load.requests.map(request => ({
        ...request,
        firstTokenMs: request.atMs + (place === 1 ? 1 : 5000),
        lastTokenMs: request.atMs + (place === 1 ? 90_000 : 5001),
      })),
    }));
    expect(fitEngine(nonsense, engine)).toMatchObject({
      kind: 'impossible',
      why: expect.stringContaining('comes near'),
    });
  });
});

describe('a replay', () => {
  it('of a load that the engine itself served shows what was seen of it', () => {
    for (const load of observed({ ...engine, networkMs: 0 }, [{ slots: 8 }, { ratePerS: 3 }])) {
      const [before, after] = [seen(load), replayed(load, engine, presetKnobs)];
      expect(after.ttftMs).toHaveLength(before.ttftMs.length);
      expect(quantileOf(after.tpotMs, 0.5) / quantileOf(before.tpotMs, 0.5)).toBeCloseTo(1, 1);
      expect(after.outputTokensPerS / before.outputTokensPerS).toBeCloseTo(1, 1);
    }
  });
});
