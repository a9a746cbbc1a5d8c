import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import {
  bodyOf,
  dataOf,
  errorOf,
  eventsOf,
  eventually,
  postBytes,
  type RunningService,
  runningService,
  text,
  token,
} from './running-service.ts';

const generate = `/${text}/gpu0/generate`;
const body = { inputs: 'Hello', parameters: { max_new_tokens: 20 } };

const withFault = (fault: Fault) => runningService({ faults: [fault] });
const stream = (service: RunningService) => service.post(generate, { ...body, stream: true });
const whole = (service: RunningService) => service.post(generate, { ...body, stream: false });

/** Everything of a body that came before it broke off, and whether it did. */
async function received(response: Response): Promise<{ text: string; broken: boolean }> {
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    return { text, broken: false };
  } catch {
    return { text, broken: true };
  }
}

describe('a fault that hits requests', () => {
  it('resets a stream in the middle, and a whole answer before its headers', async () => {
    const service = await withFault({ kind: 'reset', afterTokens: 5 });
    const { text, broken } = await received(await stream(service));
    expect([eventsOf(text).length, broken]).toEqual([5, true]);
    await expect(whole(service)).rejects.toThrow();
    await eventually(() => service.statistics().models[0]?.inService === 0);
  });

  it('ends a stream without its final event, and cuts a whole answer short', async () => {
    const service = await withFault({ kind: 'eof', afterTokens: 5 });
    const cut = await received(await stream(service));
    expect([eventsOf(cut.text).at(-1)?.generated_text, eventsOf(cut.text).length, cut.broken]).toEqual([
      null,
      5,
      false,
    ]);
    expect((await received(await whole(service))).broken).toBe(true);
  });

  it('puts something that is not JSON into an answer', async () => {
    const service = await withFault({ kind: 'malformed', afterTokens: 5 });
    const { text } = await received(await stream(service));
    expect(() => eventsOf(text)).toThrow(SyntaxError);
    expect(dataOf(text)).toHaveLength(6);
    await expect((await whole(service)).json()).rejects.toThrow(SyntaxError);
  });

  it('puts an error event into the middle of a stream, or answers 500', async () => {
    const service = await withFault({ kind: 'error_event', afterTokens: 5 });
    const events = eventsOf((await received(await stream(service))).text);
    expect([events.length, events.at(-1)?.error]).toEqual([6, expect.objectContaining({ type: 'generation' })]);
    expect((await whole(service)).status).toBe(500);
  });

  it.each([500, 502, 503] as const)('answers %i in the service’s place', async status => {
    const service = await withFault({ kind: 'status', status });
    expect((await stream(service)).status).toBe(status);
    expect((await errorOf(await whole(service))).code).toBe(status);
    expect(service.statistics().endpoints[0]?.engine.accepted).toBe(0);
  });

  it('delays headers', async () => {
    const service = await withFault({ kind: 'slow_headers', delayMs: 150 });
    const startMs = performance.now();
    await stream(service);
    expect(performance.now() - startMs).toBeGreaterThan(145);
  });

  it('holds a token, and loses none', async () => {
    const service = await withFault({ kind: 'slow_token', afterTokens: 5, delayMs: 150 });
    const startMs = performance.now();
    const { text } = await received(await stream(service));
    expect(performance.now() - startMs).toBeGreaterThan(145);
    expect(eventsOf(text)).toHaveLength(20);
  });

  it('that holds a token past the time limit leaves the connection usable', async () => {
    const service = await runningService({
      requestTimeoutMs: 100,
      faults: [{ kind: 'slow_token', afterTokens: 5, delayMs: 200 }],
    });
    const connection = await service.socket();
    connection.socket.write(postBytes(generate, { ...body, stream: true }));
    await connection.until('"timeout"');
    expect((await whole(service)).status).toBe(500);
    await new Promise(resolve => setTimeout(resolve, 250));
    connection.socket.write(`GET /health HTTP/1.1\r\nHost: test\r\n\r\n`);
    await connection.until('healthy');
    expect(eventsOf(connection.received)).toHaveLength(6);
  });

  it('hits its share of the requests, its model and its GPU alone', async () => {
    const service = await runningService({
      faults: [
        { kind: 'status', status: 503, gpu: 1 },
        { kind: 'status', status: 500, ratio: 0.5 },
        { kind: 'status', status: 502, model: 'another' },
      ],
    });
    const statuses = [];
    for (let request = 0; request < 40; request++) statuses.push((await whole(service)).status);
    const failed = statuses.filter(status => status === 500).length;
    expect(failed).toBeGreaterThan(8);
    expect(failed).toBeLessThan(32);
    expect(new Set(statuses)).toEqual(new Set([200, 500]));
    expect((await service.post(`/${text}/gpu1/generate`, body)).status).toBe(503);
  });

  it('begins and ends in its time', async () => {
    const service = await withFault({ kind: 'status', status: 503, fromMs: 0, forMs: 2_000 });
    expect((await whole(service)).status).toBe(503);
    await eventually(() => service.statistics().uptimeMs > 2_200);
    expect((await whole(service)).status).toBe(200);
  });
});

describe('a fault that hits an engine', () => {
  it('stalls it: nobody gets a token until it is over', async () => {
    const service = await withFault({ kind: 'stall', forMs: 200 });
    const response = await stream(service);
    expect(response.status).toBe(200);
    expect(eventsOf(await response.text())).toHaveLength(20);
    expect(service.statistics().uptimeMs).toBeGreaterThan(200);
  });

  it('takes its GPU away: what runs fails, and what comes is refused', async () => {
    const service = await runningService({ speed: 1, faults: [{ kind: 'gpu_gone', fromMs: 150, gpu: 0 }] });
    const long = { inputs: 'Hello', parameters: { max_new_tokens: 3000 }, stream: true };
    const events = eventsOf(await (await service.post(generate, long)).text());
    expect(events.at(-1)?.error).toMatchObject({ type: 'generation' });
    expect((await service.post(generate, long)).status).toBe(503);
    expect((await service.post(`/${text}/gpu1/generate`, body)).status).toBe(200);
  });

  it('brings its GPU back', async () => {
    const service = await withFault({ kind: 'gpu_gone', forMs: 100 });
    await eventually(() => service.statistics().uptimeMs > 150);
    expect((await whole(service)).status).toBe(200);
  });
});

describe('the admin route for faults', () => {
  const admin = (service: RunningService, method: string, faults?: unknown, secret = service.adminToken) =>
    fetch(`${service.url}/admin/faults`, {
      method,
      headers: { authorization: `Bearer ${secret}` },
      ...(faults === undefined ? {} : { body: JSON.stringify(faults) }),
    });

  it('arms one fault or several, and takes them back', async () => {
    const service = await runningService();
    const armed = await admin(service, 'POST', [{ kind: 'status', status: 502 }]);
    expect(await bodyOf(armed)).toEqual({ armed: 1 });
    expect((await whole(service)).status).toBe(502);
    await admin(service, 'DELETE');
    expect((await whole(service)).status).toBe(200);
  });

  it.each([
    [{ kind: 'earthquake' }, 'kind'],
    [{ kind: 'status', status: 200 }, 'status'],
    [{ kind: 'reset' }, 'afterTokens'],
    [{ kind: 'stall', ratio: 2 }, 'ratio'],
    [{ kind: 'stall', gpu: 'all' }, 'gpu'],
    [{ kind: 'stall', model: 1 }, 'model'],
    [{ kind: 'stall', delayMs: 1 }, 'delayMs'],
    ['stall', 'fault'],
  ])('refuses %j and says what is wrong', async (fault, field) => {
    const service = await runningService();
    const response = await admin(service, 'POST', fault);
    expect(response.status).toBe(400);
    expect((await errorOf(response)).message).toContain(field);
  });

  it('is closed to clients', async () => {
    const service = await runningService();
    expect((await admin(service, 'POST', { kind: 'stall' }, token)).status).toBe(401);
    expect((await service.post(generate, body)).status).toBe(200);
  });
});
