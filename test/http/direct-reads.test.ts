import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { directReads } from '../../src/http/direct-reads.ts';

const closings: (() => void)[] = [];

afterEach(() => {
  for (const close of closings.splice(0)) close();
});

/** Both ends of a connection, the near one reading directly. */
async function connection(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const near = connect({ host: '127.0.0.1', port, onread: directReads });
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  closings.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** Keeps whatever can be read, as it was handed over. */
function keepReading(socket: Socket): Buffer[] {
  const pieces: Buffer[] = [];
  socket.on('readable', () => {
    for (let piece = socket.read(); piece !== null; piece = socket.read()) pieces.push(piece);
  });
  return pieces;
}

const textOf = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString();

describe('a plain socket that is read directly', () => {
  test('hands over each piece at once, and nothing that comes later changes it', async () => {
    const { near, far } = await connection();
    const pieces = keepReading(near);
    let sent = '';
    for (let piece = 1; piece <= 400; piece++) {
      const text = `${piece},`.repeat(piece);
      sent += text;
      far.write(text);
      if (piece % 20 === 0) await sleep(1);
    }
    far.end();
    await once(near, 'end');
    expect(pieces.length).toBeGreaterThan(1);
    expect(textOf(pieces)).toBe(sent);
    expect(near.readableLength).toBe(0);
  });

  test('keeps what came while nobody listened, in its order', async () => {
    const { near, far } = await connection();
    for (const text of ['first,', 'second,']) {
      far.write(text);
      await waitFor(() => near.bytesRead >= text.length && near.readableLength > 0);
    }
    await waitFor(() => near.readableLength === 'first,second,'.length);
    const pieces = keepReading(near);
    far.end('third');
    await once(near, 'end');
    expect(textOf(pieces)).toBe('first,second,third');
  });

  test('keeps what its listener does not take yet', async () => {
    const { near, far } = await connection();
    let isPaused = true;
    const pieces: Buffer[] = [];
    near.on('readable', () => {
      for (let piece = isPaused ? null : near.read(); piece !== null; piece = near.read()) pieces.push(piece);
    });
    far.write('first,');
    await waitFor(() => near.readableLength > 0);
    far.write('second,');
    await waitFor(() => near.readableLength === 'first,second,'.length);
    expect(pieces).toEqual([]);
    isPaused = false;
    far.end('third');
    await once(near, 'end');
    expect(textOf(pieces)).toBe('first,second,third');
  });

  test('does not mix up two of them', async () => {
    const [one, other] = [await connection(), await connection()];
    const [ones, others] = [keepReading(one.near), keepReading(other.near)];
    for (let turn = 0; turn < 50; turn++) {
      one.far.write('1');
      other.far.write('2');
      await sleep(0);
    }
    one.far.end();
    other.far.end();
    await Promise.all([once(one.near, 'end'), once(other.near, 'end')]);
    expect([textOf(ones), textOf(others)]).toEqual(['1'.repeat(50), '2'.repeat(50)]);
  });
});

async function waitFor(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}
