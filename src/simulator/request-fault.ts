import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from './endpoint.ts';
import type { RequestFault } from './faults.ts';
import { Refused } from './refusal.ts';
import type { Reply } from './reply.ts';
import type { Site } from './site.ts';

/**
 * What befalls a request before it is read: a GPU that is gone or an answer from elsewhere, both thrown as Refused,
 * or a delay. Gives the fault that its answer is to suffer, if any.
 */
export async function strike({ faults, clock }: Site, endpoint: Endpoint): Promise<RequestFault | undefined> {
  if (endpoint.gone) throw new Refused({ kind: 'upstream', status: 503 });
  const fault = faults.strike(endpoint.served.route, endpoint.gpu, clock.nowMs());
  if (fault?.kind === 'status') throw new Refused({ kind: 'upstream', status: fault.status });
  if (fault?.kind === 'slow_headers') await sleep(fault.delayMs);
  return fault;
}

/** What hears of the tokens of a reply. */
type OnToken = Reply['token'];

/**
 * Stands between the engine and a reply and does what the fault says, once: after its number of tokens, or in the
 * place of the last. A client that is left with a spoiled answer gives up its place when the response closes.
 */
export function spoiled(reply: Reply, response: ServerResponse, fault: RequestFault): OnToken {
  const whole: OnToken = (index, last) => reply.token(index, last);
  switch (fault.kind) {
    case 'status':
    case 'slow_headers':
      return whole;
    case 'slow_token':
      return delayed(whole, fault.afterTokens, fault.delayMs);
    case 'reset':
      return broken(whole, fault.afterTokens, () => response.socket?.resetAndDestroy());
    case 'eof':
      return broken(whole, fault.afterTokens, () => reply.cut());
    case 'malformed':
      return broken(whole, fault.afterTokens, () => reply.garble());
    case 'error_event':
      return broken(whole, fault.afterTokens, () => reply.refuse(injected));
  }
}

const injected = { kind: 'generation', message: 'Request failed during generation: an injected fault' } as const;

/** Passes `afterTokens` tokens on, then strikes in the place of the next or the last; what comes later is lost. */
function broken(whole: OnToken, afterTokens: number, strike: () => void): OnToken {
  let open = true;
  return (index, last) => {
    if (!open) return;
    if (index <= afterTokens && !last) return whole(index, last);
    open = false;
    strike();
  };
}

/** Holds the token after `afterTokens`, and what comes behind it meanwhile, for `delayMs`. */
function delayed(whole: OnToken, afterTokens: number, delayMs: number): OnToken {
  const held: Parameters<OnToken>[] = [];
  let passed = false;
  const release = () => {
    passed = true;
    for (const token of held) whole(...token);
  };
  return (index, last) => {
    if (passed || (index <= afterTokens && !last)) return whole(index, last);
    if (held.length === 0) setTimeout(release, delayMs);
    held.push([index, last]);
  };
}
