import { setMaxListeners } from 'node:events';
import { isTurnedAway, judgeLimits, type Limits, type Series, type Trial } from '../analysis/limits.ts';
import { type Clock, sleepUntil, systemClock } from '../clock.ts';
import type { Send } from '../driver/driver.ts';
import { undiciSend } from '../driver/undici.ts';
import { ask } from '../http/ask.ts';
import { Connections } from '../http/connections.ts';
import type { GenerationRequest } from '../protocol/protocol.ts';
import { tgi } from '../protocol/tgi.ts';
import { findRoute, type ProbeOptions } from './probe.ts';
import { reasonToStop } from './run-scenario.ts';

/** The most requests that are kept in flight, and how long after one the next is added. */
const mostInFlight = 160;
const addEveryMs = 20;
/** The rates that are tried, each for a while, and the most requests that are sent so. */
const ratesPerS = [5, 10, 20, 40, 80];
const eachForMs = 1_200;
const mostPaced = 150;
/** How long is waited where a refusal does not say, and at most. */
const usualWaitMs = 1_000;
const longestWaitMs = 60_000;
/** Within this a refusal is back, and what was given up is gone. */
const settlingMs = 1_000;

const short: GenerationRequest = { prompt: 'Say hello.', images: [], parameters: {}, maxNewTokens: 1, stream: false };
/** One that is still there when the last is added. */
const long = { ...short, prompt: 'Write a novel of the sea, in many chapters.', maxNewTokens: 1_000, stream: true };

export interface LimitsOptions extends Pick<ProbeOptions, 'url' | 'token' | 'model' | 'gpu' | 'timeoutMs'> {
  readonly signal: AbortSignal;
}

/**
 * Goes beyond what a service allows, on purpose and no further than the first refusal: adds request to request, all
 * kept in flight, then asks at growing rates. Interrupted, it gives what it found. Throws a HarnessError where the
 * service cannot be reached, at the first 401, after which nothing more is sent, and at a ban.
 */
export async function discoverLimits(options: LimitsOptions): Promise<Limits> {
  const { url, token, gpu, timeoutMs, signal } = options;
  const protocol = tgi('tag');
  const body: unknown = JSON.parse(protocol.encode(short));
  const { route } = await findRoute(options, path => ask({ url: url + path, token, body, timeoutMs }));
  const endpoint = new URL(`${url}/${route}/gpu${gpu}/generate`);
  const connections = new Connections(endpoint.origin, { timeoutMs });
  const clock = systemClock();
  const path = endpoint.pathname;
  const addressed = { connections, protocol, clock, path, token, headers: {}, requestTimeoutMs: timeoutMs };
  const barred = new AbortController();
  const stop = AbortSignal.any([signal, barred.signal]);
  const send: Send = async (request, abandoned) => {
    const attempt = await undiciSend(addressed)(request, abandoned);
    const reason = reasonToStop({ outcome: attempt.outcome, target: url });
    if (reason !== undefined) barred.abort(reason);
    return attempt;
  };
  try {
    const additions = Array.from({ length: mostInFlight }, () => ({ mark: {}, gapMs: addEveryMs }));
    const kept = await untilTurnedAway(additions, long, { send, clock, stop });
    await sleepUntil(clock, clock.nowMs() + settlingMs, stop);
    const paced = await untilTurnedAway(growingRates(), short, { send, clock, stop });
    barred.signal.throwIfAborted();
    return judgeLimits(kept, paced);
  } finally {
    await connections.close();
  }
}

/** What is sent, one after the other, with the time to the next. */
type Schedule<Mark> = readonly { readonly mark: Mark; readonly gapMs: number }[];

function growingRates(): Schedule<{ readonly ratePerS: number }> {
  const each = ratesPerS.flatMap(ratePerS =>
    Array.from({ length: Math.round((ratePerS * eachForMs) / 1000) }, () => ({
      mark: { ratePerS },
      gapMs: 1000 / ratePerS,
    })),
  );
  return each.slice(0, mostPaced);
}

interface Sending {
  readonly send: Send;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** Follows a schedule until a request is turned away, asks once more after the wait, and gives up what is still in flight. */
async function untilTurnedAway<Mark extends object>(
  schedule: Schedule<Mark>,
  request: GenerationRequest,
  { send, clock, stop }: Sending,
): Promise<Series<Trial & Mark>> {
  const enough = new AbortController();
  const over = new AbortController();
  const goingOn = AbortSignal.any([stop, enough.signal]);
  const release = AbortSignal.any([stop, over.signal]);
  setMaxListeners(0, release); // every request in flight listens
  const running: Promise<Trial & Mark>[] = [];
  let first: Trial | undefined;
  let dueMs = clock.nowMs();
  for (const { mark, gapMs } of schedule) {
    if (goingOn.aborted) break;
    running.push(
      send(request, release).then(trial => {
        if (isTurnedAway(trial)) first ??= trial;
        if (first !== undefined) enough.abort();
        return { ...trial, ...mark };
      }),
    );
    dueMs += gapMs;
    await sleepUntil(clock, dueMs, goingOn);
  }
  await sleepUntil(clock, clock.nowMs() + settlingMs, goingOn);
  const again = first === undefined ? undefined : await askAgain(first, { send, clock, stop });
  over.abort();
  const trials = await Promise.all(running);
  return again === undefined ? { trials } : { trials, again };
}

/** One more request, after the wait that a refusal asks for. */
async function askAgain({ outcome, endMs }: Trial, { send, clock, stop }: Sending): Promise<Trial | undefined> {
  const waitMs = outcome.retryAfterMs ?? usualWaitMs;
  if (waitMs > longestWaitMs) return undefined;
  await sleepUntil(clock, endMs + waitMs, stop);
  return stop.aborted ? undefined : send(short, stop);
}
