import { describe, expect, it } from 'vitest';
import { needOf } from '../../src/run/needs.ts';
import { type Cell, expand } from '../../src/scenario/expand.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

function cellOf(step: string): Cell {
  const { scenario } = parseScenario({
    file: 's.yaml',
    text: `
name: s
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: Why? }, output: { maxNewTokens: 1 }, stream: false } }
limits: { exceed: true }
load: { steps: [${step}] }
`,
    overrides: [],
    environment: {},
  });
  return expand(scenario)[0] as Cell;
}

/** How many connections each of n stripes opens ahead. */
const inFlight = (step: string, n: number) =>
  Array.from({ length: n }, (_, k) => needOf(cellOf(step), { k, n }).inFlight);

describe('the connections that are opened ahead', () => {
  it('are those of its slots for a closed loop, dealt out over its stripes', () => {
    expect(inFlight('{ concurrency: 7, requests: 1 }', 1)).toEqual([7]);
    expect(inFlight('{ concurrency: 7, requests: 1 }', 3)).toEqual([3, 2, 2]);
  });

  it('are its places for an open loop, and more than an even share for a stripe, which may have more of them at a time', () => {
    expect(inFlight('{ ratePerS: 1, maxInFlight: 100, requests: 1 }', 1)).toEqual([100]);
    expect(inFlight('{ ratePerS: 1, maxInFlight: 100, requests: 1 }', 4)).toEqual([35, 35, 35, 35]);
    expect(inFlight('{ ratePerS: 1, maxInFlight: 3, requests: 1 }', 2)).toEqual([3, 3]);
  });

  it('are bounded where an open loop is not', () => {
    expect(inFlight('{ ratePerS: 1, requests: 1 }', 1)).toEqual([100]);
    expect(inFlight('{ ratePerS: 1, maxInFlight: 9000, requests: 1 }', 1)).toEqual([1_000]);
  });

  it('are none for autocannon, which opens its own', () => {
    expect(inFlight('{ concurrency: 7, requests: 1, driver: autocannon }', 1)).toEqual([0]);
  });
});
