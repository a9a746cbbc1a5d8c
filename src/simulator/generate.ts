/**
 * One generation, from what was asked to the last token. Invariant: a request holds its permits from before it is
 * looked at until its last token, its refusal or the loss of its client, whichever comes first, and not a step longer.
 */

import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Endpoint } from './endpoint.ts';
import type { RequestFault } from './faults.ts';
import { permitsOf } from './parameters.ts';
import { Place } from './place.ts';
import { type PlainAnswer, type Refusal, Refused } from './refusal.ts';
import { spoiled } from './request-fault.ts';
import type { RequestTimes } from './router-metrics.ts';
import { type StreamOptions, StreamReply } from './stream-reply.ts';
import type { Telling, Told } from './told.ts';
import { type Asked, type Setting, validate } from './validation.ts';
import { WholeReply } from './whole-reply.ts';

/** How one route takes questions and tells answers. */
export interface Form extends Omit<Setting, 'served'> {
  readonly stream: StreamOptions;
  /** True where a stream begins before its request is looked at, so that refusals are events. */
  readonly opensAtOnce: boolean;
  /** How long a request may take from its arrival on; undefined for ever. */
  readonly timeoutMs: number | undefined;
  events(told: Told): Telling;
  whole(told: Told, times: RequestTimes): PlainAnswer;
}

/** One request on its way through the service. */
export interface Exchange {
  readonly response: ServerResponse;
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly arrivedMs: number;
  readonly fault: RequestFault | undefined;
}

/** Answers one request. What is refused before its answer began is thrown as Refused. */
export async function generate(exchange: Exchange, asked: Asked, form: Form): Promise<void> {
  const { response, endpoint } = exchange;
  const stream = asked.stream ? new StreamReply(response, form.stream) : undefined;
  if (form.opensAtOnce) stream?.open();
  endpoint.metrics.arrived();
  try {
    await serve(exchange, asked, form, stream ?? new WholeReply(response, form.stream.wording));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    endpoint.metrics.refused(error.refusal);
    if (stream === undefined || !response.headersSent) throw error;
    stream.refuse(error.refusal);
  }
}

async function serve(exchange: Exchange, asked: Asked, form: Form, reply: StreamReply | WholeReply): Promise<void> {
  const { endpoint, response } = exchange;
  const place = Place.take(endpoint, permitsOf(asked.parameters), exchange.arrivedMs);
  if (place === undefined) throw new Refused({ kind: 'overloaded' });
  response.once('close', () => place.abandon());
  try {
    const told = await validate(asked, { ...form, served: endpoint.served });
    if (!place.left) begin(exchange, form, told, reply, place);
  } catch (error) {
    place.leave();
    throw error;
  }
}

function begin(exchange: Exchange, form: Form, told: Told, reply: StreamReply | WholeReply, place: Place): void {
  const { clock, fault, response } = exchange;
  const answers = [told.answer, ...told.others];
  // Before they are asked for: where the process was held up, the first has ended by the time the next is asked for.
  if (reply instanceof WholeReply) reply.begin(answers.length, () => form.whole(told, place.times()));
  place.ask(answers, told, clock.nowMs(), {
    token: fault === undefined ? (index, last) => reply.token(index, last) : spoiled(reply, response, fault),
    lost: refusal => reply.refuse(refusal),
  });
  if (reply instanceof StreamReply) reply.begin(form.events(told));
  limitTime(exchange, form, place, refusal => reply.refuse(refusal));
}

/** Refuses a request that is still here when its time is up. */
function limitTime(exchange: Exchange, { timeoutMs }: Form, place: Place, refuse: (refusal: Refusal) => void): void {
  if (timeoutMs === undefined) return;
  const { arrivedMs, clock, response } = exchange;
  const timer = setTimeout(
    () => {
      place.leave();
      refuse({ kind: 'timeout' });
    },
    arrivedMs + timeoutMs - clock.nowMs(),
  );
  response.once('close', () => clearTimeout(timer));
}
