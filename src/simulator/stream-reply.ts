import type { ServerResponse } from 'node:http';
import type { Refusal } from './refusal.ts';
import { type Reply, sendPlain, type Wording } from './reply.ts';
import type { Telling } from './told.ts';

/** How events are set apart: as TGI does since 2.1, before it (no space), or as the document prints them (no blank line). */
export type Framing = 'sse' | 'unspaced' | 'document';

/** What stands before and after the data of an event. */
const frames: Readonly<Record<Framing, readonly [before: string, after: string]>> = {
  sse: ['data: ', '\n\n'],
  unspaced: ['data:', '\n\n'],
  document: ['data: ', '\n'],
};

/** What may wait for a client that does not read before the client is dropped. */
const longestBacklogBytes = 1_000_000;

/** After this long without an event TGI sends a comment. */
const keepAliveMs = 15_000;

/** What a stream is made of besides its answer. */
export interface StreamOptions {
  readonly framing: Framing;
  readonly headers: Readonly<Record<string, string>>;
  readonly sendsComments: boolean;
  readonly wording: Wording;
}

/**
 * An answer as server-sent events, one write to the socket an event. Token events go past the response straight to
 * its socket, framed as chunks by hand, because `res.write` costs milliseconds of p99 at this rate; everything else
 * goes through the response, which so knows how to end and leaves the connection usable.
 */
export class StreamReply implements Reply {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #before: string;
  readonly #after: string;
  #telling: Telling | undefined;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
    [this.#before, this.#after] = frames[options.framing];
  }

  /** Sends the headers, once. */
  open(): void {
    const response = this.#response;
    if (response.headersSent) return;
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...this.#options.headers };
    response.writeHead(200, headers);
    response.flushHeaders();
    if (!this.#options.sendsComments) return;
    this.#keepAlive = setInterval(() => this.#write(':\n\n'), keepAliveMs);
    response.once('close', () => clearInterval(this.#keepAlive));
  }

  /** Opens the stream for this answer. */
  begin(telling: Telling): void {
    this.#telling = telling;
    this.open();
  }

  token(index: number, last: boolean): void {
    const telling = this.#telling as Telling;
    if (last) {
      this.#end(telling.ending());
    } else {
      this.#keepAlive?.refresh();
      this.#write(this.#before + telling.event(index) + this.#after);
    }
  }

  refuse(refusal: Refusal): void {
    const { wording } = this.#options;
    if (this.#response.headersSent) this.#end(wording.events(refusal));
    else sendPlain(this.#response, wording.plain(refusal));
  }

  cut(): void {
    this.#end([]);
  }

  garble(): void {
    this.#end(['{"index":1,"token":{"id":2955,"te']);
  }

  #end(events: readonly string[]): void {
    clearInterval(this.#keepAlive);
    if (this.#response.writableEnded) return;
    this.#response.end(events.map(event => this.#before + event + this.#after).join(''));
  }

  /** `text` is ASCII, so that its length is its size. */
  #write(text: string): void {
    const response = this.#response;
    if (response.writableEnded || response.destroyed) return;
    const { socket } = response;
    // Without a socket the response waits behind an earlier one of its connection; HTTP/1.0 knows no chunks.
    const flowing =
      socket !== null && response.chunkedEncoding
        ? socket.write(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1')
        : response.write(text);
    if (!flowing && response.writableLength > longestBacklogBytes) response.destroy();
  }
}
