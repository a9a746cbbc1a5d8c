import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/analysis/capacity/demand-file.ts';
import { type ModelPlan, planOf } from '../../../src/analysis/capacity/plan.ts';
import type { Supply } from '../../../src/analysis/capacity/supply.ts';
import { fiveAS, madeDemand, madeSupply, supplying } from './made-supply.ts';

const policy: Policy = { utilisation: 0.7, spare: 1, concurrentPerModel: 100 };

const plan = (demand = madeDemand(), supply: Supply = madeSupply(), with_: Partial<Policy> = {}) =>
  planOf([demand], supplying(supply), { ...policy, ...with_ });
const first = (...args: Parameters<typeof plan>) => plan(...args).models[0] as ModelPlan;

describe('a plan', () => {
  it('takes ⌈λ/(X·u)⌉ + k endpoints, at the best and the worst that the capacity may be', () => {
    // 30/(5 · 0.7) = 8.57, 30/(6 · 0.7) = 7.14 and 30/(4 · 0.7) = 10.7, rounded up, and one to spare.
    expect(plan()).toMatchObject({ gpus: { value: 10, low: 9, high: 12 }, binding: 'TTFT' });
    expect(first(madeDemand({ peakPerS: 35 }), madeSupply(), { spare: 0 }).endpoints.value).toBe(10);
    expect(first(madeDemand({ peakPerS: 35.01 }), madeSupply(), { spare: 0 }).endpoints.value).toBe(11);
  });

  it('counts every GPU behind an endpoint', () => {
    expect(first(madeDemand(), madeSupply({ gpusPerEndpoint: 4 }))).toMatchObject({
      endpoints: { value: 10 },
      gpus: { value: 40, low: 36, high: 48 },
    });
  });

  it('says whether one may be lost: (G − 1)·X ≥ λ', () => {
    expect(first().withOneLost).toEqual({ value: true, atLeast: true });
    // Six endpoints at five a second are just enough for thirty; five are not.
    const tight = first(madeDemand(), madeSupply({ perS: { ...fiveAS, low: 5, high: 5 } }), {
      utilisation: 1,
      spare: 0,
    });
    expect([tight.endpoints.value, tight.withOneLost.value]).toEqual([6, false]);
    const spared = first(madeDemand(), madeSupply({ perS: { ...fiveAS, low: 5, high: 5 } }), { utilisation: 1 });
    expect([spared.endpoints.value, spared.withOneLost]).toEqual([7, { value: true, atLeast: true }]);
  });

  it('has no fewest where capacity was not bounded above', () => {
    expect(plan(madeDemand(), madeSupply({ perS: { ...fiveAS, value: 4, high: null } })).gpus).toEqual({
      value: 12,
      low: null,
      high: 12,
    });
  });

  it('adds workloads of a model up hour by hour, and models one by one', () => {
    const hours = (busy: number, perS: number) => Array.from({ length: 24 }, (_, hour) => (hour === busy ? perS : 0));
    const supply = supplying(
      madeSupply(),
      madeSupply({ workload: 'sum', perS: { ...fiveAS, value: 2, low: 2, high: 2 } }),
    );
    const demands = (busy: number) => [
      madeDemand({ peakPerS: 20, hourlyPerS: hours(9, 20) }),
      madeDemand({ workload: 'sum', peakPerS: 4, hourlyPerS: hours(busy, 4) }),
    ];
    const endpoints = (busy: number) =>
      planOf(demands(busy), supply, { ...policy, utilisation: 1 }).models[0]?.endpoints.value;
    // 20/5 + 4/2 where both are busy at nine, 20/5 where they take turns; and a spare one.
    expect([endpoints(9), endpoints(15)]).toEqual([7, 5]);
    const two = planOf(
      [madeDemand(), madeDemand({ model: 'llava', workload: 'caption' })],
      supplying(madeSupply(), madeSupply({ model: 'llava', workload: 'caption', binding: 'response time' })),
      policy,
    );
    expect(two).toMatchObject({ gpus: { value: 20, low: 18, high: 24 }, binding: 'TTFT, response time' });
  });

  it('knows the limit of requests in flight by Little’s law, and says when that binds before the GPUs', () => {
    expect(first().cap).toEqual({
      concurrent: 100,
      perS: { low: expect.closeTo(100 / 0.68, 6), high: expect.closeTo(100 / 0.38, 6) },
      verdict: 'clear',
    });
    expect(first(madeDemand({ peakPerS: 200 })).cap?.verdict).toBe('may bind');
    expect(plan(madeDemand({ peakPerS: 300 }))).toMatchObject({
      binding: 'the limit of 100 requests in flight',
      models: [{ cap: { verdict: 'binds' } }],
    });
    expect(first(madeDemand({ peakPerS: 300 }), madeSupply(), { concurrentPerModel: 'none' }).cap).toBeNull();
    expect(first(madeDemand(), madeSupply({ responseTimeMs: null })).cap).toMatchObject({
      verdict: 'unknown',
      perS: null,
    });
  });

  it('says that the gateway binds before any GPU does', () => {
    const gateway = { perAddressPerS: 10, addresses: 2 };
    expect(plan(madeDemand(), madeSupply(), { gateway })).toMatchObject({
      gateway: { limitPerS: 20, demandPerS: 30, binds: true },
      binding: 'the gateway',
      gpus: { value: 10 },
    });
    expect(plan(madeDemand(), madeSupply(), { gateway: { ...gateway, addresses: 3 } }).binding).toBe('TTFT');
    expect(plan(madeDemand(), madeSupply(), { gateway: { addresses: 9, inAllPerS: 25 } }).gateway?.binds).toBe(true);
  });

  it('has active users per GPU at the objectives', () => {
    // 5 requests a second are 18,000 an hour.
    const part = first(madeDemand({ requestsPerUserHour: 20 }), madeSupply({ gpusPerEndpoint: 2 })).parts[0];
    expect(part?.activeUsersPerGpu).toMatchObject({ value: 450, low: 360, high: 540, provenance: 'interpolated' });
  });

  it('says whether requests are as long as planned, and scales nothing', () => {
    const of = (input: number, output: number) => first(madeDemand({ tokens: { input, output } }));
    expect(of(52, 10).parts[0]?.isAsLong).toBe(true);
    expect(of(500, 10)).toMatchObject({ parts: [{ isAsLong: false }], endpoints: first().endpoints });
    expect(first().parts[0]?.isAsLong).toBeNull();
  });

  it('plans no model of which a workload has no capacity', () => {
    const { models, unplanned, gpus } = planOf(
      [madeDemand(), madeDemand({ workload: 'sum' })],
      supplying(madeSupply()),
      policy,
    );
    expect([models, gpus.value]).toEqual([[], 0]);
    expect(unplanned).toEqual([{ model: 'hermes', workload: 'sum', reason: 'not measured', why: 'none' }]);
  });

  it('plans no model whose workloads were measured on different GPUs', () => {
    const other = madeSupply({ workload: 'sum', hardware: 'L4' });
    const { models, unplanned } = planOf(
      [madeDemand(), madeDemand({ workload: 'sum' })],
      supplying(madeSupply(), other),
      policy,
    );
    expect([models, unplanned.map(({ workload, reason }) => [workload, reason])]).toEqual([
      [],
      [
        ['chat', 'unlike'],
        ['sum', 'unlike'],
      ],
    ]);
  });
});
