import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/analysis/limits.ts';
import { tgiBench } from './tgi-bench.ts';

const limitsOf = async (...args: string[]) => {
  const { exitCode, stdout } = await tgiBench(['probe', '--limits', '--json', ...args]);
  return { exitCode, limits: JSON.parse(stdout) as Limits };
};

/** A service that refuses the k-th request (from 0) as `refuse` says, and answers all others; gives how many it got. */
async function probed(refuse: (k: number) => { status: number; body: string } | undefined) {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const refusal = refuse(requests++);
      if (refusal !== undefined) return response.writeHead(refusal.status).end(refusal.body);
      return response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"generated_text":"a","details":{"finish_reason":"length","generated_tokens":1}}');
    });
  });
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const result = await tgiBench(['probe', '--limits', '--url', url], { env: { VALID_TOKEN: 'a-wrong-secret' } });
  server.closeAllConnections();
  server.close();
  return { ...result, requests };
}

describe.concurrent('tgi-bench probe --limits', () => {
  it('finds that the documented service takes 100 at once, with one refusal, and at any rate', async () => {
    const { exitCode, limits } = await limitsOf();
    const { concurrency, rate, requests } = limits;
    expect(concurrency).toMatchObject({ held: 100, refused: 101, kind: 'concurrency' });
    expect(concurrency.refusal).toMatchObject({
      outcome: { kind: 'rate_limited', status: 429, by: 'gateway' },
      answeredThen: false,
    });
    expect(rate.refusedPerS).toBe(null);
    expect(requests).toBeLessThan(300);
    expect(exitCode).toBe(0);
  });

  it('finds the limiter of the deployed service: 10 a second and 25 at once', async () => {
    const { limits } = await limitsOf('--fidelity', 'deployed');
    const { concurrency, rate, bucket } = limits;
    expect(concurrency).toMatchObject({ kind: 'rate', refusal: { answeredThen: true } });
    expect(concurrency.held).toBeGreaterThanOrEqual(25);
    expect(concurrency.held).toBeLessThan(40);
    expect(rate.refusal).toMatchObject({
      outcome: { kind: 'rate_limited', status: 429, by: 'gateway', retryAfterMs: 1_000 },
      answeredThen: true,
    });
    expect(rate.refusedPerS).toBeGreaterThan(10);
    expect(bucket?.ratePerS[0]).toBeLessThanOrEqual(11);
    expect(bucket?.ratePerS[1]).toBeGreaterThanOrEqual(9);
    expect(bucket?.burst[0]).toBeLessThanOrEqual(26);
    expect(bucket?.burst[1]).toBeGreaterThanOrEqual(23);
  });

  it('never sends a second wrong token', async () => {
    const { exitCode, requests, stderr, stdout } = await probed(() => ({ status: 401, body: '{"detail":"Invalid"}' }));
    expect(exitCode).toBe(7);
    expect(requests).toBe(1);
    expect(stderr).toMatch(/got 401/);
    expect(stderr + stdout).not.toContain('a-wrong-secret');
  });

  it('stops at once where it is banned', async () => {
    const ban = { status: 403, body: '{"detail":"Too many failed attempts. Please try again later."}' };
    const { exitCode, requests, stderr } = await probed(k => (k < 5 ? undefined : ban));
    expect(exitCode).toBe(7);
    expect(requests).toBeLessThanOrEqual(8);
    expect(stderr).toMatch(/got a ban \(403\)/);
  });
});
