import { describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '../../src/clock.ts';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import { Device } from '../../src/simulator/device.ts';
import { Endpoint, type TokenListener } from '../../src/simulator/endpoint.ts';
import { Occupancy, Permits } from '../../src/simulator/permits.ts';

function endpointOn(clock: VirtualClock): Endpoint {
  const served = documentedModel('hermes-2-pro-tgi', [0]);
  const permits = new Permits(100, new Occupancy());
  return new Endpoint({ served, gpu: 0, gpuPreset: 'A100-80G', speed: 1, seed: 1, permits, clock });
}

const lengths = (tokens: number) => ({ inputTokens: 100, images: 0, maxNewTokens: tokens, outputTokens: tokens });

/** Collects when tokens were due; `done` settles with the last. */
function listening(onToken: (index: number) => void = () => {}) {
  const dueMs: number[] = [];
  let settle: () => void = () => {};
  const done = new Promise<void>(resolve => {
    settle = resolve;
  });
  const listener: TokenListener = {
    started: () => {},
    token: (index, atMs, last) => {
      dueMs.push(atMs);
      onToken(index);
      if (last) settle();
    },
    lost: () => settle(),
  };
  return { dueMs, done, listener };
}

describe('an endpoint', () => {
  it('tells every token at the moment it is due', async () => {
    const clock = virtualClock();
    const endpoint = endpointOn(clock);
    const lateMs: number[] = [];
    const { dueMs, done, listener } = listening(() => lateMs.push(clock.nowMs() - (dueMs.at(-1) ?? 0)));
    endpoint.submit(lengths(50), listener);
    await clock.run(done);
    expect(dueMs).toHaveLength(50);
    expect(Math.max(...lateMs)).toBe(0);
    const { stepMs, lagMs, suspect } = endpoint.statistics();
    expect(stepMs).toBeGreaterThan(9);
    expect([lagMs.max, suspect]).toEqual([0, false]);
  });

  it('says so when it was late', async () => {
    const clock = virtualClock();
    const lazy: VirtualClock = { ...clock, at: (atMs, callback) => clock.at(atMs + 5, callback) };
    const endpoint = endpointOn(lazy);
    const { done, listener } = listening();
    endpoint.submit(lengths(50), listener);
    await clock.run(done);
    const { lagMs, suspect } = endpoint.statistics();
    expect([Math.round(lagMs.p50), suspect]).toEqual([5, true]);
  });

  it('tells no more of a request that was taken out, not even when it is taken out while being told', async () => {
    const clock = virtualClock();
    const endpoint = endpointOn(clock);
    const other = listening();
    const first = listening(index => index === 3 && endpoint.cancel(id as number));
    const id = endpoint.submit(lengths(50), first.listener);
    endpoint.submit(lengths(50), other.listener);
    await clock.run(other.done);
    expect([first.dueMs.length, other.dueMs.length]).toEqual([3, 50]);
    expect(endpoint.state()).toMatchObject({ running: 0, cancelled: 1, finished: 1, kvTokens: 0 });
  });

  it('loses all it has with its GPU', async () => {
    const clock = virtualClock();
    const endpoint = endpointOn(clock);
    const { done, listener, dueMs } = listening(index => index === 5 && endpoint.lose());
    endpoint.submit(lengths(50), listener);
    await clock.run(done);
    expect([dueMs.length, endpoint.gone, endpoint.state().running]).toEqual([5, true, 0]);
  });
});

describe('a device', () => {
  it('rests at idle power, and works at what its engine makes of it', async () => {
    const clock = virtualClock();
    const endpoint = endpointOn(clock);
    const device = new Device(0, 'A100-80G', [endpoint], clock.nowMs());
    const idle = device.reading();
    expect(idle).toMatchObject({ utilisationRatio: 0, powerWatts: 85, graphicsClockMHz: 210, powerCapped: false });
    expect(idle.name).toBe('NVIDIA A100-SXM4-80GB (simulated)');
    const { done, listener } = listening();
    endpoint.submit(lengths(1000), listener);
    for (let window = 1; window <= 12; window++) clock.at((window * 1000) / 6, () => device.sample(clock.nowMs()));
    await clock.run(done);
    const busy = device.reading();
    expect(busy.utilisationRatio).toBeGreaterThan(0.9);
    expect(busy.powerWatts).toBeGreaterThan(250);
    expect(busy.powerWatts).toBeLessThanOrEqual(400);
    expect(busy.temperatureCelsius).toBeGreaterThan(idle.temperatureCelsius);
    expect(busy.memoryUsedMiB).toBe(idle.memoryUsedMiB);
    expect(busy.memoryUsedMiB / busy.memoryTotalMiB).toBeGreaterThan(0.85);
  });
});
