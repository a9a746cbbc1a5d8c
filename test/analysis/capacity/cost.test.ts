import { describe, expect, it } from 'vitest';
import { costOf, type ModelCost } from '../../../src/analysis/capacity/cost.ts';
import type { Prices } from '../../../src/analysis/capacity/demand-file.ts';
import { type ModelPlan, planOf } from '../../../src/analysis/capacity/plan.ts';
import { fiveAS, madeDemand, madeSupply, supplying } from './made-supply.ts';

// 17,520 over two years are 1 an hour, 73 a month are 0.1, and 500 W at half a coin a kWh with a fifth on top 0.3.
const prices: Prices = {
  currency: 'EUR',
  gpu: { purchase: 17_520, years: 2 },
  hostingPerGpuMonth: 73,
  power: { perKWh: 0.5, overhead: 1.2 },
};

const planned = (supply = madeSupply(), demand = madeDemand()) =>
  planOf([demand], supplying(supply), { utilisation: 0.7, spare: 1, concurrentPerModel: 100 }).models[0] as ModelPlan;

function cost(plan = planned(), with_: Partial<Prices> = {}): ModelCost {
  const result = costOf(plan, { ...prices, ...with_ });
  if (result.kind === 'refused') throw new Error(result.why);
  return result.cost;
}

describe('the cost of a plan', () => {
  it('is of the GPUs by purchase, hosting and the power they were seen to draw', () => {
    expect(cost().perGpuHour).toEqual({ capital: 1, hosting: 0.1, power: 0.3, total: expect.closeTo(1.4, 10) });
    // Ten GPUs, nine at best and twelve at worst.
    expect(cost().perMonth).toEqual({
      value: expect.closeTo(10_220, 6),
      low: expect.closeTo(9_198, 6),
      high: expect.closeTo(12_264, 6),
    });
    expect(
      cost(planned(), { gpu: { perHour: 2 }, hostingPerGpuMonth: undefined, power: undefined }).perGpuHour,
    ).toEqual({
      capital: 2,
      hosting: 0,
      power: 0,
      total: 2,
    });
  });

  it('has three views of a million tokens at the objectives, each with all of it', () => {
    // 5 requests a second of 10 tokens out and 50 in are 0.18, 0.9 and together 1.08 million tokens an hour.
    const [{ perMillion }] = cost().atObjectives as [ModelCost['atObjectives'][number]];
    expect(perMillion.output?.value).toBeCloseTo(1.4 / 0.18, 8);
    expect(perMillion.input?.value).toBeCloseTo(1.4 / 0.9, 8);
    expect(perMillion.total?.value).toBeCloseTo(1.4 / 1.08, 8);
    expect(perMillion.output).toMatchObject({
      low: expect.closeTo(1.4 / 0.216, 8),
      high: expect.closeTo(1.4 / 0.144, 8),
      provenance: 'interpolated',
    });
  });

  it('has them by what a day really asks, the spare ones paid as well', () => {
    // 10 requests a second on average use 2 of 10 endpoints; 8.64 million tokens out a day for 336.
    expect(cost().real).toMatchObject({
      utilisationRatio: expect.closeTo(0.2, 10),
      perMillion: {
        output: { value: expect.closeTo(336 / 8.64, 8) },
        total: { value: expect.closeTo(336 / 51.84, 8) },
      },
    });
    expect(cost(planned(madeSupply(), madeDemand({ meanPerS: null }))).real).toBeNull();
  });

  it('breaks even with somebody else’s price where the day is long enough', () => {
    // 43.2 million in at 1 and 8.64 out at 2 are 60.48 a day for 864,000 requests.
    const { api } = cost(planned(), { api: { inputPerMillion: 1, outputPerMillion: 2 } });
    expect(api?.perMonth).toBeCloseTo((60.48 * 730) / 24, 6);
    expect(api?.breakEvenPerDay.value).toBeCloseTo((864_000 * 336) / 60.48, 4);
    // So many would fill 33 endpoints in the busiest hour, and there are ten.
    expect(api).toMatchObject({ requestsPerDay: 864_000, isWithinReach: false });
    const dear = cost(planned(), { api: { inputPerMillion: 8, outputPerMillion: 16 } }).api;
    expect(dear).toMatchObject({ breakEvenPerDay: { value: expect.closeTo(600_000, 4) }, isWithinReach: true });
    expect(cost().api).toBeNull();
  });

  it('leaves power out where it was not seen, and views whose tokens are not known', () => {
    const dark = cost(planned(madeSupply({ watts: null, outputTokens: null })));
    expect(dark.perGpuHour).toMatchObject({ power: null, total: 1.1 });
    expect(dark.atObjectives[0]?.perMillion).toMatchObject({
      output: null,
      total: null,
      input: { value: expect.anything() },
    });
  });

  it('is refused for an uncalibrated simulation, and not for a calibrated one', () => {
    const of = (simulation: 'uncalibrated' | 'calibrated') =>
      costOf(planned(madeSupply({ perS: { ...fiveAS, provenance: 'simulated', simulation } })), prices);
    expect(of('uncalibrated')).toMatchObject({ kind: 'refused', why: expect.stringContaining('no money') });
    expect(of('calibrated')).toMatchObject({
      kind: 'known',
      cost: { atObjectives: [{ perMillion: { output: { provenance: 'simulated' } } }] },
    });
  });
});
