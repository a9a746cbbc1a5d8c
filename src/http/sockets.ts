/**
 * Connections of plain HTTP/1.1 without any stream machinery on the way in: every socket reads into one buffer, and
 * what has come is taken apart where it lies. Invariant: a connection carries one request at a time, goes to the origin
 * it was made for, and is given up as soon as anything on it is not as expected.
 */
import { connect, type Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { AnswerParser, type AnswerReceiver } from './answer-parser.ts';
import { arrivals, putAside, type Taker, takeIn } from './turn.ts';

/** What is told of one request and its answer. */
export interface Correspondent extends AnswerReceiver {
  /** The connection is open, at once or after a while, and the request is being written. */
  sent(hasWaited: boolean): void;
  /** Bytes have come, at that time; what they say is told next. */
  arrived(atMs: number): void;
  /** The answer is whole. */
  end(): void;
  /** The connection failed before it was, or what came is no HTTP. */
  broken(kind: 'connection' | 'protocol', detail: string): void;
}

/** What is sent: the same bytes for many requests, all but a part of them. */
export interface Message {
  /** Throws where they cannot be sent. */
  readonly bytes: Buffer;
  /** Where the part lies that each request has of its own. */
  readonly partAt: number;
}

/** The largest message that a connection keeps for the next request. */
const maxKeptBytes = 16 << 10;

/** How long an idle connection is trusted, where the server does not say, and how much less than what it says. */
const keepAliveMs = 30_000;
const cautionMs = 1_000;

export class Sockets {
  readonly #address: { readonly host: string; readonly port: number };
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(origin: string, { timeoutMs, clock }: { readonly timeoutMs: number; readonly clock: Clock }) {
    const { hostname, port } = new URL(origin);
    this.#address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** Opens connections until `count` are open and fresh enough for a request. Rejects with what the first one failed with. */
  async open(count: number): Promise<void> {
    for (const connection of this.#idle.splice(0)) {
      if (connection.isFresh) this.#idle.push(connection);
      else connection.close();
    }
    const lacking = Math.max(0, count - this.#all.size);
    await Promise.all(Array.from({ length: lacking }, async () => this.#idle.push(await this.#connect().opened)));
  }

  /** Sends a request with a part of its own on a connection nobody else uses, a new one if none is open; gives what carries it. Throws where it cannot be sent. */
  send(message: Message, part: string, correspondent: Correspondent): Carriage {
    const { bytes } = message;
    let connection = this.#idle.pop();
    while (connection !== undefined && !connection.isFresh) {
      connection.close();
      connection = this.#idle.pop();
    }
    const free = connection ?? this.#connect();
    free.send(bytes, part, message.partAt, correspondent);
    return free;
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #connect(): Connection {
    const connection = new Connection(this.#address, this.#timeoutMs, this.#clock, {
      free: () => this.#idle.push(connection),
      gone: () => {
        this.#all.delete(connection);
        const place = this.#idle.indexOf(connection);
        if (place !== -1) this.#idle.splice(place, 1);
      },
    });
    this.#all.add(connection);
    return connection;
  }
}

/** What carries a request, for as long as it does. */
export interface Carriage {
  /** Gives the connection up if it still carries the request of this one. */
  hangUp(correspondent: Correspondent): void;
}

interface Owner {
  readonly free: () => void;
  readonly gone: () => void;
}

/** One socket, and the request that is on it. */
class Connection implements Taker, Carriage {
  // What each event needs comes first: where thousands of streams take turns, every line of the cache counts.
  #correspondent: Correspondent | undefined;
  #parser: AnswerParser | undefined;
  readonly #clock: Clock;
  readonly #owner: Owner;
  readonly #socket: Socket;
  /** Resolves when it is open; rejects where it cannot be opened. */
  readonly opened: Promise<Connection>;
  /** What is to be sent once it is open. */
  #waiting: Buffer | undefined;
  /** The message that was last sent, and a copy of it in which the part of a request is written; small ones only. */
  #message: Buffer | undefined;
  #copy: Buffer | undefined;
  #isOpen = false;
  #isGone = false;
  #freeSinceMs = performance.now();
  #keepAliveMs = keepAliveMs;

  constructor(
    address: { readonly host: string; readonly port: number },
    timeoutMs: number,
    clock: Clock,
    owner: Owner,
  ) {
    this.#owner = owner;
    this.#clock = clock;
    const onread = { buffer: arrivals, callback: (count: number) => this.#read(count) };
    this.#socket = connect({ ...address, noDelay: true, onread });
    const patience = setTimeout(
      () => this.#socket.destroy(new Error(`no connection within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once('connect', () => {
        clearTimeout(patience);
        this.#isOpen = true;
        this.#freeSinceMs = performance.now();
        if (this.#waiting !== undefined) this.#write(this.#waiting, true);
        this.#waiting = undefined;
        resolve(this);
      });
      this.#socket.once('close', () => {
        clearTimeout(patience);
        takeIn();
        this.#fail('the connection was closed');
        reject(new Error('the connection was closed'));
      });
      this.#socket.on('error', error => {
        takeIn();
        this.#fail(messageWithCode(error));
        reject(error);
      });
    });
    this.opened.catch(() => {}); // whoever waits for it hears of it
    this.#socket.on('end', () => this.#ended());
  }

  /** Whether a request may be sent on it: open, and not idle for so long that the server may be closing it. */
  get isFresh(): boolean {
    return this.#isOpen && !this.#isGone && performance.now() - this.#freeSinceMs < this.#keepAliveMs;
  }

  /** Sends a request, as soon as the connection is open. */
  send(message: Buffer, part: string, partAt: number, correspondent: Correspondent): void {
    this.#correspondent = correspondent;
    this.#parser = new AnswerParser(correspondent);
    const own = this.#copyOf(message);
    own.write(part, partAt, 'latin1');
    if (this.#isOpen) this.#write(own, false);
    else this.#waiting = own;
  }

  /** A copy that is this request's alone: that of the last one, which has been answered, where it said the same. */
  #copyOf(message: Buffer): Buffer {
    if (this.#message === message && this.#copy !== undefined) return this.#copy;
    const copy = Buffer.from(message);
    const isKept = copy.length <= maxKeptBytes;
    this.#message = isKept ? message : undefined;
    this.#copy = isKept ? copy : undefined;
    return copy;
  }

  #write(message: Buffer, hasWaited: boolean): void {
    this.#correspondent?.sent(hasWaited);
    if (!this.#isGone) this.#socket.write(message); // it may be broken off as it is sent
  }

  hangUp(correspondent: Correspondent): void {
    if (this.#correspondent === correspondent) this.close();
  }

  /** Gives the connection up, without another word to whoever uses it. */
  close(): void {
    this.#correspondent = undefined;
    this.#giveUp();
  }

  #read(count: number): boolean {
    putAside(this, count, this.#clock);
    return true;
  }

  take(bytes: Buffer, from: number, to: number, atMs: number): void {
    const correspondent = this.#correspondent;
    const parser = this.#parser;
    // Whatever comes while nothing was asked belongs to no request.
    if (correspondent === undefined || parser === undefined) this.#giveUp();
    else {
      correspondent.arrived(atMs);
      const end = parser.push(bytes, from, to);
      if (parser.problem !== undefined) this.#fail(parser.problem, 'protocol');
      else if (parser.isComplete) this.#complete(parser, parser.keepsOpen && end === to);
    }
  }

  #ended(): void {
    takeIn();
    if (this.#parser?.end()) {
      this.#correspondent?.arrived(this.#clock.nowMs());
      this.#complete(this.#parser, false);
    } else this.#fail('the connection ended before the answer did');
  }

  /** Frees the connection first, so that what follows from the answer can use it at once. */
  #complete(parser: AnswerParser, isReusable: boolean): void {
    const correspondent = this.#correspondent;
    this.#correspondent = undefined;
    this.#parser = undefined;
    if (correspondent === undefined) return; // broken off by what it was told
    if (isReusable && this.#socket.writableLength === 0) {
      this.#freeSinceMs = performance.now();
      if (parser.keepAliveMs !== undefined) this.#keepAliveMs = parser.keepAliveMs - cautionMs;
      this.#owner.free();
    } else this.#giveUp();
    correspondent.end();
  }

  #fail(detail: string, kind: 'connection' | 'protocol' = 'connection'): void {
    const correspondent = this.#correspondent;
    this.#correspondent = undefined;
    this.#giveUp();
    correspondent?.broken(kind, detail);
  }

  #giveUp(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#parser = undefined;
    this.#socket.destroy();
    this.#owner.gone();
  }
}

function messageWithCode(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  const message = messageOf(error);
  return code === '' || message.includes(code) ? message : `${code}: ${message}`;
}
