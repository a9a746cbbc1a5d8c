import { describe, expect, it } from 'vitest';
import type { Capacity } from '../../../src/analysis/capacity/capacity.ts';
import { parseDemand } from '../../../src/analysis/capacity/demand-file.ts';
import { virtualSensitivities } from '../../../src/analysis/capacity/virtual-plan.ts';
import type { VirtualStudy } from '../../../src/analysis/capacity/virtual-study.ts';
import type { WhatIf } from '../../../src/analysis/capacity/what-if.ts';

const capacity = {
  label: 'm chat',
  model: 'm',
  workload: 'chat',
  gpus: 1,
  perS: null,
  objectives: [],
} as unknown as Capacity;

function tried(what: string, gpus: number, value: number | null): WhatIf {
  const origin = { provenance: 'simulated', simulation: 'calibrated' } as const;
  const perS = value === null ? null : { value, low: 0.9 * value, high: 1.1 * value, ...origin };
  return {
    what,
    gpus,
    perS,
    binding: 'TTFT',
    inFlight: 1,
    responseTimeMs: 1000,
    outputTokensPerS: 1,
    restsOn: 'the fit',
  };
}

function rowsFor(whatIfs: readonly WhatIf[], peak: number) {
  const study = {
    model: 'm',
    workload: 'chat',
    fit: { kind: 'fitted' },
    isRehearsal: false,
    whatIfs,
  } as unknown as VirtualStudy;
  const text = `policy: { utilisation: 1, spare: 1 }\ndemand: [{ model: m, workload: chat, requestsPerS: ${peak} }]`;
  return virtualSensitivities([study], [capacity], parseDemand({ file: 'd.yaml', text }));
}

describe('GPUs for a demand where something is otherwise', () => {
  it('are those of the plan, with what an endpoint would take then and its interval', () => {
    const [own, faster, none] = rowsFor(
      [tried('as it was measured', 1, 5), tried('on L4', 1, 2), { ...tried('longer', 1, null), why: 'no rate' }],
      19,
    );
    expect(own).toMatchObject({ gpus: { value: 5, low: 5, high: 6 }, provenance: 'simulated, calibrated' });
    expect(faster).toMatchObject({ what: 'on L4', gpus: { value: 11, low: 10, high: 12 } });
    expect(none).toMatchObject({ gpus: null, perS: null, why: 'no rate', provenance: 'simulated' });
  });

  it('are counted of whole fleets where such were tried', () => {
    const fleets = [2, 3, 4, 5].map(size => tried(`${size} GPUs`, size, 5.5 * size));
    expect(rowsFor(fleets, 16)).toEqual([
      expect.objectContaining({ gpus: { value: 3, low: 3, high: 4 }, restsOn: 'fleets of up to 5 GPUs, tried whole' }),
    ]);
    expect(rowsFor(fleets, 100)).toEqual([
      expect.objectContaining({ gpus: null, why: '5 GPUs, the most that were tried, do not hold the busiest hour' }),
    ]);
  });
});
