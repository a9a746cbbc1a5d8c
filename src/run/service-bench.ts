import type { Clock } from '../clock.ts';
import { dispatch } from '../driver/dispatch.ts';
import type { Driver, Send } from '../driver/driver.ts';
import { retrying } from '../driver/retry.ts';
import { streamingSend } from '../driver/streaming.ts';
import { unaryDriver } from '../driver/unary.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import { Connections } from '../http/connections.ts';
import { openaiChat } from '../protocol/openai-chat.ts';
import { tgi } from '../protocol/tgi.ts';
import type { Scenario, Secrets } from '../scenario/resolve.ts';
import type { Target } from '../scenario/target.ts';
import { watchProcess } from '../telemetry/generator.ts';
import type { Bench } from './run-scenario.ts';

export interface ServiceBenchOptions {
  readonly scenario: Scenario;
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** Where the service is, now that an embedded one has been started. */
  readonly serviceUrl: string;
  /** Certificates to trust besides the usual ones, PEM. */
  readonly ca: string | undefined;
  readonly engineLateRatio: () => number | undefined;
}

/** How long a connection may take to open. */
const patienceMs = 10_000;

/** A service over HTTP, ready to be measured. */
export interface ServiceBench extends Bench {
  urlOf(target: Target): URL;
  sendOf(target: Target): Send;
  tokenOf(target: Target): string | undefined;
  /** The headers of any request to it, its token among them. */
  headersOf(target: Target): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export function serviceBench({
  scenario,
  secrets,
  clock,
  serviceUrl,
  ca,
  engineLateRatio,
}: ServiceBenchOptions): ServiceBench {
  const protocolOf = ({ protocol, model }: Target) =>
    protocol === 'tgi' ? tgi(scenario.service.imageSyntax) : openaiChat(model);
  const byOrigin = new Map<string, Connections>();
  const process = watchProcess();
  const urlOf = (target: Target) => new URL(target.url ?? serviceUrl + target.path);
  const connectionsOf = (target: Target): Connections => {
    const { origin } = urlOf(target);
    const known = byOrigin.get(origin);
    if (known !== undefined) return known;
    const connections = new Connections(origin, { ca, timeoutMs: patienceMs });
    byOrigin.set(origin, connections);
    return connections;
  };
  /** The service's token goes to the service's own host only. */
  const tokenOf = (target: Target) =>
    secrets.tokens.get(target.name) ??
    (urlOf(target).origin === new URL(serviceUrl).origin ? secrets.tokens.get('') : undefined);
  const exchangeOf = (target: Target) => ({
    protocol: protocolOf(target),
    clock,
    token: tokenOf(target),
    headers: urlOf(target).origin === new URL(serviceUrl).origin ? secrets.headers : {},
    requestTimeoutMs: scenario.limits.requestTimeoutMs,
  });
  const sendOf = (target: Target): Send => {
    const { pathname, search } = urlOf(target);
    return streamingSend({
      ...exchangeOf(target),
      connections: connectionsOf(target),
      path: pathname + search,
    });
  };
  const drivers = new Map<string, Driver>();
  return {
    clock,
    urlOf,
    sendOf,
    tokenOf,
    headersOf(target) {
      const { token, headers } = exchangeOf(target);
      return { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    },
    driverOf(target, name) {
      if (name === 'autocannon') return unaryDriver({ ...exchangeOf(target), url: urlOf(target) });
      const driver =
        drivers.get(target.name) ??
        dispatch(
          scenario.retry === undefined
            ? sendOf(target)
            : retrying(sendOf(target), scenario.retry, clock, scenario.seed),
          clock,
        );
      drivers.set(target.name, driver);
      return driver;
    },
    prepare: (target, inFlight) => opening(urlOf(target).origin, () => connectionsOf(target).open(inFlight)),
    sampleProcess: () => process.take(),
    engineLateRatio,
    async close() {
      process.stop();
      await Promise.all([...byOrigin.values()].map(connections => connections.close()));
    },
  };
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
