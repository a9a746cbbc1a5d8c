/**
 * A target that costs as little as it can and knows when it sent what: a bare socket server whose answers are rendered
 * once, to measure a client against. The first part of a path says at which pace a stream comes (`/flood/…`,
 * `/staggered-50/…`); whatever is asked for, everybody gets as many tokens as `max_new_tokens` says.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { NullAnswer } from './answer.ts';
import { machineMs } from './machine-time.ts';
import { type Gate, type Pace, paceOf, parsePace } from './pace.ts';
import { type NullRequest, RequestReader } from './request-reader.ts';
import { reply, unaryAnswer } from './wire.ts';

export interface NullTargetOptions {
  /** Only where there is to be a lockstep. */
  readonly gate?: Gate;
}

/** What the target says of itself at `/statistics`; times in ms of the machine's monotonic clock. */
export interface NullStatistics {
  /** Of generations; null before the first. */
  readonly firstRequestMs: number | null;
  readonly requests: number;
  /** Of its process so far. */
  readonly cpuMs: number;
}

/** What it says at `/sent`: by request id, when each event was handed to its socket. Told once, then forgotten. */
export interface SentTimes {
  readonly sentMs: Readonly<Record<string, readonly number[]>>;
  /** How many requests had to be left out, for more would have been kept than there is room for. */
  readonly left: number;
}

/** How many events are remembered at most. */
const maxRemembered = 4_000_000;

const health = reply('{"status":"healthy"}');
const info = reply('{"model_id":"null","max_input_tokens":100000000}');
const unknown = reply('{"error":{"message":"no such path","type":"not_found","code":404}}', '404 Not Found');

/** Starts a target on a free port of the loopback; gives its address. */
export async function startNullTarget({ gate }: NullTargetOptions): Promise<{ url: string; close(): void }> {
  const paces = new Map<string, Pace | undefined>();
  const sockets = new Set<Socket>();
  if (gate !== undefined) paces.set('lockstep', paceOf({ kind: 'lockstep' }, gate)); // rounds may come before requests
  let firstRequestMs: number | null = null;
  let requests = 0;
  let log: { readonly requestId: string; readonly sentMs: readonly number[] }[] = [];
  let remembered = 0;
  let left = 0;

  const statistics = (): NullStatistics => {
    const { user, system } = process.cpuUsage();
    return { firstRequestMs, requests, cpuMs: (user + system) / 1000 };
  };
  const sent = (): SentTimes => {
    const told = { sentMs: Object.fromEntries(log.map(({ requestId, sentMs }) => [requestId, sentMs])), left };
    [log, remembered, left] = [[], 0, 0];
    return told;
  };
  const paceAt = (name: string): Pace | undefined => {
    if (!paces.has(name)) {
      const parsed = parsePace(name);
      paces.set(name, parsed === undefined ? undefined : paceOf(parsed, gate));
    }
    return paces.get(name);
  };
  const generate = (socket: Socket, { path, requestId, maxNewTokens, stream }: NullRequest) => {
    firstRequestMs ??= machineMs();
    requests++;
    const name = path.slice(1, path.indexOf('/', 1));
    const pace = paceAt(name);
    if (pace === undefined) return socket.write(unknown);
    if (!stream) return socket.write(unaryAnswer(maxNewTokens));
    const isRemembered = requestId !== '' && remembered + maxNewTokens <= maxRemembered;
    const answer = new NullAnswer(socket, maxNewTokens, /-\d+$/.test(name) && isRemembered);
    if (answer.sentMs !== undefined) {
      log.push({ requestId, sentMs: answer.sentMs });
      remembered += maxNewTokens;
    } else if (!isRemembered) left++;
    pace.add(answer);
    return true;
  };
  const answerTo = (socket: Socket, request: NullRequest) => {
    if (request.method === 'POST') return generate(socket, request);
    if (request.path === '/health') return socket.write(health);
    if (request.path === '/statistics') return socket.write(reply(JSON.stringify(statistics())));
    if (request.path === '/sent') return socket.write(reply(JSON.stringify(sent())));
    return socket.write(request.path.endsWith('/info') ? info : unknown);
  };
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // a client that resets its connection
    const reader = new RequestReader(request => void answerTo(socket, request));
    socket.on('data', chunk => {
      if (!reader.push(chunk as Buffer)) socket.destroy();
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
