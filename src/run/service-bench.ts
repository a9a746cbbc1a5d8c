import type { Clock } from '../clock.ts';
import { dispatch } from '../driver/dispatch.ts';
import type { Driver, Send } from '../driver/driver.ts';
import type { Addressing } from '../driver/message.ts';
import { retrying } from '../driver/retry.ts';
import { socketSend } from '../driver/socket.ts';
import { unaryDriver } from '../driver/unary.ts';
import { undiciSend } from '../driver/undici.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import { Connections } from '../http/connections.ts';
import { Sockets } from '../http/sockets.ts';
import { openaiChat } from '../protocol/openai-chat.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { tgi } from '../protocol/tgi.ts';
import { type DriverName, driverLimits, driverOf } from '../scenario/driver-limits.ts';
import type { Scenario, Secrets } from '../scenario/resolve.ts';
import type { Target } from '../scenario/target.ts';
import type { Need } from './needs.ts';
import { rehearse } from './rehearsal.ts';
import type { Bench } from './run-scenario.ts';

export interface ServiceBenchOptions {
  readonly scenario: Scenario;
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** Where the service is, now that an embedded one has been started. */
  readonly serviceUrl: string;
  /** Certificates to trust besides the usual ones, PEM. */
  readonly ca: string | undefined;
  /** Which of several threads it is in, so that they do not wait in step where they ask again. */
  readonly thread?: number;
}

/** How long a connection may take to open. */
const patienceMs = 10_000;

/** A few streams do not keep each other waiting: from so many at once on it matters how fast each is taken in. */
const leastRehearsed = 32;

/** A service over HTTP, ready to be measured. */
export interface ServiceBench extends Pick<Bench, 'clock' | 'driverOf'> {
  /** Opens the connections that all of these need at the same time. */
  open(needs: readonly Need[]): Promise<void>;
  urlOf(target: Target): URL;
  protocolOf(target: Target): Protocol;
  sendOf(target: Target): Send;
  /** The token and the headers that go with any request to it; without a target, to the service itself. */
  addressingOf(target?: Target): Addressing;
  /** The headers of any request to it, its token among them. */
  headersOf(target: Target): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export function serviceBench({ scenario, secrets, clock, serviceUrl, ca, thread }: ServiceBenchOptions): ServiceBench {
  const protocolOf = ({ protocol, model }: Target): Protocol =>
    protocol === 'tgi' ? tgi(scenario.service.imageSyntax) : openaiChat(model);
  const connections = new Map<string, Connections>();
  const sockets = new Map<string, Sockets>();
  const urlOf = (target: Target) => new URL(target.url ?? serviceUrl + target.path);
  const connectionsOf = (target: Target) =>
    among(connections, urlOf(target).origin, origin => new Connections(origin, { ca, timeoutMs: patienceMs }));
  const socketsOf = (target: Target) =>
    among(sockets, urlOf(target).origin, origin => new Sockets(origin, { timeoutMs: patienceMs, clock }));
  /** The service's token and headers go to the service's own host only. */
  const addressingOf = (target?: Target): Addressing => {
    const isOurs = target === undefined || urlOf(target).origin === new URL(serviceUrl).origin;
    const own = target === undefined ? undefined : secrets.tokens.get(target.name);
    return { token: own ?? (isOurs ? secrets.tokens.get('') : undefined), headers: isOurs ? secrets.headers : {} };
  };
  const exchangeOf = (target: Target) => ({
    protocol: protocolOf(target),
    clock,
    ...addressingOf(target),
    requestTimeoutMs: scenario.limits.requestTimeoutMs,
  });
  const sendOf = (target: Target, driver: DriverName): Send => {
    const url = urlOf(target);
    return driver === 'socket'
      ? socketSend({ ...exchangeOf(target), sockets: socketsOf(target), url })
      : undiciSend({
          ...exchangeOf(target),
          connections: connectionsOf(target),
          path: url.pathname + url.search,
        });
  };
  const drivers = new Map<string, Driver>();
  return {
    clock,
    urlOf,
    protocolOf,
    sendOf: target => sendOf(target, driverOf('auto', urlOf(target).protocol)),
    addressingOf,
    headersOf(target) {
      const { token, headers } = addressingOf(target);
      return { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    },
    driverOf(target, name) {
      if (name === 'autocannon') return unaryDriver({ ...exchangeOf(target), url: urlOf(target) });
      return among(drivers, `${name} ${target.name}`, () => {
        const send = sendOf(target, name);
        const seed = [scenario.seed, ...(thread === undefined ? [] : [thread])];
        return dispatch(
          scenario.retry === undefined ? send : retrying(send, scenario.retry, clock, ...seed),
          clock,
          driverLimits[name],
        );
      });
    },
    async open(needs) {
      if (needs.reduce((sum, { inFlight }) => sum + inFlight, 0) >= leastRehearsed) rehearse();
      const counts = new Map<Sockets | Connections, { origin: string; inFlight: number }>();
      for (const { target, driver, inFlight } of needs) {
        const pool = driver === 'socket' ? socketsOf(target) : connectionsOf(target);
        const before = counts.get(pool)?.inFlight ?? 0;
        counts.set(pool, { origin: urlOf(target).origin, inFlight: before + inFlight });
      }
      for (const [pool, { origin, inFlight }] of counts) await opening(origin, () => pool.open(inFlight));
    },
    async close() {
      for (const each of sockets.values()) each.close();
      await Promise.all([...connections.values()].map(each => each.close()));
    },
  };
}

/** What a map has under a key, made where it has nothing yet. */
function among<T>(map: Map<string, T>, key: string, make: (key: string) => T): T {
  const value = map.get(key) ?? make(key);
  map.set(key, value);
  return value;
}

async function opening(origin: string, open: () => Promise<void>): Promise<void> {
  try {
    await open();
  } catch (cause) {
    throw new HarnessError(`${origin}: expected a service to answer, got: ${messageOf(cause)}`, {
      hint: 'is it running, and is this its address? tgi-bench serve starts one here',
      exitCode: exitCodes.unreachable,
      cause,
    });
  }
}
