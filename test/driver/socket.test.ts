import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { socketSend } from '../../src/driver/socket.ts';
import { Sockets } from '../../src/http/sockets.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import { driverLimits } from '../../src/scenario/driver-limits.ts';
import type { GenerationRequest } from '../../src/workload/workload.ts';
import { describeHttpDriver } from './driver-contract.ts';
import { handMadeServer } from './hand-made-server.ts';
import { overSockets } from './http-drivers.ts';

describeHttpDriver('streaming over sockets', overSockets, driverLimits.socket, true);

it('sends each request whole and with an id of its own, whatever its connection sent before', async () => {
  const { url, seen } = await handMadeServer();
  const clock = systemClock();
  const sockets = new Sockets(url.origin, { timeoutMs: 5_000, clock });
  onTestFinished(() => sockets.close());
  const protocol = tgi('tag');
  const send = socketSend({ protocol, clock, token: 'secret', headers: {}, requestTimeoutMs: 5_000, url, sockets });
  const asking = (prompt: string, stream: boolean): GenerationRequest => ({
    prompt,
    images: [],
    maxNewTokens: 1,
    parameters: {},
    stream,
  });
  const [short, long, large] = [
    asking('short', true),
    asking('l'.repeat(500), false),
    asking('x'.repeat(40_000), true),
  ];
  const requests = [short, short, short, long, short, large, large, short, long, long];
  const ids: string[] = [];
  for (const request of requests) {
    const { outcome, requestId } = await send(request, new AbortController().signal, new AbortController().signal);
    expect(outcome).toEqual({ kind: 'ok', status: 200 });
    ids.push(requestId);
  }
  expect(new Set(ids).size).toBe(requests.length);
  expect(new Set(seen.map(({ port }) => port)).size).toBe(1);
  expect(seen.map(({ headers }) => headers['x-request-id'])).toEqual(ids);
  expect(seen.map(({ body }) => body)).toEqual(requests.map(request => protocol.encode(request)));
});
