/**
 * One connection of autocannon: it sends its next request from within the answer to the last. Invariant: each request
 * it is given is answered or broken once. What autocannon itself would do when a connection fails (connect again at
 * once and for ever, and forget the request) never happens, for the connection is ended first; its statistics go
 * nowhere, and its timeouts, of whole seconds, are set beyond use.
 */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import autocannon from 'autocannon';
import { messageOf } from '../errors.ts';
import type { HttpAnswer } from '../protocol/failure.ts';

/** One request on its way, and what it is told. */
export interface Turn {
  readonly headers: Readonly<Record<string, string>>;
  /** None with GET. */
  readonly body?: Buffer;
  /** It is being written, and the connection is open. */
  sent(): void;
  headersArrived(): void;
  answered(answer: HttpAnswer): void;
  /** The connection ended before the answer did, or what came is no HTTP. */
  broken(kind: 'connection' | 'protocol', detail: string): void;
}

/** What autocannon's client is besides its published type, in version 9. */
interface Client extends EventEmitter {
  readonly conn: Socket;
  readonly parser: { readonly hadError: boolean; finish(): void };
  /** It ends, in good order, instead of sending more requests than this. */
  responseMax: number;
  destroy(): void;
}

type Options = autocannon.Options & { readonly histograms: Readonly<Record<string, object>> };

/** In seconds, and about as long as a timer of Node can be set to. */
const beyondUseS = 2_000_000;
const ignore = () => {};
/** Stands for each of its histograms: whatever is recorded, nothing is kept. */
const nowhere = { __custom: true, recordValue: ignore, recordValueWithExpectedInterval: ignore, destroy: ignore };

/** Opens a connection that asks. */
export type Converse = typeof converse;

/**
 * Opens a connection and sends `first`, then what `next` gives after each answer; ends it when that is nothing, when it
 * breaks, and, without another word to the turn in flight, when the function that it gives is called.
 */
export function converse(
  { url, method }: { readonly url: URL; readonly method: 'GET' | 'POST' },
  first: Turn,
  next: () => Turn | undefined,
): () => void {
  /** The one in flight. */
  let turn: Turn | undefined = first;
  let staysOpen = true;
  let client: Client | undefined;
  const take = () => {
    const taken = turn;
    turn = undefined;
    return taken;
  };
  const broken = (kind: 'connection' | 'protocol', detail: string) => {
    take()?.broken(kind, detail);
    client?.destroy();
  };

  /** Listens on a socket that is still to connect, before autocannon hears of its end. */
  const watch = ({ conn, parser }: Client) => {
    conn.once('connect', () => turn?.sent());
    conn.on('data', () => {
      if (parser.hadError) broken('protocol', 'an answer that is no HTTP');
    });
    conn.prependListener('end', () => {
      parser.finish(); // a body without a length is whole now
      broken('connection', 'the connection ended before the answer did');
    });
  };
  const setupClient = (given: unknown) => {
    client = given as Client;
    client.on('request', () => {
      if (client?.conn.connecting === false) turn?.sent();
      else watch(client as Client);
    });
    client.on('headers', ({ statusCode, shouldKeepAlive }: { statusCode: number; shouldKeepAlive: boolean }) => {
      staysOpen = shouldKeepAlive && statusCode >= 200;
      turn?.headersArrived();
    });
    client.on('connError', (error: Error) => broken('connection', messageOf(error)));
  };
  const onResponse: autocannon.Request['onResponse'] = (status, body, _, headers) => {
    take()?.answered({ status, headers: inLowerCase(headers), body });
    turn = staysOpen ? next() : undefined;
    if (turn === undefined && client !== undefined) client.responseMax = 1;
  };

  const options: Options = {
    url: url.href,
    method,
    setupClient,
    requests: [
      { setupRequest: request => ({ ...request, headers: { ...turn?.headers }, body: turn?.body }), onResponse },
    ],
    connections: 1,
    amount: Number.MAX_SAFE_INTEGER, // it is ended, not counted out
    timeout: beyondUseS,
    sampleInt: 100, // for so long its timers outlive the connection
    skipAggregateResult: true,
    histograms: { latencies: nowhere, requests: nowhere, throughput: nowhere },
  };
  void autocannon(options);
  return () => client?.destroy();
}

function inLowerCase(headers: autocannon.Request['headers'] = {}): HttpAnswer['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
