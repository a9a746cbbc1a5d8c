import { describe, expect, it } from 'vitest';
import { threadsAsked, threadsFor } from '../../src/run/thread-count.ts';
import { prepareWorkloads } from '../../src/run/workloads.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

async function threadsOf(step: string, { cores = 64, isEmbedded = false, gpus = '[0]', workload = '' } = {}) {
  const { scenario, traces, assets } = parseScenario({
    file: 's.yaml',
    text: `
name: s
targets: [{ model: m, gpus: ${gpus}, workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: Why? }, output: { maxNewTokens: 150 } ${workload} } }
limits: { exceed: true }
load: { steps: [${step}] }
`,
    overrides: [],
    environment: {},
  });
  const material = { scenario, traces, workloads: await prepareWorkloads(scenario, assets), models: new Map() };
  return threadsFor(material, { cores, isEmbedded });
}

describe('the number of threads where nobody says', () => {
  it('is one up to the documented limit of a model', async () => {
    expect(await threadsOf('{ concurrency: 100, requests: 1 }')).toBe(1);
    expect(await threadsOf('{ ratePerS: 60, requests: 1 }')).toBe(1);
  });

  it('grows with the streams, and with the rate and the length of answers where nothing bounds the streams', async () => {
    expect(await threadsOf('{ concurrency: 1000, requests: 1 }')).toBe(6);
    expect(await threadsOf('{ ratePerS: 600, requests: 1 }')).toBe(10);
    expect(await threadsOf('{ ratePerS: { from: 600, to: 10 }, duration: 1s }')).toBe(10);
    expect(await threadsOf('{ ratePerS: 600, maxInFlight: 1000, requests: 1 }')).toBe(6);
  });

  it('goes by the busiest stage, and counts what is driven at once', async () => {
    const gpus = '[0, 1, 2, 3]';
    expect(await threadsOf('{ concurrency: 100, requests: 1, order: parallel }', { gpus })).toBe(3);
    expect(await threadsOf('{ concurrency: 100, requests: 1, order: sequential }', { gpus })).toBe(1);
  });

  it('counts a whole answer as one request, however long it is', async () => {
    const step = '{ concurrency: 1000, requests: 1 }';
    expect(await threadsOf(step, { workload: ', stream: false' })).toBe(1);
    const short = `{ ratePerS: 3000, requests: 1 }`;
    expect(await threadsOf(short, { workload: ', stream: false' })).toBe(5);
  });

  it('leaves a core to the thread that keeps the run, and one to the embedded service', async () => {
    const step = '{ concurrency: 1000, requests: 1 }';
    expect(await threadsOf(step, { cores: 4 })).toBe(3);
    expect(await threadsOf(step, { cores: 4, isEmbedded: true })).toBe(2);
    expect(await threadsOf(step, { cores: 1 })).toBe(1);
  });
});

describe('--threads', () => {
  it.each([
    ['auto', undefined],
    ['1', 1],
    ['16', 16],
  ])('takes %s', (text, threads) => {
    expect(threadsAsked(text)).toBe(threads);
  });

  it.each(['0', '-1', '1.5', 'many', '', '1000', '2x'])('refuses %j', text => {
    expect(() => threadsAsked(text)).toThrow(/--threads: expected auto or a whole number from 1 to 999, got/);
  });
});
