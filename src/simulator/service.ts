/**
 * The embedded TGI service: gateway, routes and engines behind one HTTP port. Whoever starts it gets where it is and
 * what it has done; runs talk to it over HTTP alone, as to any other service.
 *
 * Invariant: it listens on the host it was told, answers every request once, and says how late it was.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../clock.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { adminGateway, armFault, isAdminPath } from './admin.ts';
import { deployedGateway } from './deployed/gateway.ts';
import { documentedGateway } from './documented/gateway.ts';
import { RequestFaults } from './faults.ts';
import { Fleet } from './fleet.ts';
import type { ServiceOptions } from './options.ts';
import { punctualClock } from './punctual-clock.ts';
import { Refused } from './refusal.ts';
import { sendPlain } from './reply.ts';
import { ClientGone } from './request-body.ts';
import { type Call, type Gateway, readCall, type Site } from './site.ts';
import type { ServiceStatistics } from './statistics.ts';

export type { ServiceOptions } from './options.ts';

/** A running service. */
export interface Service {
  /** Where clients find it, without a path. */
  readonly url: string;
  readonly port: number;
  /** Opens `/admin/…`; clients never need it. */
  readonly adminToken: string;
  statistics(): ServiceStatistics;
  /** Ends every connection and stops. */
  close(): Promise<void>;
}

/** As the deployed proxy: how long a connection may idle, and how long a request may take to arrive. */
const idleConnectionMs = 180_000;
const requestArrivalMs = 60_000;

/** Starts a service. Rejects with a HarnessError for presets that do not exist or a port that is not to be had. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const clock = punctualClock(systemClock());
  const site: Site = {
    options,
    clock,
    fleet: new Fleet(options, clock),
    faults: new RequestFaults(options.seed),
    seeds: seededRandom(options.seed, 'answer seeds'),
  };
  const requestsByStatus: Record<string, number> = {};
  const statistics = () => ({
    uptimeMs: clock.nowMs(),
    endpoints: site.fleet.endpointStatistics(),
    models: site.fleet.modelStatistics(),
    requestsByStatus: { ...requestsByStatus },
  });
  const adminToken = randomBytes(24).toString('base64url');
  const admin = adminGateway(site, adminToken, statistics);
  const gateway = options.fidelity === 'documented' ? documentedGateway(site) : deployedGateway(site);
  for (const fault of options.faults) armFault(site, fault);

  const server = createServer({ noDelay: true, keepAliveTimeout: idleConnectionMs, requestTimeout: requestArrivalMs });
  server.on('request', (request, response) => {
    const call = readCall(request, response, clock.nowMs());
    response.on('error', () => {}); // its client went away; whoever waits for that hears `close`
    if (isAdminPath(call.path)) return void answer(admin, call);
    response.once('close', () => {
      const status = response.headersSent ? String(response.statusCode) : 'aborted';
      requestsByStatus[status] = (requestsByStatus[status] ?? 0) + 1;
    });
    void answer(gateway, call);
  });
  const { port } = await listen(server, options);
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    site.fleet.close();
    await closed;
  };
  return { url: urlOf(options.host, port), port, adminToken, statistics, close };
}

/** Serves one call to its end; what goes wrong is answered, and where it is too late for that, cut off. */
async function answer(gateway: Gateway, call: Call): Promise<void> {
  const { response } = call;
  try {
    await gateway.serve(call);
  } catch (error) {
    if (error instanceof ClientGone || response.destroyed) return;
    const refusal = error instanceof Refused ? error.refusal : ({ kind: 'upstream', status: 500 } as const);
    if (!(error instanceof Refused)) process.emitWarning(error as Error);
    if (response.headersSent) response.destroy();
    else sendPlain(response, gateway.refuse(refusal));
  }
}

async function listen(server: Server, { port, host }: ServiceOptions): Promise<AddressInfo> {
  try {
    server.listen({ port, host });
    await once(server, 'listening');
    return server.address() as AddressInfo;
  } catch (error) {
    throw new HarnessError(`the embedded service cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      hint: 'choose another port, or 0 for any free one',
      exitCode: exitCodes.usage,
      cause: error,
    });
  }
}

/** The address to reach it at: an unspecified host is reached over loopback, IPv6 stands in brackets. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
