import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { monotonicMs, systemClock } from '../../src/clock.ts';
import type { StripeOrder } from '../../src/driver/stripe-messages.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { CellResult, GeneratorSample, Run } from '../../src/record/run.ts';
import { openBench, threadedBench } from '../../src/run/bench.ts';
import { runScenario } from '../../src/run/run-scenario.ts';
import { serviceBench } from '../../src/run/service-bench.ts';
import { startThreads, type Thread } from '../../src/run/threads.ts';
import { prepareWorkloads } from '../../src/run/workloads.ts';
import type { Cell } from '../../src/scenario/expand.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { type HandMadeServer, handMadeServer } from '../driver/hand-made-server.ts';

const scenario = ({ url }: HandMadeServer, load: string) => `
name: threads
service: { url: "${url.origin}" }
targets: [{ model: m, gpus: [0], workloads: [chat, caption], mix: [2, 1] }]
workloads:
  chat: { kind: text, prompt: { tokens: { kind: uniform, min: 8, max: 64 } }, output: { maxNewTokens: 4 } }
  caption:
    kind: vlm
    prompt: { text: Describe. }
    images: { generate: { width: 32, height: 32, count: 2 } }
    output: { maxNewTokens: 3 }
load: ${load}
`;

interface ThreadedRun {
  readonly run: Run;
  readonly records: readonly RequestRecord[];
  readonly samples: readonly GeneratorSample[];
}

/** A run of a scenario against a server, over so many threads; 1: this one. */
async function runOver(
  threadCount: number,
  text: string,
  options: { onThreads?: (threads: readonly Thread[]) => void; onRun?: (run: Run) => void } = {},
): Promise<ThreadedRun> {
  const token = 'the-token-of-this-test';
  const { scenario, secrets, traces, assets } = parseScenario({
    file: 's.yaml',
    text,
    overrides: [],
    environment: {},
    token,
  });
  const material = { scenario, traces, workloads: await prepareWorkloads(scenario, assets), models: new Map() };
  const beganMs = monotonicMs();
  const serviceUrl = scenario.service.url;
  const service = serviceBench({ scenario, secrets, clock: systemClock(beganMs), serviceUrl, ca: undefined });
  const data = { material, secrets, serviceUrl, ca: undefined, beganMs };
  const engineLateRatio = () => undefined;
  const threads = threadCount === 1 ? [] : await startThreads(threadCount, data);
  options.onThreads?.(threads);
  const bench =
    threads.length === 0
      ? await openBench(service, 1, data, engineLateRatio)
      : threadedBench(service, threads, engineLateRatio);
  const records: RequestRecord[] = [];
  const samples: GeneratorSample[] = [];
  try {
    const run = await runScenario({
      ...material,
      id: 'test',
      environment: {
        harness: '',
        node: '',
        host: { platform: '', cpu: '', cores: 1, memoryBytes: 0 },
        git: {},
        service: { url: serviceUrl, simulated: true, info: null },
        fingerprint: '',
      },
      bench,
      openStore: async () => ({
        add: record => void records.push(record),
        addGpu: () => {},
        addServer: () => {},
        flush: async sample => void (sample && samples.push(sample)),
        writeRun: async run => options.onRun?.(run),
        close: async () => {},
      }),
      progress: () => {},
      signal: new AbortController().signal,
      wallClock: () => new Date().toISOString(),
    });
    return { run, records, samples };
  } finally {
    await bench.close();
    await service.close();
  }
}

/** Each request that counts: when in its window it was due, in ms, and its body as the server got it; in order. */
function measured({ records, run }: ThreadedRun, { seen }: HandMadeServer) {
  const [from] = (run.cells[0] as CellResult).windowMs ?? [Number.NaN];
  const bodies = new Map(seen.map(({ headers, body }) => [headers['x-request-id'], digest(body)]));
  return records
    .filter(({ phase }) => phase === 'measured')
    .map(({ dueMs, requestId }) => ({ dueMs: dueMs - from, body: bodies.get(requestId) }))
    .sort((a, b) => a.dueMs - b.dueMs);
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

describe('a run over threads', () => {
  it('sends the same bytes, due at the same times, as one in this thread', async () => {
    const load = '{ warmup: 200ms, steps: [{ ratePerS: 100, duration: 800ms }] }';
    const sent = async (threads: number) => {
      const server = await handMadeServer();
      const finished = await runOver(threads, scenario(server, load));
      const requests = measured(finished, server);
      expect(finished.run.cells[0]?.counts.ok).toBe(requests.length);
      return { requests, finished };
    };
    const [alone, spread] = [await sent(1), await sent(2)];
    expect(new Set(alone.requests.map(({ body }) => body)).size).toBeGreaterThan(30);
    expect(spread.requests.map(({ body }) => body)).toEqual(alone.requests.map(({ body }) => body));
    // Records keep whole microseconds.
    spread.requests.forEach(({ dueMs }, i) => expect(dueMs).toBeCloseTo(alone.requests[i]?.dueMs ?? Number.NaN, 2));
    const { records, samples } = spread.finished;
    expect(records.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(records.map((_, seq) => seq));
    expect(samples.at(-1)?.threads).toHaveLength(2);
    expect(samples.at(-1)).toMatchObject({ sent: records.length, ended: records.length, inFlight: 0 });
  });

  it('asks for as many as a closed loop wants, over connections that were open before', async () => {
    const server = await handMadeServer();
    const text = scenario(server, '{ steps: [{ concurrency: 7, requests: 150 }] }');
    const { run, records } = await runOver(3, text);
    expect(run.cells[0]?.counts.due).toBe(150);
    expect(server.seen).toHaveLength(records.length);
    expect(server.mostAtOnce()).toBeLessThanOrEqual(7);
    expect(new Set(server.seen.map(({ port }) => port)).size).toBe(7);
  });

  it('stops at the first 401', async () => {
    const server = await handMadeServer(k => (k < 100 ? 'ok' : { status: 401, body: '{"detail":"no"}' }));
    const text = scenario(server, '{ steps: [{ concurrency: 8, duration: 30s }] }');
    const kept: Run[] = [];
    const failing = runOver(2, text, { onRun: run => void kept.push(run) });
    await expect(failing).rejects.toThrow(/expected the token to be accepted, got 401/);
    expect(server.seen.length).toBeLessThan(130);
    expect(kept.at(-1)).toMatchObject({ status: 'failed', unaccounted: 0 });
  });

  it('fails where a thread dies, and says how many requests have no record', async () => {
    const server = await handMadeServer();
    const text = scenario(server, '{ steps: [{ concurrency: 8, duration: 30s }] }');
    const kept: Run[] = [];
    const failing = runOver(2, text, {
      onRun: run => void kept.push(run),
      onThreads: ([first]) => {
        // A cell that does not exist is a fault of ours, which ends the thread.
        const memory = new SharedArrayBuffer(16);
        const order: StripeOrder = {
          cell: { index: 99 } as Cell,
          k: 0,
          n: 1,
          staggerMs: 0,
          isAlone: true,
          counts: memory,
          sent: memory,
        };
        setTimeout(() => first?.begin(order), 1_000);
      },
    });
    await expect(failing).rejects.toThrow(
      /^thread 1 of 2: expected it to drive to the end, got: .*; \d+ requests it had sent have no record$/,
    );
    expect(kept.at(-1)?.status).toBe('failed');
    // Those in flight, and those that ended and were not handed over yet.
    expect(kept.at(-1)?.unaccounted).toBeGreaterThanOrEqual(4);
  });
});

describe('threads that cannot begin', () => {
  it('say why, as this thread would', async () => {
    const server = await handMadeServer();
    const closed = { ...server, url: new URL('http://127.0.0.1:1') };
    const text = scenario(closed, '{ steps: [{ concurrency: 2, requests: 2 }] }');
    await expect(runOver(2, text)).rejects.toThrow(/127\.0\.0\.1:1: expected a service to answer, got: .*ECONNREFUSED/);
  });
});
