import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { pageReader } from '../../src/http/page.ts';
import type { GpuLine } from '../../src/record/gpu-sample.ts';
import type { ServerLine } from '../../src/record/server-sample.ts';
import { watchGpuPage } from '../../src/telemetry/gpu-pages.ts';
import { type ServerPage, watchServerPages } from '../../src/telemetry/server-pages.ts';

type Answer = (response: ServerResponse, request: IncomingMessage, asked: number) => void;

/** A server of one page; `asked` has the paths and tokens of all questions. */
async function serving(answer: Answer): Promise<{ url: string; asked: { path: string; token: string | undefined }[] }> {
  const asked: { path: string; token: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', token: request.headers.authorization });
    answer(response, request, asked.length);
  });
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const reading = (timeoutMs = 1_000) => {
  const reader = pageReader({ timeoutMs, mostBytes: 1_000_000 });
  onTestFinished(() => reader.close());
  return reader;
};

/** Watches pages every few milliseconds until the test ends. */
function watching(
  pages: readonly Partial<ServerPage>[],
  url: string,
  options: { timeoutMs?: number; driven?: () => boolean } = {},
) {
  const lines: ServerLine[] = [];
  const watch = watchServerPages({
    pages: pages.map(page => ({
      target: 'm/gpu0',
      simulated: false,
      urls: [`${url}/metrics`],
      headers: { authorization: 'Bearer secret' },
      isNamed: false,
      ...page,
    })),
    intervalMs: 10,
    reader: reading(options.timeoutMs),
    clock: systemClock(),
    listen: line => void lines.push(line),
    isDriven: options.driven ?? (() => true),
  });
  onTestFinished(() => watch.stop());
  return { lines, until: (isSo: () => boolean) => until(isSo) };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 2));
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

describe('a watched model server', () => {
  it('is asked with the token while its target is driven, and only then', async () => {
    let driven = false;
    const { url, asked } = await serving(response => response.end('tgi_queue_size 4\n'));
    const { lines } = watching([{}], url, { driven: () => driven });
    await pause(40);
    expect(asked).toEqual([]);
    driven = true;
    await until(() => lines.length >= 2);
    expect(lines[0]).toMatchObject({ source: 'tgi', target: 'm/gpu0', simulated: false, queueSize: 4 });
    expect(asked[0]).toEqual({ path: '/metrics', token: 'Bearer secret' });
  });

  it('is found at the second place, and is not there where neither has it', async () => {
    const { url, asked } = await serving((response, { url: path }) => {
      response.statusCode = path === '/b' ? 200 : 404;
      response.end(path === '/b' ? 'tgi_queue_size 0\n' : 'no');
    });
    const found = watching([{ urls: [`${url}/a`, `${url}/b`] }], url);
    await until(() => found.lines.length >= 2);
    expect(found.lines[0]).toMatchObject({ queueSize: 0 });
    expect(asked.map(({ path }) => path).slice(0, 3)).toEqual(['/a', '/b', '/b']);

    const absent = watching([{ urls: [`${url}/a`, `${url}/c`], target: 'x' }], url);
    await until(() => absent.lines.length > 0);
    await pause(40);
    expect(absent.lines).toEqual([expect.objectContaining({ gap: 'x: its metrics page answered 404', absent: true })]);
  });

  it('that was named and is not there is a gap', async () => {
    const { url } = await serving(response => void response.writeHead(404).end());
    const { lines } = watching([{ isNamed: true }], url);
    await until(() => lines.length > 0);
    expect(lines[0]).not.toHaveProperty('absent');
  });

  it('refuses the token: nobody asks that service again', async () => {
    const { url, asked } = await serving(response => void response.writeHead(401).end('Invalid token secret'));
    const { lines } = watching([{ target: 'a' }, { target: 'b' }, { target: 'c' }], url);
    await until(() => lines.length > 0);
    await pause(60);
    expect(lines[0]).toMatchObject({ gap: expect.stringMatching(/refused the token \(401\)/) });
    // Those that were on their way already may be refused as well.
    expect(asked.length).toBeLessThanOrEqual(3);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('is refused by a limiter: it waits as long as told, and longer each time', async () => {
    const { url, asked } = await serving(response => void response.writeHead(429, { 'retry-after': '30' }).end());
    const { lines } = watching([{}], url);
    await until(() => lines.length > 0);
    await pause(60);
    expect(asked).toHaveLength(1);
    expect(lines[0]).toMatchObject({ gap: expect.stringMatching(/limiter \(429\); asked again after 30 s/) });
  });

  it.each<[string, Answer, RegExp]>([
    [
      'HTML',
      response => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>\n<p>\n</html>'),
      /answered with text\/html that is no such page/,
    ],
    ['another server’s page', response => void response.end('vllm:running 1\n'), /that is no such page/],
    ['50 MB', response => void response.end(Buffer.alloc(50_000_000, 'a 1\n')), /sent more than 1 MB/],
  ])('sends %s: it is not asked again', async (_, answer, says) => {
    const { url, asked } = await serving(answer);
    const { lines } = watching([{}], url);
    await until(() => lines.length > 0);
    await pause(40);
    expect(lines).toEqual([expect.objectContaining({ gap: expect.stringMatching(says) })]);
    expect(asked).toHaveLength(1);
  });

  it('does not answer, fails, closes, and answers again', async () => {
    const { url } = await serving((response, _, asked) => {
      if (asked === 2) response.writeHead(503).end();
      else if (asked === 3) response.destroy();
      else if (asked > 3) response.end('tgi_queue_size 1\n');
    });
    const { lines } = watching([{}], url, { timeoutMs: 50 });
    await until(() => lines.length >= 4);
    expect(lines[0]).toMatchObject({ gap: 'm/gpu0: its metrics page did not answer within 0.05 s' });
    expect(lines[1]).toMatchObject({ gap: 'm/gpu0: its metrics page answered 503' });
    expect(lines[2]).toMatchObject({ gap: expect.stringMatching(/its metrics page .+/) });
    expect(lines[3]).toMatchObject({ queueSize: 1 });
  });
});

describe('a watched DCGM exporter', () => {
  const watchingGpus = (url: string) => {
    const lines: GpuLine[] = [];
    const watch = watchGpuPage({
      url,
      host: 'h2',
      source: 'dcgm at h2',
      intervalMs: 10,
      reader: reading(),
      clock: systemClock(),
      listen: line => void lines.push(line),
    });
    onTestFinished(() => watch.stop());
    return { lines, watch };
  };

  it('gives a sample a GPU, and is settled when each was seen twice', async () => {
    const { url } = await serving(response => response.end('DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-0"} 85\n'));
    const { lines, watch } = watchingGpus(url);
    await watch.settled;
    expect(lines.slice(0, 2)).toEqual(
      Array(2).fill({
        atMs: expect.any(Number),
        source: 'dcgm at h2',
        simulated: false,
        device: { host: 'h2', index: 0, uuid: 'GPU-0' },
        powerWatts: 85,
      }),
    );
  });

  it('is not there: the gap says so', async () => {
    const { lines, watch } = watchingGpus('http://127.0.0.1:9/metrics');
    await watch.settled;
    expect(lines[0]).toMatchObject({
      source: 'dcgm at h2',
      host: 'h2',
      gap: expect.stringMatching(/^dcgm at h2: its metrics page /),
    });
  });
});
