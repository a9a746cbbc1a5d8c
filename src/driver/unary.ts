/**
 * The driver over autocannon, for closed loops of whole answers. It owns its loop: a connection a slot, whose next
 * request goes out from within the answer to the last. Anything but an answer ends the connection, and the slot waits
 * as in any closed loop before it opens another.
 */
import { sleepUntil } from '../clock.ts';
import type { RequestRecord } from '../record/request-record.ts';
import { pauseMs, refusedWaitMs } from '../record/slot-pause.ts';
import { driverLimits } from '../scenario/driver-limits.ts';
import type { ClosedLoad } from '../scenario/expand.ts';
import type { Converse } from './autocannon.ts';
import type { Driver, Phase } from './driver.ts';
import { PhaseRun } from './phase-run.ts';
import { UnaryExchange, type UnaryExchangeOptions } from './unary-exchange.ts';

export interface UnaryOptions extends UnaryExchangeOptions {
  /** The endpoint, its path verbatim. */
  readonly url: URL;
}

/** A request on its way, and the record it will give. */
interface Asked {
  readonly exchange: UnaryExchange;
  readonly record: Promise<RequestRecord>;
}

/** Drives closed loops of unary requests over plain http. Rejects with a TypeError where it is given an open loop. */
export function unaryDriver(options: UnaryOptions): Driver {
  const { clock } = options;
  return {
    holds: driverLimits.autocannon,
    async drive(phase, observer, signal) {
      const { load } = phase.cell;
      if (load.kind !== 'closed') throw new TypeError('expected a closed loop, got an open one');
      const { converse } = await import('./autocannon.ts'); // only who uses it waits for it to load
      const begun: UnaryExchange[] = [];
      const run = new PhaseRun(
        phase,
        (request, abandoned) =>
          new Promise(resolve => begun.push(new UnaryExchange(options, request, abandoned, resolve))),
        clock,
        observer,
      );
      const ask = (dueMs: number): Asked | undefined => {
        const record = run.isStopped ? undefined : run.next(dueMs);
        return record === undefined ? undefined : { exchange: begun.pop() as UnaryExchange, record };
      };
      await run.conduct(() => closedLoop(run, phase, load, { ...options, converse, ask }), signal);
    },
  };
}

interface Asking extends UnaryOptions {
  readonly converse: Converse;
  /** Makes the next request of the phase, for a connection to send; undefined where nothing follows. */
  readonly ask: (dueMs: number) => Asked | undefined;
}

/** As many slots as the concurrency; ends when no slot sends any more. */
async function closedLoop(run: PhaseRun, phase: Phase, load: ClosedLoad, asking: Asking): Promise<void> {
  const { clock, ask } = asking;
  const { warmup } = phase.cell;
  const slots = load.effectiveConcurrency;
  const beganMs = clock.nowMs();
  let cold = slots;
  if (typeof warmup === 'number') run.at(beganMs + warmup, () => run.warm(beganMs + warmup));
  else if (warmup.turnovers === 0) run.warm(beganMs);

  const slot = async (beginMs: number, onFirst?: (endMs: number) => void): Promise<void> => {
    let turns = 0;
    const next = (dueMs: number): Asked | undefined => {
      const asked = ask(dueMs);
      if (asked === undefined) return undefined;
      asked.exchange.onEnd = endMs => {
        if (++turns === 1) onFirst?.(endMs);
        if (typeof warmup === 'object' && turns === warmup.turnovers && --cold === 0) run.warm(endMs);
      };
      return asked;
    };
    let dueMs = beginMs;
    await sleepUntil(clock, dueMs, run.stopped);
    for (let asked = next(dueMs); asked !== undefined; asked = next(dueMs)) {
      const { exchange, record } = await askOnOneConnection(asking, asked, next);
      // Where nobody listens, a slot must not knock without a pause.
      dueMs = record.endMs + (exchange.wasSent ? pauseMs(record, load.thinkTimeMs) : refusedWaitMs);
      await sleepUntil(clock, dueMs, run.stopped);
    }
  };

  // Slots begin spread over one response time, or they would tick in step. Where it is not known the first answer shows it.
  let heard = (_endMs: number) => {};
  const firstEnd = new Promise<number>(resolve => {
    heard = resolve;
  });
  const first = slot(beganMs, heard);
  const isKnown = phase.staggerMs !== undefined || slots === 1;
  const fromMs = isKnown ? beganMs : await Promise.race([firstEnd, first.then(() => clock.nowMs())]);
  const spreadMs = phase.staggerMs ?? fromMs - beganMs;
  const others = Array.from({ length: slots - 1 }, (_, k) => slot(fromMs + ((k + 1) * spreadMs) / slots));
  await Promise.all([first, ...others]);
}

/** Sends one request after the other until one is no answer or nothing is to follow; gives the last of them once it has ended. */
async function askOnOneConnection(
  { url, converse }: Asking,
  first: Asked,
  next: (dueMs: number) => Asked | undefined,
): Promise<{ readonly exchange: UnaryExchange; readonly record: RequestRecord }> {
  let current = first;
  const hangUp = converse({ url, method: 'POST' }, first.exchange, () => {
    const { attempt } = current.exchange;
    const following = attempt?.outcome.kind === 'ok' ? next(attempt.endMs) : undefined;
    current = following ?? current;
    return following?.exchange;
  });
  for (;;) {
    const { exchange, record } = current;
    const ended = await record;
    if (exchange !== current.exchange) continue; // the next was asked at the moment of the answer
    hangUp(); // for what ended at its time limit, or with the phase
    return { exchange, record: ended };
  }
}
