import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Driver, StageFinish } from '../../src/driver/driver.ts';
import type { UnaryExchangeOptions } from '../../src/driver/unary-exchange.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import type { Load } from '../../src/scenario/expand.ts';
import { runningService, text, token } from '../simulator/running-service.ts';
import { type Bed, closed, drive, type Given } from './diary.ts';
import { type Fate, type HandMadeServer, handMadeServer } from './hand-made-server.ts';

/** A driver, for the suite that every driver passes for what it declares it can hold. */
export interface Subject {
  /** Makes it anew for one test. */
  readonly bed: (options: { readonly requestTimeoutMs: number }) => Promise<Bed>;
  readonly holds: Driver['holds'];
  /** Whether it is asked for streams. */
  readonly stream: boolean;
}

/** Makes a driver that sends to an endpoint over HTTP. */
export type HttpDriver = (options: UnaryExchangeOptions & { readonly url: URL }) => Driver;

const constant = (ratePerS: number): Load => ({ kind: 'open', arrivals: 'constant', ratePerS, whenFull: 'drop' });
const patienceMs = 10_000;
/** Far more than a test waits for. */
const endless = 4_000;

/** What every driver does. */
export function describeDriver(name: string, { bed, holds, stream }: Subject): void {
  const driven = async (given: Omit<Given, 'stream'>, requestTimeoutMs = patienceMs) =>
    drive(await bed({ requestTimeoutMs }), { ...given, stream });

  describe(`${name}, as a driver`, () => {
    it('declares what it holds', async () => {
      const { driver } = await bed({ requestTimeoutMs: patienceMs });
      expect(driver.holds).toEqual(holds);
      expect(holds.answers).toContain(stream ? 'streaming' : 'unary');
    });

    it('reports every request once, as it was made, and as many as were asked for', async () => {
      const diary = await driven({ load: closed(3), end: { requests: 12 }, warmup: { turnovers: 1 } });
      expect(diary.inOrder.map(({ seq }) => seq)).toEqual(Array.from({ length: diary.dueCount }, (_, seq) => seq));
      expect(diary.measured).toHaveLength(12);
      expect(new Set(diary.prompts).size).toBe(diary.dueCount);
      expect(diary.prompts.filter(prompt => prompt.startsWith('measured'))).toEqual(
        Array.from({ length: 12 }, (_, index) => `measured ${index} – Grüße`),
      );
      for (const record of diary.records) {
        expect(record).toMatchObject({ outcome: { kind: 'ok' }, outputTokens: 5, finishReason: 'length' });
        expect(record.tokenTimesMs).toHaveLength(stream ? 5 : 0);
      }
    });

    it('stamps what happens in the order in which it happens', async () => {
      const { records } = await driven({ load: closed(3), end: { requests: 9 } });
      for (const { dueMs, sentMs, headersMs, tokenTimesMs, endMs } of records) {
        const stamps = [dueMs, sentMs, ...(headersMs === undefined ? [] : [headersMs]), ...tokenTimesMs, endMs];
        expect(stamps).toEqual(stamps.toSorted((a, b) => Number(a) - Number(b)));
      }
    });

    it('never has more in flight than slots, and a slot asks again when it was answered', async () => {
      const { records } = await driven({ load: closed(3), end: { requests: 12 }, staggerMs: 'unknown' });
      for (const { sentMs } of records) {
        const at = Number(sentMs);
        expect(records.filter(other => Number(other.sentMs) <= at && other.endMs > at).length).toBeLessThanOrEqual(3);
      }
      const ends = new Set(records.map(({ endMs }) => endMs));
      const begins = records.filter(({ dueMs }) => !ends.has(dueMs));
      expect(begins.length).toBeLessThanOrEqual(3);
    });

    it('opens its window when every slot has turned over and closes it when the next would have been due', async () => {
      const diary = await driven({ load: closed(3), end: { requests: 6 }, warmup: { turnovers: 2 } });
      const warm = diary.inOrder.filter(({ phase }) => phase === 'warmup');
      expect(diary.openings).toHaveLength(1);
      expect(diary.closings).toEqual([{ atMs: expect.any(Number), reason: 'complete' }]);
      const [openMs, closeMs] = [diary.openings[0] as number, diary.closings[0]?.atMs as number];
      expect(warm.length).toBeGreaterThanOrEqual(6);
      expect(warm.filter(({ endMs }) => endMs <= openMs + 0.001).length).toBeGreaterThanOrEqual(6);
      for (const { dueMs } of warm) expect(dueMs).toBeLessThan(openMs + 0.001);
      for (const { dueMs } of diary.measured) expect(dueMs).toBeGreaterThan(openMs - 0.001);
      const lastDueMs = Math.max(...diary.measured.map(({ dueMs }) => dueMs));
      expect(closeMs).toBeGreaterThanOrEqual(lastDueMs);
    });

    it('opens its window after a time where the warm-up is one', async () => {
      const diary = await driven({ load: closed(2), end: { requests: 4 }, warmup: 60 });
      expect(diary.measured).toHaveLength(4);
      expect(diary.openings).toHaveLength(1);
    });

    it('ends what takes too long as a timeout', async () => {
      const diary = await driven({ load: closed(2), end: { requests: 2 }, tokens: endless }, 200);
      expect(diary.inOrder.map(({ outcome }) => outcome.kind)).toEqual(['timeout', 'timeout']);
      for (const { sentMs, endMs } of diary.records) expect(endMs - Number(sentMs)).toBeGreaterThanOrEqual(199);
    });

    it('ends a step of so many requests at its time', async () => {
      const diary = await driven({ load: closed(2), end: { requests: 1_000_000, durationMs: 150 } });
      expect(diary.closings[0]?.atMs).toBeCloseTo((diary.openings[0] as number) + 150, 6);
      expect(diary.inOrder.map(({ outcome }) => outcome.kind)).toEqual(diary.records.map(() => 'ok'));
    });

    it('goes on, uncounted, until every cell of its stage is measured', async () => {
      const { driver, clock, run } = await bed({ requestTimeoutMs: patienceMs });
      const finish = new StageFinish(2);
      let measuredMs = Number.NaN;
      let ended = 0;
      const onEnd = () => {
        if (++ended !== 20) return;
        measuredMs = clock.nowMs();
        finish.measured(1, () => {});
      };
      const diary = await drive(
        { driver, clock, run },
        { load: closed(3), end: { requests: 6 }, stream, finish, onEnd },
      );
      expect(diary.measured).toHaveLength(6);
      const after = diary.inOrder.slice(6);
      expect(after.length).toBeGreaterThanOrEqual(14);
      expect(after.length).toBeLessThanOrEqual(17);
      expect(new Set(after.map(({ phase }) => phase))).toEqual(new Set(['cooldown']));
      for (const { dueMs } of after) expect(dueMs).toBeLessThanOrEqual(measuredMs + 0.001);
      expect(diary.closings).toEqual([{ atMs: expect.any(Number), reason: 'complete' }]);
      expect(diary.closings[0]?.atMs).toBeLessThan(measuredMs);
    });

    it('ends at an interruption: nothing new, a short drain, and nothing lost', async () => {
      const { driver, clock, run } = await bed({ requestTimeoutMs: patienceMs });
      const interrupt = new AbortController();
      clock.at(clock.nowMs() + 100, () => interrupt.abort());
      const given = { load: closed(3), end: { requests: 50 }, tokens: endless, drainMs: 50, stream };
      const diary = await drive({ driver, clock, run }, { ...given, signal: interrupt.signal });
      expect(diary.inOrder.map(({ outcome }) => outcome.kind)).toEqual(['abandoned', 'abandoned', 'abandoned']);
      expect(diary.closings).toEqual([{ atMs: expect.any(Number), reason: 'interrupted' }]);
    });

    it('sends nothing where it is interrupted before it begins', async () => {
      const diary = await driven({ load: closed(3), end: { requests: 5 }, signal: AbortSignal.abort() });
      expect(diary.dueCount).toBe(0);
    });

    if (holds.loads.includes('open')) {
      it('sends by the schedule, whatever the answers do', async () => {
        const diary = await driven({ load: constant(100), end: { requests: 10 }, tokens: 50 });
        const dues = diary.measured.map(({ dueMs }) => dueMs);
        expect(dues).toHaveLength(10);
        dues.forEach((dueMs, k) => expect(dueMs - Number(dues[0])).toBeCloseTo(k * 10, 2));
      });
    } else {
      it('refuses an open loop', async () => {
        await expect(driven({ load: constant(100), end: { requests: 10 } })).rejects.toThrow(TypeError);
      });
    }
  });
}

/** What every driver over HTTP does besides. */
export function describeHttpDriver(name: string, make: HttpDriver, holds: Driver['holds'], stream: boolean): void {
  const bedAt = (url: URL, requestTimeoutMs = patienceMs): Bed => {
    const clock = systemClock();
    const headers = { 'x-tenant': 'tests' };
    const driver = make({ url, clock, protocol: tgi('tag'), token, headers, requestTimeoutMs });
    return { driver, clock, run: work => work };
  };
  const bed: Subject['bed'] = async ({ requestTimeoutMs }) => bedAt((await handMadeServer()).url, requestTimeoutMs);
  describeDriver(name, { bed, holds, stream });

  const drivenAt = ({ url }: HandMadeServer, given: Omit<Given, 'stream'>, requestTimeoutMs?: number) =>
    drive(bedAt(url, requestTimeoutMs), { ...given, stream });
  const limited = { 'retry-after': '0', 'x-retry-in': '90ms' };
  const json = { 'content-type': 'application/json' };
  const fates: readonly (readonly [string, Fate, object])[] = [
    ['an answer', 'ok', { kind: 'ok' }],
    ['an answer that closes its connection', 'ok, then closed', { kind: 'ok' }],
    ['an answer that ends with its connection', 'ok, without a length', { kind: 'ok' }],
    [
      "a limiter's refusal",
      { status: 429, body: 'Too Many Requests', headers: limited },
      { kind: 'rate_limited', by: 'gateway', status: 429, retryAfterMs: 0 },
    ],
    [
      "the model server's refusal",
      {
        status: 429,
        body: '{"error":"Model is overloaded","error_type":"overloaded"}',
        headers: { ...json, ...limited },
      },
      { kind: 'overloaded', by: 'model server', detail: 'Model is overloaded' },
    ],
    [
      'a 403',
      { status: 403, body: '{"error":{"message":"no","type":"x","code":403}}', headers: { 'retry-after': '0' } },
      { kind: 'forbidden' },
    ],
    ['a 401', { status: 401, body: `{"detail":"not ${token}"}` }, { kind: 'unauthorized', detail: 'not [token]' }],
    ['a 422', { status: 422, body: '{"error":"no","error_type":"validation"}' }, { kind: 'rejected' }],
    ['a 500', { status: 500, body: 'Internal Server Error' }, { kind: 'server_error', by: 'gateway' }],
    ['a redirect', { status: 307, body: '', headers: { location: 'http://127.0.0.1:1/' } }, { kind: 'protocol' }],
    ['a page', { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }, { kind: 'protocol' }],
    ['half an object', { status: 200, body: '{"generated_', headers: json }, { kind: 'protocol' }],
    [
      'an encoded answer',
      { status: 200, body: '{}', headers: { ...json, 'content-encoding': 'br' } },
      { kind: 'protocol', detail: 'an answer encoded as br, which was not asked for' },
    ],
    ['a reset', 'reset', { kind: 'connection' }],
    ['an answer that is cut off', 'cut off', { kind: 'connection' }],
    ['silence', 'never', { kind: 'timeout' }],
    ['something that is no HTTP', 'no HTTP', { kind: 'protocol' }],
  ];

  describe(`${name}, over HTTP`, () => {
    it.each(fates)('tells %s, and goes on', async (_, fate, outcome) => {
      const server = await handMadeServer(k => (k === 1 ? fate : 'ok'));
      const diary = await drivenAt(server, { load: closed(1), end: { requests: 3 } }, 500);
      expect(diary.inOrder).toMatchObject([{ outcome: { kind: 'ok' } }, { outcome }, { outcome: { kind: 'ok' } }]);
      expect(server.seen).toHaveLength(3);
    });

    it('tells where the server says that the time of an answer went, and nothing where it does not say', async () => {
      const timings = { 'x-queue-time': '12', 'x-inference-time': '340', 'x-compute-time': '0.3525' };
      const body = '{"generated_text":"a"}';
      const told: Fate = { status: 200, body, headers: { ...json, ...timings } };
      const server = await handMadeServer(k => (k === 1 ? told : 'ok'));
      const diary = await drivenAt(server, { load: closed(1), end: { requests: 3 } });
      const tells = diary.inOrder.map(record => record.server);
      expect(tells).toEqual([undefined, { queueMs: 12, inferenceMs: 340, totalMs: 352.5 }, undefined]);
    });

    it('sends each request as its source made it, to the path as it stands', async () => {
      const server = await handMadeServer();
      const diary = await drivenAt(server, { load: closed(4), end: { requests: 20 } });
      const inputs = server.seen.map(({ body }) => (JSON.parse(body) as { inputs: string }).inputs);
      expect(inputs.toSorted()).toEqual(diary.prompts.toSorted());
      expect(new Set(inputs).size).toBe(20);
      expect(server.seen.map(({ headers }) => headers['x-request-id']).toSorted()).toEqual(
        diary.records.map(({ requestId }) => requestId).toSorted(),
      );
      for (const { headers, path, body } of server.seen) {
        expect(path).toBe('/m/gpu0/generate?x=1');
        expect(headers).toMatchObject({
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          accept: stream ? 'text/event-stream' : 'application/json',
          'x-tenant': 'tests',
        });
      }
      expect(diary.records.map(({ requestBytes }) => requestBytes).toSorted()).toEqual(
        server.seen.map(({ body }) => Buffer.byteLength(body)).toSorted(),
      );
    });

    it('has at most as many requests at the server as slots', async () => {
      const server = await handMadeServer(k => (k % 5 === 3 ? 'reset' : 'ok'));
      await drivenAt(server, { load: closed(4), end: { requests: 40 }, warmup: { turnovers: 1 } });
      expect(server.mostAtOnce()).toBeLessThanOrEqual(4);
    });

    it('sends nothing more once a 401 has ended the run', async () => {
      const server = await handMadeServer(() => ({ status: 401, body: '{"detail":"Invalid token"}' }));
      const stop = new AbortController();
      const onEnd = () => stop.abort();
      const diary = await drivenAt(server, { load: closed(1), end: { requests: 9 }, signal: stop.signal, onEnd });
      expect(diary.inOrder).toMatchObject([{ outcome: { kind: 'unauthorized' } }]);
      expect(server.seen).toHaveLength(1);
    });

    it('hears the embedded service', async () => {
      const service = await runningService();
      const url = new URL(`${service.url}/${text}/gpu0/generate`);
      const diary = await drive(bedAt(url), { load: closed(4), end: { requests: 20 }, tokens: 8, stream });
      expect(diary.records).toHaveLength(20);
      for (const record of diary.records)
        expect(record).toMatchObject({
          outcome: { kind: 'ok', status: 200 },
          outputTokens: 8,
          tokensFrom: 'server',
          finishReason: 'length',
        });
    });
  });
}
