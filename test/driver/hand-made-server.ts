import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What becomes of one request: an answer, or one of the ways in which answers go wrong. */
export type Fate =
  | 'ok'
  | 'ok, then closed'
  | 'ok, without a length'
  | 'reset'
  | 'cut off'
  | 'never'
  | 'hint first'
  | 'no HTTP'
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

/** A request as the server got it. */
export interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
  /** Tells its connection from the others. */
  readonly port: number | undefined;
}

export interface HandMadeServer {
  readonly url: URL;
  /** In the order in which they came. */
  readonly seen: readonly Seen[];
  /** The most requests that were in service at once. */
  readonly mostAtOnce: () => number;
}

/** A server for one test that answers as TGI, a millisecond a token, and does to the k-th request what `fateOf` says. */
export async function handMadeServer(fateOf: (k: number) => Fate = () => 'ok'): Promise<HandMadeServer> {
  const seen: Seen[] = [];
  let now = 0;
  let most = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const fate = fateOf(seen.length);
      const body = Buffer.concat(chunks).toString();
      seen.push({ headers: request.headers, body, path: request.url ?? '', port: request.socket.remotePort });
      most = Math.max(most, ++now);
      response.once('close', () => now--);
      const { stream, parameters } = JSON.parse(body) as { stream: boolean; parameters: { max_new_tokens: number } };
      const tokens = parameters.max_new_tokens;
      setTimeout(() => meet(response, fate, stream ? streamOf(tokens) : answerOf(tokens), stream), tokens);
    });
  });
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/m/gpu0/generate?x=1`);
  return { url, seen, mostAtOnce: () => most };
}

function meet(response: ServerResponse, fate: Fate, answer: string, isStream: boolean): void {
  const head = { 'content-type': isStream ? 'text/event-stream' : 'application/json; charset=utf-8' };
  const { socket } = response;
  if (typeof fate === 'object') return void response.writeHead(fate.status, fate.headers).end(fate.body);
  switch (fate) {
    case 'ok':
      return void response.writeHead(200, head).end(answer);
    case 'ok, then closed':
      return void response.writeHead(200, { ...head, connection: 'close' }).end(answer);
    case 'ok, without a length':
      return void socket?.end(`HTTP/1.1 200 OK\r\nContent-Type: ${head['content-type']}\r\n\r\n${answer}`);
    case 'reset':
      return void socket?.resetAndDestroy();
    case 'cut off':
      response.writeHead(200, { ...head, 'content-length': Buffer.byteLength(answer) + 10 });
      return void response.write(answer, () => socket?.end());
    case 'no HTTP':
      return void socket?.end('SMTP ready\r\n\r\n');
    case 'hint first':
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      return void response.writeHead(200, head).end(answer);
    case 'never':
      return;
  }
}

const details = (tokens: number) => ({ finish_reason: 'length', generated_tokens: tokens, seed: null });

function answerOf(tokens: number): string {
  return JSON.stringify({ generated_text: 'å'.repeat(tokens), details: details(tokens) });
}

function streamOf(tokens: number): string {
  const events = Array.from({ length: tokens }, (_, index) => ({
    index: index + 1,
    token: { id: 1, text: 'å', logprob: 0, special: false },
    generated_text: index === tokens - 1 ? 'å'.repeat(tokens) : null,
    details: index === tokens - 1 ? details(tokens) : null,
  }));
  return events.map(event => `data: ${JSON.stringify(event)}\n\n`).join('');
}
