/**
 * The service as it was found deployed: a proxy that sanitises names, limits rates and adds headers, an auth service
 * that bans, and behind them TGI 2.4, which gets whatever of the path stands behind `…/generate`.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type RateLimit, TokenBucket } from '../../engine/token-bucket.ts';
import { AuthService } from '../authorization.ts';
import { deployedRoute } from '../catalogue.ts';
import type { Endpoint } from '../endpoint.ts';
import { Refused } from '../refusal.ts';
import { strike } from '../request-fault.ts';
import type { Call, Gateway, Site } from '../site.ts';
import { deployedRefusal } from './errors.ts';
import { serveRouter } from './router.ts';

const rateLimit: RateLimit = { ratePerS: 10, burst: 25 };

/** What the proxy adds to every answer that got past its limiter. */
const securityHeaders = {
  'x-server': 'TGI-Proxy',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=31536005; includeSubDomains',
  'access-control-allow-origin': '*',
} as const;

/** One model on one GPU behind the proxy; each has a limiter of its own, which all clients share. */
interface ProxyRoute {
  readonly prefix: string;
  readonly endpoint: Endpoint;
  readonly bucket: TokenBucket;
}

/** The gateway of the `deployed` fidelity. */
export function deployedGateway(site: Site): Gateway {
  const { options, clock, fleet } = site;
  const auth = new AuthService(options.token);
  const routes = fleet.endpoints.map(endpoint => ({
    prefix: `/${deployedRoute(endpoint.served.route)}/gpu${endpoint.gpu}/generate`,
    endpoint,
    bucket: new TokenBucket(options.rateLimit ?? rateLimit),
  }));

  const serve = async (call: Call) => {
    const route = routeOf(routes, call.path);
    auth.check(call.request.headers.authorization, clock.nowMs());
    await pass(route.bucket, clock.nowMs());
    for (const [name, value] of Object.entries(securityHeaders)) call.response.setHeader(name, value);
    const fault = call.request.method === 'POST' ? await strike(site, route.endpoint) : undefined;
    await serveRouter({ site, endpoint: route.endpoint }, call, stripped(call.path, route.prefix), fault);
  };
  return { serve, refuse: deployedRefusal };
}

/** A prefix is a string to the proxy, not a path: `…/generate_stream` matches too. */
function routeOf(routes: readonly ProxyRoute[], path: string): ProxyRoute {
  const route = routes.find(({ prefix }) => path.startsWith(prefix));
  if (route === undefined) throw new Refused({ kind: 'no_route' });
  return route;
}

/** What the model server gets to see: the path behind the prefix, with a slash in front. */
function stripped(path: string, prefix: string): string {
  const rest = path.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Waits for the limiter. A request waits at most for half the time between two, 50 ms at 10 a second. */
async function pass(bucket: TokenBucket, nowMs: number): Promise<void> {
  const { taken, waitMs } = bucket.take(nowMs);
  if (!taken) throw new Refused({ kind: 'rate_limited', retryInMs: waitMs });
  if (waitMs > 0) await sleep(waitMs);
}
