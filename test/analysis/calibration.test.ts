import { describe, expect, it } from 'vitest';
import { beyondCalibration, disturbances, isTrue, largestTrue } from '../../src/analysis/calibration.ts';
import type { Calibration, Rung } from '../../src/record/calibration.ts';
import { expand } from '../../src/scenario/expand.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

const rung = (streams: number, p99: number, rest: Partial<Rung> = {}): Rung => ({
  pace: 'staggered',
  streams,
  tokensPerS: 50,
  errorMs: { p50: p99 / 10, p99 },
  cameRatio: 1,
  eventsPerCpuS: 100_000,
  ...rest,
});

describe('largestTrue', () => {
  it('is the largest load up to which all are true, tried again where the first time was not', () => {
    const rungs = [rung(25, 0.2), rung(50, 3), rung(50, 0.4), rung(100, 0.9), rung(200, 2), rung(200, 1.5)];
    expect(largestTrue(rungs, 'staggered')).toBe(rungs[3]);
    expect(largestTrue(rungs, 'in step')).toBeNull();
    expect(largestTrue([rung(25, 1)], 'staggered')).toBeNull();
  });

  it('does not count a load beyond one that failed, or that the target could not send', () => {
    const [small, failed, lucky] = [rung(25, 0.2), rung(50, 2), rung(100, 0.5)];
    expect(largestTrue([lucky, failed, small], 'staggered')).toBe(small);
    expect(isTrue(rung(100, 0.5, { cameRatio: 0.8 }))).toBe(false);
  });
});

describe('disturbances', () => {
  it('says where the same load was not the same twice, and what else ran', () => {
    expect(disturbances(rung(100, 0.4), rung(100, 0.5), 0.1)).toEqual([]);
    expect(disturbances(rung(100, 0.1), rung(100, 0.4), undefined)).toEqual([]); // both are small
    const [cost, error, others] = disturbances(rung(100, 0.4), rung(100, 4, { eventsPerCpuS: 50_000 }), 1.5);
    expect(cost).toContain('10.0 and 20.0 µs');
    expect(error).toContain('400 µs and 4.00 ms');
    expect(others).toContain('150 % of a core');
  });
});

describe('beyondCalibration', () => {
  const calibration = {
    largest: { staggered: rung(100, 0.9), inStep: null },
    eventsPerCpuS: 20_000,
    requestsPerS: 1000,
    disturbed: [],
  } satisfies Partial<Calibration>;
  const remarks = (steps: string, threads = 1, found: Parameters<typeof beyondCalibration>[2] = calibration) => {
    const text = `
name: test
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
limits: { exceed: true }
workloads: { chat: { kind: text, prompt: { text: Why? }, output: { maxNewTokens: 100 } } }
load: { steps: ${steps} }
`;
    const { scenario } = parseScenario({ file: 's.yaml', text, overrides: [], environment: {} });
    return beyondCalibration(scenario, expand(scenario), found, threads).map(remark => remark.text);
  };

  it('is silent about what was found possible', () => {
    expect(remarks('[{ concurrency: 100, requests: 1 }]')).toEqual([]);
    expect(remarks('[{ ratePerS: 50, duration: 1s }]')).toEqual([]);
  });

  it('tells of more tokens than can be stamped in time, at once over all endpoints of a step, and of more than can be taken in', () => {
    expect(remarks('[{ concurrency: 60, requests: 1, order: parallel }]')).toEqual([
      'about 6,000 token events a second may come at once; this machine was found to stamp them to a millisecond up to 5,000',
    ]);
    expect(remarks('[{ concurrency: 60, requests: 1, order: parallel }]', 2)).toEqual([]);
    expect(remarks('[{ concurrency: 500, requests: 1 }]')).toEqual([
      'about 25,000 token events a second may come at once; this machine was found to take in 20,000',
    ]);
  });

  it('takes an open loop by its highest rate and longest answers', () => {
    expect(remarks('[{ ratePerS: { from: 1, to: 60 }, duration: 1s }]')[0]).toContain('about 6,000 token events');
    expect(remarks('[{ ratePerS: 1500, duration: 1s }]')[1]).toBe(
      '1,500 requests a second are asked for; this machine was found to send 1,000',
    );
  });

  it('says with each whether the calibration itself was disturbed', () => {
    const { scenario } = parseScenario({
      file: 's.yaml',
      text: `
name: test
targets: [{ model: m, gpus: [0], workloads: [chat] }]
limits: { exceed: true }
workloads: { chat: { kind: text, prompt: { text: Why? }, output: { maxNewTokens: 100 } } }
load: { steps: [{ concurrency: 150, requests: 1 }] }
`,
      overrides: [],
      environment: {},
    });
    const disturbed = { ...calibration, disturbed: ['others'] };
    expect(beyondCalibration(scenario, expand(scenario), disturbed, 1)[0]?.advice).toContain('disturbed');
    expect(beyondCalibration(scenario, expand(scenario), calibration, 1)[0]?.advice).toContain('--threads');
  });
});
