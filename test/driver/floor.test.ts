import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type RoundTripOptions, roundTrips } from '../../src/driver/floor.ts';

async function measured(listener: RequestListener, options: Partial<RoundTripOptions> = {}) {
  const server = createServer(listener);
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return roundTrips({
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`),
    headers: { authorization: 'Bearer secret' },
    clock: systemClock(),
    connections: 4,
    requests: 30,
    withinMs: 5_000,
    ...options,
  });
}

describe('the way to a gateway and back', () => {
  it('is measured by as many requests as were asked for, on as many connections', async () => {
    const seen: string[] = [];
    const ports = new Set<number | undefined>();
    const timesMs = await measured(({ method, url, socket, headers }, response) => {
      seen.push(`${method} ${url} ${headers.authorization}`);
      ports.add(socket.remotePort);
      response.end('ok');
    });
    expect(timesMs).toHaveLength(30);
    for (const timeMs of timesMs) expect(timeMs).toBeGreaterThan(0);
    expect(seen).toEqual(Array.from({ length: 30 }, () => 'GET /health Bearer secret'));
    expect(ports.size).toBe(4);
  });

  it('counts the answer, not the connecting', async () => {
    const [timeMs] = await measured((_, response) => void setTimeout(() => response.end(), 50), { requests: 1 });
    expect(timeMs).toBeGreaterThanOrEqual(49);
  });

  it('ends at the first refusal', async () => {
    let requests = 0;
    const timesMs = await measured((_, response) => {
      response.writeHead(++requests > 6 ? 429 : 200).end();
    });
    expect(timesMs).toHaveLength(6);
    expect(requests).toBeLessThanOrEqual(10);
  });

  it('ends at its time, with what it has', async () => {
    expect(await measured(() => {}, { withinMs: 50 })).toEqual([]);
  });

  it('is unknown where nobody listens', async () => {
    expect(await measured(() => {}, { url: new URL('http://127.0.0.1:1/') })).toEqual([]);
  });
});
