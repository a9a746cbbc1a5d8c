import type { Socket } from 'node:net';
import { machineMs } from './machine-time.ts';
import { lastEvent, stamped, streamHead, tokenEvent } from './wire.ts';

/** What may wait for a client that does not read before its stream is held back. */
const longestBacklogBytes = 64 << 10;

/** One streamed answer, an event at a time. */
export class NullAnswer {
  readonly #socket: Socket;
  readonly #tokens: number;
  /** When each event was handed to the socket, in ms of the machine's monotonic clock; undefined where nobody asks. */
  readonly sentMs: number[] | undefined;
  #next = 0;

  /** Sends the head of the stream. */
  constructor(socket: Socket, tokens: number, isStamped: boolean) {
    this.#socket = socket;
    this.#tokens = Math.max(1, tokens);
    this.sentMs = isStamped ? [] : undefined;
    socket.write(streamHead);
  }

  /** Whether nothing is to follow: all of it was sent, or its client has gone. */
  get isOver(): boolean {
    return this.#next >= this.#tokens || this.#socket.destroyed;
  }

  /** Sends one event; false where the client lags behind, for what waits for it is bounded. */
  sendNext(): boolean {
    const socket = this.#socket;
    if (this.isOver || socket.writableLength > longestBacklogBytes) return false;
    const event = ++this.#next < this.#tokens ? tokenEvent : lastEvent(this.#tokens);
    if (this.sentMs === undefined) {
      socket.write(event);
      return true;
    }
    const nowMs = machineMs();
    this.sentMs.push(nowMs);
    socket.write(stamped(event, nowMs));
    return true;
  }
}
