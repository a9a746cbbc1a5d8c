import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Send } from '../../src/driver/driver.ts';
import { socketSend } from '../../src/driver/socket.ts';
import { undiciSend } from '../../src/driver/undici.ts';
import { Connections } from '../../src/http/connections.ts';
import { Sockets } from '../../src/http/sockets.ts';
import { tgi } from '../../src/protocol/tgi.ts';

type Serve = (socket: Socket) => void;

/** A server that answers `/good` with a slow stream and everything else as it is told. */
async function serving(serve: Serve): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, socket => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
    socket.on('data', request => (String(request).startsWith('POST /good ') ? serveWell(socket) : serve(socket)));
  });
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n';
const token =
  '{"index":1,"token":{"id":1,"text":"é","logprob":0,"special":false},"generated_text":null,"details":null}';
const last = token.replace('null,"details":null', '"é","details":{"finish_reason":"length","generated_tokens":9}');

/** Eight tokens and a last one, five milliseconds each. */
function serveWell(socket: Socket): void {
  socket.write(streamHead);
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(`data:${sent++ === 8 ? last : token}\n\n`);
    if (sent === 9) socket.end();
  }, 5);
  socket.once('close', () => clearInterval(timer));
}

/** Writes without end, as fast as it is read. */
function pour(socket: Socket, bytes: Buffer): void {
  while (!socket.destroyed && socket.write(bytes));
  socket.once('drain', () => pour(socket, bytes));
}

const drivers: readonly (readonly [string, (origin: string, path: string) => Send])[] = [
  [
    'sockets',
    (origin, path) => {
      const sockets = new Sockets(origin, { timeoutMs: 2_000, clock: systemClock() });
      onTestFinished(() => sockets.close());
      return socketSend({ ...options(), sockets, url: new URL(path, origin) });
    },
  ],
  [
    'undici',
    (origin, path) => {
      const connections = new Connections(origin, { timeoutMs: 2_000 });
      onTestFinished(() => connections.close());
      return undiciSend({ ...options(), connections, path });
    },
  ],
];
const options = () => ({
  clock: systemClock(),
  protocol: tgi('tag'),
  token: 'secret',
  headers: {},
  requestTimeoutMs: 4_000,
});

const request = { prompt: 'a', images: [], maxNewTokens: 9, parameters: {}, stream: true };
const never = new AbortController().signal;

/** What a server may do, and what is said of it. */
const hostile: readonly (readonly [string, Serve, object])[] = [
  [
    'a line without an end',
    socket => {
      socket.write(`${streamHead}data: `);
      pour(socket, Buffer.alloc(1 << 16, 'x'));
    },
    { kind: 'protocol', detail: expect.stringContaining('an event of more than') },
  ],
  [
    'an event without an end, over many lines',
    socket => {
      socket.write(streamHead);
      pour(socket, Buffer.from(`data: ${'x'.repeat(1000)}\n`.repeat(60)));
    },
    { kind: 'protocol', detail: expect.stringContaining('an event of more than') },
  ],
  [
    'events without number, many in each packet',
    socket => {
      socket.write(streamHead);
      pour(socket, Buffer.from('data:{}\n\n'.repeat(7_000)));
    },
    { kind: 'protocol', detail: expect.stringContaining('a stream of more than') },
  ],
  [
    'tokens without end',
    socket => {
      socket.write(streamHead);
      pour(socket, Buffer.from(`data:${token}\n\n`.repeat(500)));
    },
    { kind: 'protocol', detail: expect.stringContaining('a stream of more than') },
  ],
  [
    'an answer without an end',
    socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n');
      pour(socket, Buffer.alloc(1 << 20, ' '));
    },
    { kind: 'protocol', detail: expect.stringContaining('an answer of more than') },
  ],
  [
    'headers of a megabyte',
    socket => {
      socket.write(`HTTP/1.1 200 OK\r\n${'x-y: z\r\n'.repeat(131_072)}\r\n`);
    },
    { kind: 'protocol', detail: expect.stringMatching(/headers/i) },
  ],
  [
    'an encoded stream',
    socket => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n\r\nabc');
    },
    { kind: 'protocol', detail: 'an answer encoded as gzip, which was not asked for' },
  ],
  [
    'a redirect to another host',
    socket => {
      socket.end('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n');
    },
    { kind: 'protocol', status: 302 },
  ],
  [
    'half a character at the end',
    socket => {
      socket.end(
        Buffer.concat([Buffer.from(`${streamHead}data:${token}\n\ndata:{"token":{"text":"`), Buffer.from([0xc3])]),
      );
    },
    { kind: 'protocol' },
  ],
];

describe.each(drivers)('over %s, a server that sends', (_, sender) => {
  it.each(hostile)('%s gives an outcome with its reason, and disturbs no other stream', async (_, serve, outcome) => {
    const origin = await serving(serve);
    const [bad, good] = await Promise.all([
      sender(origin, '/bad')(request, never),
      sender(origin, '/good')(request, never),
    ]);
    expect(bad.outcome).toMatchObject(outcome);
    expect(good).toMatchObject({ outcome: { kind: 'ok' }, outputTokens: 9 });
    expect(good.tokenTimesMs).toHaveLength(9);
  });

  it('one byte in each packet is heard like any other', async () => {
    const origin = await serving(socket => {
      const bytes = Buffer.from(`${streamHead}data:${token}\n\ndata:${last}\n\n`);
      const play = (at: number) => {
        if (at === bytes.length) return void socket.end();
        socket.write(bytes.subarray(at, at + 1));
        setImmediate(() => play(at + 1));
      };
      play(0);
    });
    const attempt = await sender(origin, '/slow')(request, never);
    expect(attempt).toMatchObject({ outcome: { kind: 'ok' }, outputTokens: 9, finishReason: 'length' });
    expect(attempt.tokenTimesMs).toHaveLength(2);
  });

  it('a charset of its own, and bytes that are none, is heard all the same', async () => {
    const origin = await serving(socket => {
      const head = streamHead.replace('event-stream', 'event-stream; charset=iso-8859-1');
      socket.end(Buffer.from(`${head}data:${token}\n\ndata:${token}\n\ndata:${last}\n\n`, 'latin1'));
    });
    const attempt = await sender(origin, '/latin')(request, never);
    expect(attempt).toMatchObject({ outcome: { kind: 'ok' } });
    expect(attempt.tokenTimesMs).toHaveLength(3);
  });
});

describe('a socket', () => {
  it('is given up when something comes that nobody asked for', async () => {
    let connections = 0;
    const origin = await serving(socket => {
      connections++;
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 22\r\n\r\n{"generated_text":"a"}HTTP/1.1 200 OK\r\n',
      );
    });
    const send = (drivers[0] as (typeof drivers)[number])[1](origin, '/m');
    expect(await send(request, never)).toMatchObject({ outcome: { kind: 'ok' } });
    expect(await send(request, never)).toMatchObject({ outcome: { kind: 'ok' } });
    expect(connections).toBe(2);
  });

  it('says how long it waited for a connection that never came', async () => {
    const sockets = new Sockets('http://127.0.0.1:1', { timeoutMs: 2_000, clock: systemClock() });
    const send = socketSend({ ...options(), sockets, url: new URL('http://127.0.0.1:1/') });
    expect((await send(request, never)).outcome).toMatchObject({
      kind: 'connection',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(sockets.open(2)).rejects.toThrow('ECONNREFUSED');
    expect(await send(request, AbortSignal.abort())).toMatchObject({ outcome: { kind: 'abandoned' } });
  });
});
