import { describe, expect, it } from 'vitest';
import type { Capacity } from '../../../src/analysis/capacity/capacity.ts';
import { supplyOf } from '../../../src/analysis/capacity/supply.ts';
import { fiveAS, madeSupply } from './made-supply.ts';

function capacity(of: Partial<Capacity>): Capacity {
  const { gpusPerEndpoint: gpus, restsOn: why, leftOut: _, ...rest } = madeSupply();
  return {
    ...rest,
    gpus,
    why,
    label: 'a',
    kind: 'found',
    loadKind: 'open',
    together: false,
    load: fiveAS,
    signs: [],
    doubts: [],
    ...of,
  };
}

const supply = (...all: Partial<Capacity>[]) => supplyOf(all.map(capacity), 'hermes', 'chat');

describe('the supply of a model', () => {
  it('is the mean of its endpoints, as uncertain as all of them', () => {
    const other = {
      label: 'b',
      perS: { value: 3, low: 2, high: 3.5, provenance: 'measured' },
      binding: 'TPOT',
    } as const;
    expect(supply({}, other)).toMatchObject({
      perS: { value: 4, low: 2, high: 6, provenance: 'interpolated' },
      binding: 'TTFT, TPOT',
      restsOn: 'a: made by hand; b: made by hand',
    });
    expect(supply({}, { perS: { ...fiveAS, high: null } })).toMatchObject({ perS: { low: 4, high: null } });
  });

  it('is that of open loops where there are any', () => {
    expect(supply({ loadKind: 'closed', perS: { ...fiveAS, value: 9 } }, {})).toMatchObject({ perS: { value: 5 } });
    expect(supply({ loadKind: 'closed' }, { perS: null, kind: 'unknown' })).toMatchObject({ perS: { value: 5 } });
  });

  it('is that of endpoints driven alone where there are any, and says nothing then of those driven at once', () => {
    const together = { label: 'b', together: true, perS: { ...fiveAS, value: 9 } };
    expect(supply(together, {})).toMatchObject({ perS: { value: 5 }, leftOut: [] });
    expect(supply({ ...together, perS: null, kind: 'unknown' }, {})).toMatchObject({ leftOut: [] });
    expect(supply(together)).toMatchObject({ perS: { value: 9 } });
  });

  it('says which endpoints it knows nothing of', () => {
    expect(supply({}, { label: 'b', perS: null, kind: 'unknown', why: 'too few' })).toMatchObject({
      leftOut: ['b: too few'],
    });
  });

  it('is none of what no load meets, was not measured, or is of several kinds of GPU', () => {
    expect(supply({ perS: null, kind: 'below' })).toMatchObject({ reason: 'below' });
    expect(supply({ perS: null, kind: 'below' }, { perS: null, kind: 'unknown' })).toMatchObject({ reason: 'unknown' });
    expect(supply({ model: 'herms' })).toMatchObject({
      reason: 'not measured',
      why: expect.stringContaining('did you mean herms chat?'),
    });
    expect(supply({}, { hardware: 'L4' })).toMatchObject({
      reason: 'unlike',
      why: expect.stringContaining('1 × GPU, 1 × L4'),
    });
  });
});
