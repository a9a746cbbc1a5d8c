import { describe, expect, it } from 'vitest';
import { type Gpu, gpuPresets } from '../../src/engine/gpu.ts';
import { nextCelsius, powerWatts, settledCelsius, utilisation } from '../../src/engine/power.ts';
import { recordEngine, request } from './record-engine.ts';

const a100 = gpuPresets['A100-80G'] as Gpu;

describe('utilisation', () => {
  it('is none at rest and nearly full with a single stream', () => {
    const { engine } = recordEngine();
    const atRest = engine.state();
    engine.advance(1000);
    expect(utilisation(a100, atRest, engine.state(), 1000)).toEqual({ busyRatio: 0, memoryRatio: 0, computeRatio: 0 });
    engine.submit(request(1, 500, 400), 1000);
    engine.advance(2000);
    const before = engine.state();
    engine.advance(2500);
    const { busyRatio, memoryRatio, computeRatio } = utilisation(a100, before, engine.state(), 500);
    expect(busyRatio).toBeCloseTo(1, 9);
    expect(memoryRatio).toBeGreaterThan(0.6);
    expect(computeRatio).toBeLessThan(0.02);
  });
});

describe('power', () => {
  it.each(Object.entries(gpuPresets))('of %s lies between rest and its limit', (_name, gpu) => {
    expect(powerWatts(gpu, { busyRatio: 0, memoryRatio: 0, computeRatio: 0 })).toBe(gpu.power.idleWatts);
    expect(powerWatts(gpu, { busyRatio: 1, memoryRatio: 1, computeRatio: 1 })).toBe(gpu.tdpWatts);
    for (const busyRatio of [0.01, 0.3, 1]) {
      const watts = powerWatts(gpu, { busyRatio, memoryRatio: 0.5 * busyRatio, computeRatio: 0.1 * busyRatio });
      expect(watts).toBeGreaterThanOrEqual(gpu.power.idleWatts);
      expect(watts).toBeLessThanOrEqual(gpu.tdpWatts);
    }
  });

  it('adds up to the same energy however often it is read', () => {
    const joules = (windowMs: number) => {
      const { engine } = recordEngine();
      for (let id = 0; id < 20; id++) engine.submit(request(id, 200, 100), 400 * id);
      let energy = 0;
      for (let before = engine.state(), atMs = windowMs; atMs <= 12_000; atMs += windowMs) {
        engine.advance(atMs);
        const after = engine.state();
        energy += (powerWatts(a100, utilisation(a100, before, after, windowMs)) * windowMs) / 1000;
        before = after;
      }
      return energy;
    };
    expect(joules(50) / joules(12_000)).toBeCloseTo(1, 2);
    expect(joules(500) / joules(12_000)).toBeCloseTo(1, 2);
  });
});

describe('temperature', () => {
  it('settles where an H100 was seen to settle', () => {
    const h100 = gpuPresets['H100-80G'] as Gpu;
    expect(settledCelsius(h100, 70)).toBeCloseTo(41, 0);
    expect(settledCelsius(h100, 636)).toBeCloseTo(65, 0);
  });

  it('goes two thirds of the way in half a minute, in one step or in many', () => {
    const settled = settledCelsius(a100, 400);
    const once = nextCelsius(a100, 40, 400, 30_000);
    let often = 40;
    for (let i = 0; i < 100; i++) often = nextCelsius(a100, often, 400, 300);
    expect((once - 40) / (settled - 40)).toBeCloseTo(0.632, 3);
    expect(often).toBeCloseTo(once, 9);
  });
});
