/** Requests over undici, which speaks TLS: one connection per request in flight. */
import { randomUUID } from 'node:crypto';
import type { Client, Dispatcher } from 'undici';
import { messageOf } from '../errors.ts';
import type { Connections } from '../http/connections.ts';
import type { Send } from './driver.ts';
import { type Carrier, Exchange, type ExchangeOptions, endpointOf } from './exchange.ts';
import { requestHeaders } from './message.ts';

export interface UndiciOptions extends ExchangeOptions {
  readonly connections: Connections;
  /** The path of the endpoint, verbatim. */
  readonly path: string;
}

/** Sends requests to one endpoint. */
export function undiciSend(options: UndiciOptions): Send {
  const { connections, protocol, path } = options;
  const endpoint = endpointOf(options);
  return (request, signal) =>
    new Promise(resolve => {
      const body = Buffer.from(protocol.encode(request));
      const requestId = randomUUID();
      const client = connections.acquire();
      const exchange = new Exchange(endpoint, { requestId, requestBytes: body.length }, signal, resolve);
      const handler = new Dispatched(exchange, client, connections);
      const headers = requestHeaders(options, request, requestId);
      exchange.begin(handler, () => client.dispatch({ method: 'POST', path, body, headers }, handler));
    });
}

/** Tells an exchange what undici tells of it. */
class Dispatched implements Dispatcher.DispatchHandler, Carrier {
  readonly #exchange: Exchange;
  readonly #client: Client;
  readonly #connections: Connections;
  readonly #wasOpen: boolean;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(exchange: Exchange, client: Client, connections: Connections) {
    this.#exchange = exchange;
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
    this.#exchange.arrived();
    this.#exchange.head(status, headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#exchange.arrived();
    this.#exchange.data(chunk, 0, chunk.length);
  }

  onResponseEnd(): void {
    this.#exchange.arrived();
    this.#exchange.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
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
