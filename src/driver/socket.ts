/** Requests over bare sockets, for plain http: half the cost of an event, and stamps that are less late. */
import type { Carriage, Message, Sockets } from '../http/sockets.ts';
import type { GenerationRequest } from '../protocol/protocol.ts';
import type { Send } from './driver.ts';
import { Exchange, type ExchangeOptions, endpointOf } from './exchange.ts';
import { bodies, requestHeaders } from './message.ts';
import { idLength, requestId } from './request-id.ts';

export interface SocketOptions extends ExchangeOptions {
  readonly sockets: Sockets;
  /** The endpoint, its path verbatim. */
  readonly url: URL;
}

/** Sends requests to one endpoint. */
export function socketSend(options: SocketOptions): Send {
  const { sockets } = options;
  const endpoint = endpointOf(options);
  const messageOf = messages(options);
  return (request, signal) =>
    new Promise(resolve => {
      const id = requestId();
      const message = messageOf(request);
      const identity = { requestId: id, requestBytes: message.body.length };
      const exchange = new Exchange(endpoint, identity, signal, resolve);
      let connection: Carriage | undefined;
      exchange.begin({ hangUp: () => connection?.hangUp(exchange) }, () => {
        connection = sockets.send(message, id, exchange);
      });
    });
}

/** What may not stand in a header: it would be another header, or another request. */
const control = /[^\t\x20-\x7e\x80-\xff]/;

/** Makes the messages of requests, each once for all requests with the same body that come in a row. */
function messages(options: SocketOptions): (request: GenerationRequest) => Wording {
  const bodyOf = bodies(options.protocol);
  const heads = new Map<boolean, string>();
  const headOf = (request: GenerationRequest): string => {
    const head = heads.get(request.stream) ?? headBeforeId(request, options);
    heads.set(request.stream, head);
    return head;
  };
  let last: Wording | undefined;
  return request => {
    const body = bodyOf(request);
    if (last?.body !== body) last = new Wording(body, () => headOf(request));
    return last;
  };
}

/** All that does not change, up to the id. */
function headBeforeId(request: GenerationRequest, options: SocketOptions): string {
  const { pathname, search, host } = options.url;
  const { [idName]: _, ...headers } = requestHeaders(options, request, '');
  const lines = Object.entries(headers).map(([name, value]) => {
    if (control.test(name + value)) throw new Error(`the header ${name} holds what no header may`);
    return `${name}: ${value}\r\n`;
  });
  return `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${lines.join('')}${idName}: `;
}

const idName = 'x-request-id';

/** A message but for the id of its request. */
class Wording implements Message {
  readonly body: Buffer;
  readonly #headOf: () => string;
  #bytes: Buffer | undefined;
  #partAt = 0;

  constructor(body: Buffer, headOf: () => string) {
    this.body = body;
    this.#headOf = headOf;
  }

  get bytes(): Buffer {
    this.#bytes ??= this.#make();
    return this.#bytes;
  }

  get partAt(): number {
    return this.#partAt;
  }

  #make(): Buffer {
    const before = this.#headOf();
    this.#partAt = before.length;
    const head = `${before}${' '.repeat(idLength)}\r\ncontent-length: ${this.body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, 'latin1'), this.body]);
  }
}
