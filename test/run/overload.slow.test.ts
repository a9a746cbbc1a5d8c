import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { dispatch } from '../../src/driver/dispatch.ts';
import type { Send } from '../../src/driver/driver.ts';
import { runScenario } from '../../src/run/run-scenario.ts';
import { prepareWorkloads } from '../../src/run/workloads.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { watchProcess } from '../../src/telemetry/generator.ts';

/** More requests a second than one thread can send, to a service that answers at once. */
const text = `
name: overload
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: Hello }, output: { maxNewTokens: 1 } } }
limits: { exceed: true }
load: { warmup: { turnovers: 0 }, steps: [{ ratePerS: 200000, arrivals: constant, duration: 250ms }] }
`;

it('a thread that is asked for more than it can send makes a run invalid', async () => {
  const { scenario, traces, assets } = parseScenario({ file: 'overload', text, overrides: [], environment: {} });
  const clock = systemClock();
  const send: Send = async () => {
    const sentMs = clock.nowMs();
    while (clock.nowMs() < sentMs + 0.02); // 50,000 take a second, however fast the machine is
    return { sentMs, tokenTimesMs: [], endMs: sentMs, requestId: '', requestBytes: 1, outcome: { kind: 'ok' } };
  };
  const self = watchProcess();
  const run = await runScenario({
    id: 'overload',
    scenario,
    traces,
    workloads: await prepareWorkloads(scenario, assets),
    models: new Map(),
    environment: {
      harness: '',
      node: '',
      host: { platform: '', cpu: '', cores: 1, memoryBytes: 0 },
      git: {},
      service: { url: '', simulated: true, info: null },
      gpus: [],
      fingerprint: '',
    },
    bench: {
      clock,
      driverOf: () => dispatch(send, clock),
      startLeadMs: 0,
      prepare: async () => {},
      sampleProcess: () => self.take(),
      engineLateRatio: () => undefined,
    },
    openStore: async () => ({
      add: () => {},
      addGpu: () => {},
      addServer: () => {},
      flush: async () => {},
      writeRun: async () => {},
      close: async () => {},
    }),
    progress: () => {},
    signal: new AbortController().signal,
    wallClock: () => '',
  });
  self.stop();
  expect(run.cells[0]?.counts).toMatchObject({ due: 50_000, ok: 50_000 });
  expect(run.validity.verdict).toBe('invalid');
  const reasons = run.validity.reasons.map(({ subject }) => subject);
  expect(reasons).toContainEqual(expect.stringContaining('requests were sent late'));
  expect(reasons).toContainEqual(expect.stringContaining('had still not been sent when their time was over'));
});
