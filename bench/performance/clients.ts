/** The clients that are compared: the bare socket that is the floor, our drivers with everything recorded, and autocannon. */
import { mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { Client } from 'undici';
import { systemClock } from '../../src/clock.ts';
import { dispatch } from '../../src/driver/dispatch.ts';
import { type Send, StageStart } from '../../src/driver/driver.ts';
import type { ExchangeOptions } from '../../src/driver/exchange.ts';
import { socketSend } from '../../src/driver/socket.ts';
import { undiciSend } from '../../src/driver/undici.ts';
import { Connections } from '../../src/http/connections.ts';
import { Sockets } from '../../src/http/sockets.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import { CellRecorder } from '../../src/record/cell-recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Run } from '../../src/record/run.ts';
import { Backlog } from '../../src/run/backlog.ts';
import { rehearse } from '../../src/run/rehearsal.ts';
import { type Cell, expand } from '../../src/scenario/expand.ts';
import { parseScenario, type Scenario } from '../../src/scenario/resolve.ts';
import { lastEvent, streamHead, tokenEvent, unaryAnswer } from '../../src/simulator/null-target/wire.ts';
import { RunWriter } from '../../src/store/run-directory.ts';
import type { GenerationRequest } from '../../src/workload/workload.ts';

/** So many answers over so many connections, from the null target at that pace. */
export interface Asking {
  readonly url: string;
  readonly pace: string;
  readonly connections: number;
  readonly answers: number;
  readonly tokens: number;
  readonly stream: boolean;
}

/** Gets the answers; gives how many events, or unary answers, came. */
export type AskAll = (asking: Asking) => Promise<number>;

const protocol = tgi('tag');
const requestTimeoutMs = 600_000;

/** Our ways to send, by name: each makes a Send to one endpoint, with connections that are open before it is used. */
const sends: Readonly<Record<string, (options: ExchangeOptions, url: URL) => OpenSend>> = {
  socket: (options, url) => {
    const sockets = new Sockets(url.origin, { timeoutMs: 10_000, clock: options.clock });
    return { send: socketSend({ ...options, url, sockets }), open: count => sockets.open(count) };
  },
  undici: (options, { origin, pathname: path }) => {
    const connections = new Connections(origin, { timeoutMs: 10_000 });
    return { send: undiciSend({ ...options, path, connections }), open: count => connections.open(count) };
  },
};

/** The names of our drivers. */
export const drivers = Object.keys(sends);

interface OpenSend {
  readonly send: Send;
  open(count: number): Promise<void>;
}

const opened = new Map<string, OpenSend>();

/** A driver's way to send to one path of the null target; made once. */
export function sendOf(driver: string, url: string, pace: string): OpenSend {
  const endpoint = new URL(`${url}/${pace}/gpu0/generate`);
  const known = opened.get(endpoint.href);
  if (known !== undefined) return known;
  const make = sends[driver];
  if (make === undefined) throw new Error(`no driver is called ${driver}`);
  const send = make({ protocol, clock, token: 'bench', headers: {}, requestTimeoutMs }, endpoint);
  opened.set(endpoint.href, send);
  return send;
}

/** What is asked for: a prompt of ordinary length. */
export function request(tokens: number, stream: boolean): GenerationRequest {
  return { prompt: 'What would you ask? '.repeat(20), images: [], maxNewTokens: tokens, parameters: {}, stream };
}

const clock = systemClock();
let store: RunWriter | undefined;

/** The whole way of a run: closed loop, driver, record, recorder, and a line of requests.jsonl. */
export function throughDriver(driver: string): AskAll {
  return async asking => {
    const { send, open } = sendOf(driver, asking.url, asking.pace);
    rehearse(); // as a run does, before it opens connections
    await open(asking.connections);
    const { scenario, cell } = scenarioOf(asking);
    // Nobody reads its run.json: what counts is what is written of the records.
    store ??= await RunWriter.create(join(mkdtempSync(join(tmpdir(), 'tgi-bench-')), 'run'), {} as Run, '');
    const kept = store;
    const recorder = new CellRecorder(cell, scenario, [cell]);
    const backlog = new Backlog(clock);
    let events = 0;
    let due = 0;
    const observer = {
      opened: (atMs: number) => recorder.open(atMs),
      closed: (atMs: number) => recorder.close(atMs),
      due: () => due++,
      stopped: () => {},
      ended(record: RequestRecord) {
        backlog.add(() => {
          recorder.add(record);
          kept.add(record);
        });
        if (record.outcome.kind === 'ok') events += asking.stream ? record.tokenTimesMs.length : 1;
      },
    };
    const given = request(asking.tokens, asking.stream);
    const phase = {
      cell,
      arrivals: () => [],
      requestOf: () => given,
      drainMs: 60_000,
      stopIf: [],
      staggerMs: 0,
      start: new StageStart(1),
    };
    await dispatch(send, clock).drive(phase, observer, new AbortController().signal);
    backlog.drain();
    await kept.flush();
    return events;
  };
}

interface OneCell {
  readonly scenario: Scenario;
  readonly cell: Cell;
}

const scenarios = new Map<string, OneCell>();

/** The scenario of what is asked for; read once, as a run reads its own. */
function scenarioOf(asking: Asking): OneCell {
  const text = scenarioText(asking);
  const known = scenarios.get(text);
  if (known !== undefined) return known;
  const { scenario } = parseScenario({ file: 'bench', text, overrides: [], environment: { VALID_TOKEN: 'bench' } });
  const [cell] = expand(scenario);
  if (cell === undefined) throw new Error('a scenario without a cell');
  scenarios.set(text, { scenario, cell });
  return { scenario, cell };
}

function scenarioText({ connections, answers }: Asking): string {
  return `
name: bench
service: { url: 'http://127.0.0.1:1', token: '\${VALID_TOKEN}' }
targets: [{ model: bench, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: any }, output: { maxNewTokens: 1 } } }
limits: { exceed: true, concurrentPerModel: ${connections} }
load: { warmup: { turnovers: 0 }, steps: [{ concurrency: ${connections}, requests: ${answers} }] }
`;
}

/** The floor: the same requests, and the same bytes read into one static buffer and forgotten. */
export function floor(): AskAll {
  const sockets: Socket[] = [];
  const buffer = Buffer.allocUnsafe(1 << 16);
  /** What each connection still has to read, and what it does then. */
  const left: { bytes: number; whole: () => void }[] = [];
  const open = (url: string) =>
    new Promise<void>((resolve, reject) => {
      const place = { bytes: 0, whole: () => {} };
      const callback = (bytes: number) => {
        place.bytes -= bytes;
        if (place.bytes <= 0) place.whole();
        return true;
      };
      const { hostname: host, port } = new URL(url);
      const socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer, callback } }, resolve);
      socket.once('error', reject);
      sockets.push(socket);
      left.push(place);
    });
  return async ({ url, pace, connections, answers, tokens, stream }) => {
    while (sockets.length < connections) await open(url);
    const body = protocol.encode(request(tokens, stream));
    const head = `POST /${pace}/gpu0/generate HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n`;
    const text = `${head}accept: text/event-stream\r\nauthorization: Bearer bench\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const bytes = stream
      ? streamHead.length + (tokens - 1) * tokenEvent.length + lastEvent(tokens).length
      : unaryAnswer(tokens).length;
    let toSend = answers;
    let toCome = answers;
    await new Promise<void>(resolve => {
      const send = (at: number) => {
        if (toSend === 0) return;
        toSend--;
        (left[at] as (typeof left)[0]).bytes = bytes;
        sockets[at]?.write(text, 'latin1');
      };
      for (let at = 0; at < connections; at++) {
        (left[at] as (typeof left)[0]).whole = () => {
          if (--toCome === 0) resolve();
          else send(at);
        };
        send(at);
      }
    });
    return stream ? answers * tokens : answers;
  };
}

/** autocannon by itself, as its own program would use it. */
export const cannon: AskAll = async ({ url, pace, connections, answers, tokens, stream }) => {
  const result = await autocannon({
    url: `${url}/${pace}/gpu0/generate`,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: protocol.encode(request(tokens, stream)),
    connections,
    amount: answers,
  });
  return result['2xx'];
};

/** undici by itself, recording nothing: the least that the driver over it could cost. */
export function undiciAlone(): AskAll {
  const clients: Client[] = [];
  return async ({ url, pace, connections, answers, tokens, stream }) => {
    while (clients.length < connections) clients.push(new Client(url, { headersTimeout: 0, bodyTimeout: 0 }));
    const body = Buffer.from(protocol.encode(request(tokens, stream)));
    const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' };
    let toSend = answers;
    let toCome = answers;
    await new Promise<void>((resolve, reject) => {
      const send = (client: Client) => {
        if (toSend-- <= 0) return;
        client.dispatch(
          { method: 'POST', path: `/${pace}/gpu0/generate`, body, headers },
          {
            onRequestStart: () => {},
            onResponseStart: () => {},
            onResponseData: () => {},
            onResponseEnd: () => {
              if (--toCome === 0) resolve();
              else send(client);
            },
            onResponseError: (_, error) => reject(error),
          },
        );
      };
      for (const client of clients) send(client);
    });
    return answers;
  };
}
