/** Requests over undici, which speaks TLS: one connection per request in flight. */
import type { Client, Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Connections } from '../http/connections.ts';
import { putAsideWhole, type Taker, takeIn } from '../http/turn.ts';
import type { Send } from './driver.ts';
import { type Carrier, Exchange, type ExchangeOptions, endpointOf } from './exchange.ts';
import { bodies, requestHeaders } from './message.ts';
import { requestId } from './request-id.ts';

export interface UndiciOptions extends ExchangeOptions {
  readonly connections: Connections;
  /** The path of the endpoint, verbatim. */
  readonly path: string;
}

/** Sends requests to one endpoint. */
export function undiciSend(options: UndiciOptions): Send {
  const { connections, protocol, path } = options;
  const endpoint = endpointOf(options);
  const bodyOf = bodies(protocol);
  return (request, signal) =>
    new Promise(resolve => {
      const body = bodyOf(request);
      const id = requestId();
      const client = connections.acquire();
      const exchange = new Exchange(endpoint, { requestId: id, requestBytes: body.length }, signal, resolve);
      const handler = new Dispatched(exchange, client, connections, options.clock);
      const headers = requestHeaders(options, request, id);
      exchange.begin(handler, () => client.dispatch({ method: 'POST', path, body, headers }, handler));
    });
}

/** Stands for the end of an answer among the bytes that are put aside. */
const theEnd = Buffer.alloc(0);

/** Tells an exchange what undici tells of it. */
class Dispatched implements Dispatcher.DispatchHandler, Carrier, Taker {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #connections: Connections;
  readonly #wasOpen: boolean;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(exchange: Exchange, client: Client, connections: Connections, clock: Clock) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#client = client;
    this.#connections = connections;
    this.#wasOpen = client.stats.connected;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#exchange.isSettled) controller.abort(new Error('ended before it was sent'));
    else this.#exchange.sent(!this.#wasOpen);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#exchange.arrived(this.#clock.nowMs());
    this.#exchange.head(status, headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    putAsideWhole(this, chunk, this.#clock);
  }

  onResponseEnd(): void {
    putAsideWhole(this, theEnd, this.#clock);
  }

  take(bytes: Buffer, from: number, to: number, atMs: number): void {
    this.#exchange.arrived(atMs);
    if (bytes === theEnd) this.#exchange.end();
    else this.#exchange.data(bytes, from, to);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    takeIn(); // what came before it
    const code = 'code' in error ? String(error.code) : '';
    const isNoAnswer =
      error.name === 'HTTPParserError' || code.startsWith('UND_ERR_RES') || code.startsWith('UND_ERR_HEADERS');
    const detail = [code, messageOf(error)].filter(part => part !== '').join(': ');
    this.#exchange.broken(isNoAnswer ? 'protocol' : 'connection', detail);
  }

  hangUp(reason: string): void {
    // Where it has not even begun, undici has it queued behind a connection that may never come.
    if (this.#controller === undefined) this.#connections.discard(this.#client);
    else this.#controller.abort(new Error(reason));
  }

  settled(): void {
    this.#connections.release(this.#client);
  }
}
