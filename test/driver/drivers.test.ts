import { buildConnector, Client } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, virtualClock } from '../../src/clock.ts';
import { dispatch } from '../../src/driver/dispatch.ts';
import { simulatedSend } from '../../src/driver/simulated.ts';
import { unaryDriver } from '../../src/driver/unary.ts';
import { undiciSend } from '../../src/driver/undici.ts';
import type { Connections } from '../../src/http/connections.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { closed, type Diary, drive } from './diary.ts';
import { describeDriver, type HttpDriver } from './driver-contract.ts';
import { type HandMadeServer, handMadeServer } from './hand-made-server.ts';
import { overSockets, overUndici } from './http-drivers.ts';

describeDriver('the engine in virtual time', {
  holds: driverLimits.undici,
  stream: true,
  bed: async ({ requestTimeoutMs }) => {
    const clock = virtualClock();
    const limits = { maxConcurrentRequests: 100, maxInputTokens: 4096, maxTotalTokens: 8192 };
    const { send } = simulatedSend({ clock, gpu: 'A100-80G', model: 'mistral-7b', limits, requestTimeoutMs, seed: 1 });
    return { driver: dispatch(send, clock), clock, run: work => clock.run(work) };
  },
});

const driven = (make: HttpDriver, { url }: HandMadeServer, requests: number, slots = 2): Promise<Diary> => {
  const clock = systemClock();
  const options = { url, clock, protocol: tgi('tag'), token: 'secret', headers: {}, requestTimeoutMs: 2_000 };
  const given = { load: closed(slots), end: { requests }, stream: false };
  return drive({ driver: make(options), clock, run: work => work }, given);
};

describe('three drivers of the same unary requests', () => {
  it('leave the same records, but for the times', async () => {
    const fates = ['ok', 'ok', 'reset', 'ok', { status: 500, body: '' }, 'ok, then closed', 'ok', 'ok'] as const;
    const servers = [0, 1, 2].map(() => handMadeServer(k => fates[k] ?? 'ok'));
    const [server, other, third] = (await Promise.all(servers)) as [HandMadeServer, HandMadeServer, HandMadeServer];
    const timeless = ({ dueMs, sentMs, connectionWaitMs, headersMs, endMs, requestId, ...rest }: RequestRecord) => ({
      ...rest,
      hadHeaders: headersMs !== undefined,
      outcome: { ...rest.outcome, detail: '' },
    });
    const ours = await driven(overUndici, server, 8, 1);
    const theirs = await driven(unaryDriver, other, 8, 1);
    const bare = await driven(overSockets, third, 8, 1);
    expect(theirs.inOrder.map(timeless)).toEqual(ours.inOrder.map(timeless));
    expect(bare.inOrder.map(timeless)).toEqual(ours.inOrder.map(timeless));
    const sent = ({ headers, body, path }: HandMadeServer['seen'][number]) => ({
      headers: { ...headers, 'x-request-id': '', host: '' },
      body,
      path,
    });
    expect(other.seen.map(sent)).toEqual(server.seen.map(sent));
    expect(third.seen.map(sent)).toEqual(server.seen.map(sent));
  });
});

describe('the driver over undici', () => {
  it('tells how long a request waited for a connection, and nothing of one that found one open', async () => {
    const { url } = await handMadeServer();
    const connector = buildConnector({});
    const late: buildConnector.connector = (options, done) => void setTimeout(() => connector(options, done), 40);
    const client = new Client(url.origin, { connect: late });
    onTestFinished(() => client.destroy());
    const connections = { acquire: () => client, release: () => {}, discard: () => {} } as unknown as Connections;
    const clock = systemClock();
    const options = { clock, protocol: tgi('tag'), token: 'secret', headers: {}, requestTimeoutMs: 2_000 };
    const driver = dispatch(undiciSend({ ...options, connections, path: url.pathname }), clock);
    const given = { load: closed(1), end: { requests: 3 }, stream: true };
    const { inOrder } = await drive({ driver, clock, run: work => work }, given);
    const [first, ...others] = inOrder as [RequestRecord, ...RequestRecord[]];
    expect(first.connectionWaitMs).toBeGreaterThanOrEqual(38);
    expect(first.connectionWaitMs).toBeLessThanOrEqual(Number(first.sentMs) - first.dueMs);
    for (const { connectionWaitMs } of others) expect(connectionWaitMs).toBeUndefined();
  });
});

describe('the driver over autocannon', () => {
  it('keeps a connection a slot', async () => {
    const server = await handMadeServer();
    await driven(unaryDriver, server, 30, 3);
    expect(new Set(server.seen.map(({ port }) => port)).size).toBe(3);
  });

  it('lets a refused slot wait as long as the refusal says', async () => {
    const refusal = { status: 429, body: 'Too Many Requests', headers: { 'retry-after': '1' } };
    const { inOrder } = await driven(unaryDriver, await handMadeServer(k => (k === 0 ? refusal : 'ok')), 2, 1);
    const [refused, next] = inOrder as [RequestRecord, RequestRecord];
    expect(next.dueMs).toBeCloseTo(refused.endMs + 1_000, 2);
    expect(next.sentMs).toBeGreaterThanOrEqual(next.dueMs);
  });

  it('does not knock without a pause where nobody listens', async () => {
    const clock = systemClock();
    const stop = new AbortController();
    clock.at(300, () => stop.abort());
    const options = { clock, protocol: tgi('tag'), token: 'secret', headers: {}, requestTimeoutMs: 2_000 };
    const driver = unaryDriver({ ...options, url: new URL('http://127.0.0.1:1/') });
    const given = { load: closed(2), end: { requests: 1_000 }, stream: false, signal: stop.signal };
    const diary = await drive({ driver, clock, run: work => work }, given);
    expect(diary.inOrder).toMatchObject([{ outcome: { kind: 'connection' } }, { outcome: { kind: 'connection' } }]);
  });

  it('takes no interim answer for the answer', async () => {
    const { inOrder } = await driven(unaryDriver, await handMadeServer(k => (k === 0 ? 'hint first' : 'ok')), 2, 1);
    expect(inOrder).toMatchObject([{ outcome: { kind: 'protocol', status: 103 } }, { outcome: { kind: 'ok' } }]);
  });
});
