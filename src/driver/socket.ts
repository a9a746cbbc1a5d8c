/** Requests over bare sockets, for plain http: half the cost of an event, and stamps that are less late. */
import { randomUUID } from 'node:crypto';
import type { Sockets } from '../http/sockets.ts';
import type { GenerationRequest } from '../protocol/protocol.ts';
import type { Send } from './driver.ts';
import { Exchange, type ExchangeOptions, endpointOf } from './exchange.ts';
import { requestHeaders } from './message.ts';

export interface SocketOptions extends ExchangeOptions {
  readonly sockets: Sockets;
  /** The endpoint, its path verbatim. */
  readonly url: URL;
}

/** Sends requests to one endpoint. */
export function socketSend(options: SocketOptions): Send {
  const { sockets, protocol } = options;
  const endpoint = endpointOf(options);
  const headOf = heads(options);
  return (request, signal) =>
    new Promise(resolve => {
      const body = protocol.encode(request);
      const requestBytes = Buffer.byteLength(body);
      const requestId = randomUUID();
      const exchange = new Exchange(endpoint, { requestId, requestBytes }, signal, resolve);
      let hangUp = () => {};
      exchange.begin({ hangUp: () => hangUp() }, () => {
        hangUp = sockets.send(headOf(request, requestId, requestBytes) + body, exchange);
      });
    });
}

/** What may not stand in a header: it would be another header, or another request. */
const control = /[^\t\x20-\x7e\x80-\xff]/;

/** Makes the heads of requests: all that does not change is put together once. */
function heads(options: SocketOptions): (request: GenerationRequest, requestId: string, bytes: number) => string {
  const { pathname, search, host } = options.url;
  const first = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  const made = new Map<boolean, string>();
  const fixed = (request: GenerationRequest): string => {
    const { 'x-request-id': _, ...headers } = requestHeaders(options, request, '');
    const lines = Object.entries(headers).map(([name, value]) => {
      if (control.test(name + value)) throw new Error(`the header ${name} holds what no header may`);
      return `${name}: ${value}\r\n`;
    });
    return first + lines.join('');
  };
  return (request, requestId, bytes) => {
    const before = made.get(request.stream) ?? fixed(request);
    made.set(request.stream, before);
    return `${before}x-request-id: ${requestId}\r\ncontent-length: ${bytes}\r\n\r\n`;
  };
}
