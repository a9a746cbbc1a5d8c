import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import { type Service, type ServiceOptions, startService } from '../../src/simulator/service.ts';

/** A service for one test, far faster than any GPU, with what a client needs to talk to it. */
export interface RunningService extends Service {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Speaks HTTP by hand; everything that comes back is in `received`. */
  socket(): Promise<RawSocket>;
}

export interface RawSocket {
  readonly socket: Socket;
  readonly received: string;
  /** Resolves as soon as what was received contains the text. */
  until(text: string): Promise<void>;
  /** Resolves when the connection is closed, by either side. */
  readonly closed: Promise<void>;
}

export const token = 'a-token-for-tests';
export const text = 'hermes-2-pro-tgi';
export const vlm = 'llava-v1.6-mistral-7b-tgi';

/** Starts a service that ends with the test. */
export async function runningService(options: Partial<ServiceOptions> = {}): Promise<RunningService> {
  const service = await startService({
    port: 0,
    host: '127.0.0.1',
    token,
    fidelity: 'documented',
    gpu: 'A100-80G',
    speed: 20,
    seed: 42,
    models: [documentedModel(text, [0, 1]), documentedModel(vlm, [0])],
    faults: [],
    ...options,
  });
  onTestFinished(() => service.close());
  const authorization = `Bearer ${token}`;
  return {
    ...service,
    get: (path, headers = {}) => fetch(service.url + path, { headers: { authorization, ...headers } }),
    post: (path, body, headers = {}) =>
      fetch(service.url + path, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    socket: () => rawSocket(service.port),
  };
}

async function rawSocket(port: number): Promise<RawSocket> {
  const socket = connect({ port, host: '127.0.0.1' });
  let received = '';
  const waiting = new Set<() => void>();
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  socket.setEncoding('utf8');
  socket.on('error', () => {});
  socket.on('data', chunk => {
    received += chunk;
    for (const look of waiting) look();
  });
  await new Promise<void>(resolve => socket.once('connect', () => resolve()));
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    closed,
    get received() {
      return received;
    },
    until: text =>
      new Promise(resolve => {
        const look = () => {
          if (!received.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

/** The bytes of a POST with a JSON body. */
export function postBytes(path: string, body: unknown, headers: readonly string[] = []): string {
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: test',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(content)}`,
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${content}`;
}

interface Token {
  readonly id: number;
  readonly text: string;
  readonly logprob: number | null;
  readonly special: boolean;
}

interface Details {
  readonly finish_reason: string;
  readonly generated_tokens: number;
  readonly seed: number | null;
  readonly input_length?: number;
  readonly prefill: readonly Token[];
  readonly tokens: readonly Token[];
  readonly best_of_sequences?: readonly Details[];
}

/** A whole answer of `generate`. */
export interface WholeAnswer {
  readonly generated_text: string;
  readonly details: Details;
}

/** One event of a stream, of any kind. */
export interface StreamEvent {
  readonly index: number;
  readonly token: Token;
  readonly generated_text: string | null;
  readonly details: Details | null;
  readonly error?: unknown;
  readonly error_type?: string;
}

/** The body of a response, taken for what the test says it is. */
export async function bodyOf<Body>(response: Response): Promise<Body> {
  return (await response.json()) as Body;
}

/** The documented error object of a response. */
export async function errorOf(response: Response): Promise<{ message: string; type: string; code: number }> {
  return (await bodyOf<{ error: { message: string; type: string; code: number } }>(response)).error;
}

/** The data of each event of a stream, line by line. */
export function dataOf(body: string): string[] {
  const lines = body.split('\n').filter(line => line.startsWith('data:'));
  return lines.map(line => line.slice('data:'.length).trim());
}

/** The events of a stream. */
export function eventsOf(body: string): StreamEvent[] {
  return dataOf(body).map(data => JSON.parse(data) as StreamEvent);
}

/** Waits until it is so, looking every few milliseconds; the test's own time limit ends what never comes. */
export async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 2));
}
