import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { GpuLine } from '../../src/record/gpu-sample.ts';
import { asked, type TelemetryOptions, watchAll } from '../../src/run/telemetry.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { virtualRun } from './virtual-run.ts';

const text = (rest: string, url = 'http://gateway.example:8000') => `name: t
service: { url: "${url}" }
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 8 }, output: { maxNewTokens: 4 } } }
load: { steps: [{ concurrency: 1, requests: 5 }] }
${rest}
`;

function options(rest: string, over: Partial<TelemetryOptions> & { url?: string } = {}): TelemetryOptions {
  const { url = 'http://gateway.example:8000', ...given } = over;
  const { scenario } = parseScenario({
    file: 't.yaml',
    text: text(rest, url),
    overrides: [],
    environment: {},
    token: 'secret',
  });
  return {
    scenario,
    clock: systemClock(),
    serviceUrl: url,
    ca: undefined,
    urlOf: target => new URL(url + target.path),
    headersOf: () => ({ authorization: 'Bearer secret' }),
    lookAlike: undefined,
    ...given,
  };
}

describe('what is watched', () => {
  it('is said as it can be typed, and without the token', () => {
    const rest = `telemetry: { gpu: [{ command: [ssh, -tt, "a b", nvidia-smi], host: h }, { url: "http://h:9400/metrics" }] }`;
    const said = asked(options(rest));
    expect(said).toEqual([
      expect.stringMatching(
        /^nvidia-smi at h: ssh -tt 'a b' nvidia-smi --query-gpu=timestamp,index,.* --format=csv,noheader,nounits -lms 500$/,
      ),
      'dcgm: http://h:9400/metrics',
      'model server of m/gpu0: http://gateway.example:8000/m/gpu0/generate/metrics or http://gateway.example:8000/m/gpu0/metrics',
    ]);
    expect(said.join()).not.toContain('secret');
  });

  it('is the look-alike where the service is the embedded one', () => {
    const lookAlike = { command: ['node', 'look.js'], env: {} };
    const said = asked(options('telemetry: { metrics: off }', { url: 'http://127.0.0.1:1', lookAlike }));
    expect(said).toEqual([expect.stringMatching(/^nvidia-smi look-alike: node look\.js --query-gpu=/)]);
  });

  it('is nothing on this host where the service is on another: that is no gap', async () => {
    const lines: GpuLine[] = [];
    const watch = watchAll(options('telemetry: { metrics: off }'), {
      gpu: line => void lines.push(line),
      server: () => {},
      isDriven: () => true,
    });
    await watch.settled;
    await watch.stop();
    expect(lines).toEqual([
      expect.objectContaining({
        absent: true,
        gap: expect.stringMatching(/not on this host: give telemetry\.gpu\.command, such as \[ssh, /),
      }),
    ]);
  });

  it('gets the token only where the requests of its endpoint go', async () => {
    const tokens: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      response.end('tgi_queue_size 0\n');
    });
    await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
    onTestFinished(() => void server.close());
    const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const seenAt = async (url: string, telemetry: string) => {
      const seen = tokens.length;
      const nothing = () => {};
      const listener = { gpu: nothing, server: nothing, isDriven: () => true };
      const watch = watchAll(options(`telemetry: { gpu: off, metrics: ${telemetry} }`, { url }), listener);
      while (tokens.length === seen) await new Promise(resolve => setTimeout(resolve, 2));
      await watch.stop();
      return tokens.at(-1);
    };
    expect(await seenAt(here, 'auto')).toBe('Bearer secret');
    expect(await seenAt(here, `{ urls: { m/gpu0: "${here}/metrics" } }`)).toBe('Bearer secret');
    expect(await seenAt('http://127.0.0.1:9', `{ urls: { m/gpu0: "${here}/metrics" } }`)).toBeUndefined();
  });
});

describe('a load', () => {
  const scenario = text('', 'embedded');

  it('waits three seconds at most for GPUs that never show themselves, and then for nothing', async () => {
    const usual = await virtualRun(scenario);
    const { run } = await virtualRun(scenario, { gpusSettle: new Promise(() => {}) });
    expect(run.telemetry).toBeUndefined();
    expect(run.cells[0]?.counts).toEqual(usual.run.cells[0]?.counts);
    expect((run.cells[0]?.windowMs?.[0] ?? 0) - (usual.run.cells[0]?.windowMs?.[0] ?? 0)).toBe(3_000);
  });
});
