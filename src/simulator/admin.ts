import { checkBearer } from './authorization.ts';
import { documentedRefusal } from './documented/errors.ts';
import { readFaults } from './fault-list.ts';
import { type Fault, isEngineFault } from './faults.ts';
import { Refused } from './refusal.ts';
import { sendJson } from './reply.ts';
import { parseJson, readBody } from './request-body.ts';
import type { Call, Gateway, Site } from './site.ts';
import type { ServiceStatistics } from './statistics.ts';

const prefix = '/admin/';
const longestBodyBytes = 100_000;

/** True for the paths that are the operator's and no client's. */
export function isAdminPath(path: string): boolean {
  return path.startsWith(prefix);
}

/** Lets a fault happen, from now on or when its time comes. */
export function armFault({ fleet, faults, clock }: Site, fault: Fault): void {
  if (isEngineFault(fault)) fleet.arm(fault);
  else faults.arm(fault, clock.nowMs());
}

/** The operator's door: statistics, GPU readings and faults on demand, behind a token of its own. */
export function adminGateway(site: Site, adminToken: string, statistics: () => ServiceStatistics): Gateway {
  return {
    refuse: documentedRefusal,
    serve({ request, response, path }: Call) {
      checkBearer(request.headers.authorization, adminToken);
      switch (`${request.method} ${path.slice(prefix.length)}`) {
        case 'GET statistics':
          return sendJson(response, statistics());
        case 'GET gpus':
          return sendJson(response, site.fleet.gpuReadings());
        case 'POST faults':
          return readBody(request, longestBodyBytes).then(body => {
            const faults = readFaults(parseJson(body));
            for (const fault of faults) armFault(site, fault);
            sendJson(response, { armed: faults.length });
          });
        case 'DELETE faults':
          site.faults.clear();
          return sendJson(response, { armed: 0 });
        default:
          throw new Refused({ kind: 'no_route' });
      }
    },
  };
}
