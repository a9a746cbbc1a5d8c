import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { RequestFaults } from './faults.ts';
import type { Fleet } from './fleet.ts';
import type { ServiceOptions } from './options.ts';
import type { PlainAnswer, Refusal } from './refusal.ts';

/** What every gateway has at hand. */
export interface Site {
  readonly options: ServiceOptions;
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly faults: RequestFaults;
  /** Where the seeds of answers come from whose clients gave none. */
  readonly seeds: Random;
}

/** One HTTP request and its answer. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly arrivedMs: number;
}

/** The door of the service in one fidelity. */
export interface Gateway {
  /** Answers one request; what it will not answer it throws as Refused. */
  serve(call: Call): Promise<void> | void;
  /** Puts a refusal into words. */
  refuse(refusal: Refusal): PlainAnswer;
}

/** Takes a request's URL apart. */
export function readCall(request: IncomingMessage, response: ServerResponse, arrivedMs: number): Call {
  const [path = '/', ...query] = (request.url ?? '/').split('?');
  return { request, response, path, query: new URLSearchParams(query.join('?')), arrivedMs };
}
