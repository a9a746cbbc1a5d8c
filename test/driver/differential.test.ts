import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Attempt, Send } from '../../src/driver/driver.ts';
import { socketSend } from '../../src/driver/socket.ts';
import { undiciSend } from '../../src/driver/undici.ts';
import { Connections } from '../../src/http/connections.ts';
import { Sockets } from '../../src/http/sockets.ts';
import { openaiChat } from '../../src/protocol/openai-chat.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import { type Random, seededRandom } from '../../src/random.ts';
import { answers } from './answers.ts';

/** What a server sends, in which pieces. */
interface Script {
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
}

/** How many answers are mutated, and how many of them are under way at a time. */
const mutants = 2_000;
const atOnce = 48;

const scripts: Script[] = [];
let origin = '';
const connected = new Set<Socket>();

/** Plays the script that the path names, piece by piece, and ends the connection. */
const server = createServer({ noDelay: true }, socket => {
  connected.add(socket);
  socket.on('error', () => {});
  socket.once('close', () => connected.delete(socket));
  socket.once('data', (request: Buffer) => {
    const script = scripts[Number(/^POST \/(\d+) /.exec(request.toString('latin1'))?.[1])];
    if (script === undefined) return void socket.destroy();
    const ends = [...script.cuts, script.bytes.length];
    const play = (piece: number) => {
      if (piece === ends.length) return void socket.end();
      socket.write(script.bytes.subarray(ends[piece - 1] ?? 0, ends[piece]));
      setImmediate(() => play(piece + 1));
    };
    play(0);
  });
});

beforeAll(async () => {
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of connected) socket.destroy();
  server.close();
});

const request = { prompt: 'a', images: [], maxNewTokens: 4, parameters: {}, stream: true };

/** What the two drivers made of each script, without its times. */
async function heard(): Promise<{ readonly undici: Told; readonly socket: Told }[]> {
  const protocol = (index: number) => (index % 5 === 4 ? openaiChat('m') : tgi('tag'));
  const clock = systemClock();
  const options = { clock, token: undefined, headers: {}, requestTimeoutMs: 5_000 };
  const one = async (send: Send) => told(await send(request, new AbortController().signal));
  const results: { undici: Told; socket: Told }[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < scripts.length; index = next++) {
      const given = { ...options, protocol: protocol(index) };
      // The server closes each connection: one that is used again might be closed by then.
      const connections = new Connections(origin, { timeoutMs: 5_000 });
      const sockets = new Sockets(origin, { timeoutMs: 5_000, clock });
      const [undici, socket] = await Promise.all([
        one(undiciSend({ ...given, connections, path: `/${index}` })),
        one(socketSend({ ...given, sockets, url: new URL(`${origin}/${index}`) })),
      ]);
      results[index] = { undici, socket };
      sockets.close();
      await connections.close();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

type Told = ReturnType<typeof told>;

function told({ outcome, headersMs, tokenTimesMs, inputTokens, outputTokens, finishReason }: Attempt) {
  const { kind, status, by, retryAfterMs } = outcome;
  const detail = kind === 'connection' || kind === 'protocol' ? undefined : outcome.detail;
  const head = { hadHeaders: headersMs !== undefined, events: tokenTimesMs.length };
  return { kind, status, by, retryAfterMs, detail, ...head, inputTokens, outputTokens, finishReason };
}

function cutsOf(bytes: Buffer, random: Random): number[] {
  const count = random.integer(0, 5);
  return Array.from({ length: count }, () => random.integer(0, bytes.length)).toSorted((a, b) => a - b);
}

/** Some bytes of it changed, taken out, put in, said twice, or cut off. */
function mutated(bytes: Buffer, random: Random): Buffer {
  const at = random.integer(0, Math.max(0, bytes.length - 1));
  const to = Math.min(bytes.length, at + random.integer(1, 12));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (random.integer(0, 4)) {
    case 0: {
      const changed = Buffer.from(bytes);
      if (changed.length > 0) changed[at] = random.integer(0, 255);
      return changed;
    }
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, middle, middle, after]);
    case 3:
      return Buffer.concat([before, Buffer.from([random.integer(0, 255)]), middle, after]);
    default:
      return before;
  }
}

/**
 * Where the two do not have to agree. The socket takes no transfer encoding that it cannot decode, where undici reads on
 * as if there were none; and of half a head both say that it is no answer, be it for its lines or for its end.
 */
function mayDiffer(answer: string, undici: Told, socket: Told): boolean {
  const failed = ['connection', 'protocol'];
  if (!answer.includes('\r\n\r\n')) return failed.includes(undici.kind) && failed.includes(socket.kind);
  return socket.kind === 'protocol' && /^transfer-encoding:(?![\t ]*chunked[\t ]*\r$)/im.test(answer);
}

describe('the two drivers over HTTP', () => {
  it('hear the same of every answer, cut wherever it is', async () => {
    const random = seededRandom('differential');
    scripts.length = 0;
    const names: string[] = [];
    for (const [name, text] of Object.entries(answers)) {
      const bytes = Buffer.from(text);
      for (let round = 0; round < 8; round++) {
        names.push(name);
        scripts.push({ bytes, cuts: round === 0 ? [] : cutsOf(bytes, random) });
      }
    }
    for (const [index, { undici, socket }] of (await heard()).entries())
      expect({ name: names[index], ...socket }).toEqual({ name: names[index], ...undici });
  });

  it(`hear the same of ${mutants} mutated answers`, { timeout: 60_000 }, async () => {
    const random = seededRandom('mutants');
    const originals = Object.values(answers).map(text => Buffer.from(text));
    scripts.length = 0;
    for (let k = 0; k < mutants; k++) {
      const bytes = mutated(originals[k % originals.length] as Buffer, random);
      scripts.push({ bytes, cuts: cutsOf(bytes, random) });
    }
    const different = (await heard()).flatMap(({ undici, socket }, index) => {
      const answer = scripts[index]?.bytes.toString('latin1') ?? '';
      return JSON.stringify(undici) === JSON.stringify(socket) || mayDiffer(answer, undici, socket)
        ? []
        : [{ answer, undici, socket }];
    });
    expect(different).toEqual([]);
  });
});
