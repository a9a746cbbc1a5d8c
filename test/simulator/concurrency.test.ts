import { describe, expect, it } from 'vitest';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import {
  errorOf,
  eventsOf,
  eventually,
  postBytes,
  type RunningService,
  runningService,
  text,
} from './running-service.ts';

const long = { inputs: 'Hello', parameters: { max_new_tokens: 4000 }, stream: true };
const path = (gpu: number) => `/${text}/gpu${gpu}/generate`;

const inService = (service: RunningService) => service.statistics().models[0]?.inService;

describe('the limit of 100 concurrent requests of a model', () => {
  it('refuses the 101st over all GPUs, loses none of the hundred, and lets the next in', async () => {
    // Nothing moves at first, so that all hundred are there before one is done, on a busy machine as well.
    const service = await runningService({ faults: [{ kind: 'stall', forMs: 2500 }] });
    const body = { inputs: 'Hello', parameters: { max_new_tokens: 60 }, stream: true };
    const streams = await Promise.all(Array.from({ length: 100 }, (_, at) => service.post(path(at % 2), body)));
    const refused = await service.post(path(0), body);
    expect(refused.status).toBe(429);
    expect(await errorOf(refused)).toMatchObject({ type: 'too_many_requests', code: 429 });
    const lengths = await Promise.all(streams.map(async stream => eventsOf(await stream.text()).length));
    expect(lengths).toEqual(Array.from({ length: 100 }, () => 60));
    expect((await service.post(path(0), { ...body, stream: false })).status).toBe(200);
    expect(service.statistics().models[0]).toMatchObject({ inService: 0, maxInService: 100 });
    await eventually(() => service.statistics().requestsByStatus['200'] === 101);
    expect(service.statistics().requestsByStatus).toEqual({ 200: 101, 429: 1 });
  });

  it('is a limit of each model alone', async () => {
    const one = { ...documentedModel('one', [0]), maxConcurrentRequests: 1 };
    const service = await runningService({ models: [one, { ...one, route: 'two' }], speed: 1 });
    const { socket, until } = await service.socket();
    socket.write(postBytes('/one/gpu0/generate', long));
    await until('"index":1');
    const body = { inputs: 'Hello', parameters: { max_new_tokens: 1 } };
    expect((await service.post('/one/gpu0/generate', body)).status).toBe(429);
    expect((await service.post('/two/gpu0/generate', body)).status).toBe(200);
  });
});

describe('a place in the service', () => {
  it('is free again as soon as its client has the last token', async () => {
    const one = { ...documentedModel(text, [0]), maxConcurrentRequests: 1 };
    const service = await runningService({ models: [one] });
    for (const stream of [true, false]) {
      for (let round = 0; round < 10; round++) {
        const response = await service.post(path(0), { inputs: 'Hello', parameters: { max_new_tokens: 3 }, stream });
        expect(response.status).toBe(200);
        await response.text();
      }
    }
  });

  it.each([
    ['while it streams', true, '"index":2,'],
    ['while it waits for a whole answer', false, ''],
  ])('is free when its client goes away %s', async (_, stream, reached) => {
    const service = await runningService({ speed: 1 });
    const { socket, until } = await service.socket();
    socket.write(postBytes(path(0), { ...long, stream }));
    await until(reached);
    await eventually(() => inService(service) === 1);
    socket.destroy();
    await eventually(() => inService(service) === 0);
    await eventually(() => service.statistics().endpoints[0]?.engine.running === 0);
    expect(service.statistics().endpoints[0]?.engine).toMatchObject({ queued: 0, cancelled: 1, kvTokens: 0 });
  });

  it('is not taken by a client that goes away before it has said all', async () => {
    const service = await runningService();
    const { socket } = await service.socket();
    const bytes = postBytes(path(0), long);
    socket.write(bytes.slice(0, -5));
    await eventually(() => socket.bytesWritten === bytes.length - 5);
    socket.destroy();
    await eventually(() => service.statistics().requestsByStatus['aborted'] === 1);
    expect(service.statistics().models[0]).toMatchObject({ inService: 0, maxInService: 0 });
  });
});

describe('a connection', () => {
  it('serves one stream after another', async () => {
    const service = await runningService();
    const connection = await service.socket();
    for (const round of [1, 2, 3]) {
      connection.socket.write(postBytes(path(0), { inputs: 'Hello', parameters: { max_new_tokens: 4 }, stream: true }));
      await eventually(() => connection.received.split('\r\n0\r\n\r\n').length === round + 1);
    }
    expect(eventsOf(connection.received)).toHaveLength(12);
  });

  it('answers requests that were sent without waiting in their order', async () => {
    const service = await runningService();
    const connection = await service.socket();
    const ask = (max_new_tokens: number) =>
      postBytes(path(0), { inputs: 'Hello', parameters: { max_new_tokens }, stream: true });
    connection.socket.write(ask(40) + ask(2));
    await eventually(() => connection.received.split('\r\n0\r\n\r\n').length === 3);
    const [, first = '', second = ''] = connection.received.split('HTTP/1.1 200 OK');
    expect([eventsOf(first).length, eventsOf(second).length]).toEqual([40, 2]);
  });
});
