import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/analysis/conformance.ts';
import { commandLine, tgiBench } from './tgi-bench.ts';

const probe = async (...args: string[]) => {
  const { exitCode, stdout } = await tgiBench(['probe', '--json', ...args]);
  return { exitCode, checks: JSON.parse(stdout) as Check[] };
};

describe('tgi-bench probe', () => {
  it('finds the documented service as documented', async () => {
    const { exitCode, checks } = await probe('--check');
    expect(checks.filter(({ conforms }) => !conforms)).toEqual([]);
    expect(checks.length).toBeGreaterThanOrEqual(9);
    expect(exitCode).toBe(0);
  });

  it('lists each deviation of the deployed service, with what to do about it', async () => {
    const { exitCode, checks } = await probe('--fidelity', 'deployed', '--check');
    const found = Object.fromEntries(
      checks.filter(({ conforms }) => !conforms).map(check => [check.name, check.found]),
    );
    expect(Object.keys(found).sort()).toEqual([
      'authorization',
      'bad request',
      'health',
      'image',
      'info',
      'path',
      'refused stream',
      'unary answer',
    ]);
    expect(found['path']).toContain('llava-v1.6-mistral-7b-tgi is served as llava-v1_6-mistral-7b-tgi');
    expect(found['unary answer']).toMatch(/array of one object.*prompt comes back/);
    expect(found['refused stream']).toMatch(/^200 /);
    expect(found['image']).toMatch(/read as text.*!\[\]\(data:…\): looked at as an image/);
    expect(checks.find(({ name }) => name === 'metrics')?.found).toContain('/generate/metrics');
    expect(exitCode).toBe(3);
  });

  it('stops at the first 401 and never shows the token', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.writeHead(401).end('{"detail":"Invalid token"}');
    });
    await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exitCode, stderr, stdout } = await tgiBench(['probe', '--url', url], {
      env: { VALID_TOKEN: 'a-wrong-secret' },
    });
    server.close();
    expect(exitCode).toBe(7);
    expect(requests).toBe(1);
    expect(stderr).toMatch(/expected the token to be accepted, got 401/);
    expect(stderr + stdout).not.toContain('a-wrong-secret');
  });

  it('says when nobody listens', async () => {
    const { exitCode, stderr } = await commandLine(['probe', '--url', 'http://127.0.0.1:1'], {
      env: { VALID_TOKEN: 'x' },
    });
    expect(exitCode).toBe(7);
    expect(stderr).toMatch(/expected a service to answer, got.*ECONNREFUSED/);
  });
});
