import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { monotonicMs, systemClock } from '../../../src/clock.ts';
import type { Attempt } from '../../../src/driver/driver.ts';
import { undiciSend } from '../../../src/driver/undici.ts';
import { Connections } from '../../../src/http/connections.ts';
import { tgi } from '../../../src/protocol/tgi.ts';
import { parsePace } from '../../../src/simulator/null-target/pace.ts';
import { type NullRequest, RequestReader } from '../../../src/simulator/null-target/request-reader.ts';
import { type NullStatistics, type SentTimes, startNullTarget } from '../../../src/simulator/null-target/target.ts';

async function started(): Promise<string> {
  const target = await startNullTarget({});
  onTestFinished(() => target.close());
  return target.url;
}

/** Asks through the driver that runs use. */
function asker(url: string) {
  const connections = new Connections(url, { timeoutMs: 5_000 });
  onTestFinished(() => connections.close());
  return (
    pace: string,
    maxNewTokens: number,
    stream = true,
    signal = new AbortController().signal,
  ): Promise<Attempt> => {
    const send = undiciSend({
      connections,
      protocol: tgi('tag'),
      clock: systemClock(),
      path: `/${pace}/gpu0/generate`,
      requestTimeoutMs: 5_000,
      token: 'any',
      headers: {},
    });
    return send({ prompt: 'Why?', images: [], maxNewTokens, parameters: {}, stream }, signal);
  };
}

const json = async (url: string) => (await fetch(url)).json();

/** What comes back for these bytes, sent piece by piece, until the connection is quiet or closed. */
function exchange(url: string, pieces: readonly string[]): Promise<string> {
  return new Promise(resolve => {
    let told = '';
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), noDelay: true });
    socket.on('data', chunk => {
      told += chunk;
    });
    socket.on('close', () => resolve(told));
    socket.setTimeout(200, () => socket.destroy());
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise(done => setImmediate(done));
      }
    })();
  });
}

describe('the null target', () => {
  it.each(['flood', 'staggered-1000', 'in-step-1000'])('streams as many tokens as were asked for, %s', async pace => {
    const ask = asker(await started());
    for (const tokens of [1, 2, 30]) {
      const { outcome, outputTokens, tokenTimesMs, finishReason } = await ask(pace, tokens);
      expect(outcome).toEqual({ kind: 'ok', status: 200 });
      expect([outputTokens, tokenTimesMs.length, finishReason]).toEqual([tokens, tokens, 'length']);
    }
  });

  it('answers as a whole where that is asked for', async () => {
    const ask = asker(await started());
    const { outcome, outputTokens, tokenTimesMs } = await ask('flood', 50, false);
    expect(outcome).toEqual({ kind: 'ok', status: 200 });
    expect([outputTokens, tokenTimesMs.length]).toEqual([50, 0]);
  });

  it('tells by request id when it sent each event of a paced stream, once, and puts it into the event as well', async () => {
    const url = await started();
    const before = monotonicMs();
    const body = JSON.stringify({ inputs: 'Why?', parameters: { max_new_tokens: 5 }, stream: true });
    const head = `POST /staggered-500/gpu0/generate HTTP/1.1\r\nx-request-id: one\r\ncontent-length: ${body.length}\r\n\r\n`;
    const text = await exchange(url, [head + body]);
    const { sentMs, left } = (await json(`${url}/sent`)) as SentTimes;
    const times = sentMs['one'] ?? [];
    expect(left).toBe(0);
    expect(times).toHaveLength(5);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(before);
    expect(times.at(-1)).toBeLessThan(monotonicMs());
    const stamps = [...text.matchAll(/"text":" (\d{15})"/g)].map(([, stamp]) => Number(stamp));
    expect(stamps).toEqual(times.map(ms => Math.round(ms * 1000)));
    expect(await json(`${url}/sent`)).toEqual({ sentMs: {}, left: 0 });
  });

  it('leaves a still stream after its first token until its client goes, and counts requests from the first on', async () => {
    const url = await started();
    const ask = asker(url);
    expect(await json(`${url}/statistics`)).toMatchObject({ firstRequestMs: null, requests: 0 });
    const abort = new AbortController();
    const asked = ask('still', 100, true, abort.signal);
    setTimeout(() => abort.abort(), 100);
    const { outcome, tokenTimesMs } = await asked;
    expect(outcome.kind).toBe('abandoned');
    expect(tokenTimesMs).toHaveLength(1);
    const { requests, firstRequestMs } = (await json(`${url}/statistics`)) as NullStatistics;
    expect(requests).toBe(1);
    expect(firstRequestMs).toBeLessThan(monotonicMs());
  });

  it('knows no other path, and no lockstep without a gate', async () => {
    const url = await started();
    const ask = asker(url);
    for (const pace of ['trot', 'lockstep', 'staggered-0', 'flood-5']) {
      expect((await ask(pace, 3)).outcome).toMatchObject({ kind: 'rejected', status: 404 });
    }
    expect(await json(`${url}/health`)).toEqual({ status: 'healthy' });
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  });

  it('hangs up on what it does not understand', async () => {
    const url = await started();
    const chunked = 'POST /flood/gpu0/generate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await exchange(url, [chunked])).toBe('');
    expect(await exchange(url, ['x'.repeat(70_000)])).toBe('');
  });
});

describe('RequestReader', () => {
  it('reads requests wherever they are cut, and several at once', () => {
    const request = (tokens: number, stream: boolean) => {
      const body = JSON.stringify({ inputs: 'x'.repeat(5_000), parameters: { max_new_tokens: tokens }, stream });
      return `POST /flood/gpu0/generate HTTP/1.1\r\nX-Request-Id: r${tokens}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    };
    const bytes = Buffer.from(`${request(6, true)}GET /health HTTP/1.1\r\n\r\n${request(77, false)}`);
    for (let at = 0; at <= bytes.length; at += 3) {
      const read: NullRequest[] = [];
      const reader = new RequestReader(each => read.push(each));
      expect(reader.push(bytes.subarray(0, at)) && reader.push(bytes.subarray(at))).toBe(true);
      const seen = read.map(({ method, path, requestId, maxNewTokens, stream }) =>
        [method, path, requestId, maxNewTokens, stream].join(' '),
      );
      expect(seen, `cut at ${at}`).toEqual([
        'POST /flood/gpu0/generate r6 6 true',
        'GET /health  1 false',
        'POST /flood/gpu0/generate r77 77 false',
      ]);
    }
  });
});

describe('parsePace', () => {
  it('reads every pace and nothing else', () => {
    expect(parsePace('flood')).toEqual({ kind: 'flood' });
    expect(parsePace('staggered-50')).toEqual({ kind: 'staggered', tokensPerS: 50 });
    expect(parsePace('in-step-20')).toEqual({ kind: 'in-step', tokensPerS: 20 });
    for (const name of ['', 'flood-1', 'staggered', 'staggered-', 'in-step-0', 'Flood']) {
      expect(parsePace(name)).toBeUndefined();
    }
  });
});
