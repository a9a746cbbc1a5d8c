import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/analysis/capacity/demand-file.ts';
import { planOf } from '../../../src/analysis/capacity/plan.ts';
import type { Supply } from '../../../src/analysis/capacity/supply.ts';
import { sensitivitiesOf } from '../../../src/analysis/capacity/what-changes.ts';
import { fiveAS, madeDemand, madeSupply, supplying } from './made-supply.ts';

const policy: Policy = { utilisation: 0.7, spare: 1, concurrentPerModel: 100 };

function rows(demands: Parameters<typeof planOf>[0], ...supplies: Supply[]) {
  const supplyFor = supplying(...supplies);
  const workloads = [...new Set([...supplies.map(({ workload }) => workload), 'unseen'])];
  return sensitivitiesOf(planOf(demands, supplyFor, policy), policy, supplyFor, () => workloads);
}

describe('what would change a plan', () => {
  it('is more demand, by arithmetic, and requests like those of another workload, as measured', () => {
    const long = madeSupply({ workload: 'long', inputTokens: 100, perS: { ...fiveAS, value: 2, low: 2, high: 2 } });
    expect(rows([madeDemand()], madeSupply(), long)).toEqual([
      // 36 requests a second: ⌈36/3.5⌉ + 1, 36/4.2 and 36/2.8.
      expect.objectContaining({
        what: '20 % more requests',
        gpus: { value: 12, low: 10, high: 14 },
        provenance: 'interpolated',
      }),
      // 30/(2 · 0.7) = 21.4.
      expect.objectContaining({
        what: 'chat like long: 100 tokens in, 10.0 out',
        gpus: { value: 23, low: 23, high: 23 },
        restsOn: 'made by hand',
      }),
      expect.objectContaining({ what: 'chat like unseen', gpus: null, perS: null, why: 'none' }),
    ]);
  });

  it('changes one of several workloads at a time', () => {
    const supplies = ['chat', 'sum', 'long'].map(workload => madeSupply({ workload }));
    const found = rows([madeDemand(), madeDemand({ workload: 'sum' })], ...supplies);
    expect(found.map(({ what }) => what.replace(/:.*/, ''))).toEqual([
      '20 % more requests',
      'chat like long',
      'chat like unseen',
      'sum like long',
      'sum like unseen',
    ]);
  });

  it('is nothing where there is no plan', () => {
    expect(rows([madeDemand({ model: 'other' })], madeSupply())).toEqual([]);
  });
});
