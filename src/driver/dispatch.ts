/** When requests are sent: the open and the closed loop, over any way to send one. */
import type { Arrival } from '../arrival/arrivals.ts';
import { type Slot, slotsOf } from '../arrival/slots.ts';
import { type Clock, sleepUntil } from '../clock.ts';
import type { RequestRecord } from '../record/request-record.ts';
import { pauseMs } from '../record/slot-pause.ts';
import { type DriverLimits, driverLimits } from '../scenario/driver-limits.ts';
import type { ClosedLoad, OpenLoad } from '../scenario/expand.ts';
import type { Driver, Phase, Send, Stripe } from './driver.ts';
import { type Due, PhaseRun } from './phase-run.ts';

/** How long sending may keep the event loop from everything else. */
const longestTurnMs = 10;

/** The driver of whatever can send one request. */
export function dispatch(send: Send, clock: Clock, holds: DriverLimits = driverLimits.undici): Driver {
  return {
    holds,
    async drive(phase, observer, signal) {
      const run = new PhaseRun(phase, send, clock, observer);
      const { load } = phase.cell;
      const loop = () =>
        load.kind === 'closed' ? closedLoop(run, phase, load, clock) : openLoop(run, phase, load, clock);
      await run.conduct(loop, signal);
    },
  };
}

/** A number of slots; each sends its next request when its last was answered. Ends when no slot sends any more. */
async function closedLoop(run: PhaseRun, phase: Phase, load: ClosedLoad, clock: Clock): Promise<void> {
  const slots = slotsOf(load).filter((_, index) => isOf(run.stripe, index));
  const initial = slots.filter(({ fromMs }) => fromMs === 0);
  const { warmup } = phase.cell;
  const beganMs = clock.nowMs();
  let spreadMs = spreadOf(phase);
  let cold = initial.length;

  const turnedOver = (turns: number, atMs: number) => {
    if (typeof warmup === 'object' && turns === warmup.turnovers && --cold === 0) run.warm(atMs);
  };
  const isOut = ({ untilMs }: Slot, dueMs: number) => run.openedMs !== undefined && dueMs >= run.openedMs + untilMs;
  const drive = async (slot: Slot, beginMs: number, firstTurn = 1): Promise<void> => {
    let dueMs = beginMs;
    if (clock.nowMs() < dueMs) await sleepUntil(clock, dueMs, run.stopped);
    for (let turn = firstTurn; !run.isStopped && !isOut(slot, dueMs); turn++) {
      const record = await run.next(dueMs);
      if (record === undefined) return;
      turnedOver(turn, record.endMs);
      dueMs = record.endMs + pauseMs(record, load.thinkTimeMs);
      if (clock.nowMs() < dueMs) await sleepUntil(clock, dueMs, run.stopped);
    }
  };
  const staggerMs = ({ place }: Slot) => place * (spreadMs ?? 0);
  const later: Promise<void>[] = [];
  const opened = new Promise<void>(resolve => {
    run.onOpen(openedMs => {
      for (const slot of slots) if (slot.fromMs > 0) later.push(drive(slot, openedMs + slot.fromMs + staggerMs(slot)));
      resolve();
    });
    run.stopped.addEventListener('abort', () => resolve(), { once: true });
    if (run.isStopped) resolve();
  });
  if (typeof warmup === 'number') run.at(beganMs + warmup, () => run.warm(beganMs + warmup));
  else if (warmup.turnovers === 0 || cold === 0) run.warm(beganMs);

  // Slots that come in together do so over one response time, or they would tick in step. Where it is not known the
  // first request shows it; of a warm-up that is a time it may take half, so that all are at work when it is over.
  const isKnown = spreadMs !== undefined || slots.length === 1 || initial.length === 0 || run.isStopped;
  const first = isKnown ? undefined : run.next(beganMs);
  const half = typeof warmup === 'number' ? [sleepUntil(clock, beganMs + warmup / 2, run.stopped)] : [];
  const shown = first === undefined ? undefined : await Promise.race([first, ...half]);
  const fromMs = first === undefined ? beganMs : (shown?.endMs ?? clock.nowMs());
  spreadMs ??= fromMs - beganMs;
  const goOn = async (slot: Slot, record: RequestRecord) => {
    turnedOver(1, record.endMs);
    await drive(slot, record.endMs + pauseMs(record, load.thinkTimeMs) + staggerMs(slot), 2);
  };
  await Promise.all(
    initial.map(async (slot, k) =>
      first !== undefined && k === 0 ? goOn(slot, await first) : drive(slot, fromMs + staggerMs(slot)),
    ),
  );
  await opened;
  await Promise.all(later);
}

/** Over how long the slots come in: one response time, where it is known, but never longer than the warm-up is. */
function spreadOf({ cell: { warmup }, staggerMs }: Phase): number | undefined {
  return typeof warmup === 'number' && staggerMs !== undefined ? Math.min(staggerMs, warmup) : staggerMs;
}

/** A schedule of its own for each part: what is measured never depends on how long the warm-up took. */
async function openLoop(run: PhaseRun, phase: Phase, load: OpenLoad, clock: Clock): Promise<void> {
  const beganMs = clock.nowMs();
  const send = sender(run, load);
  const { warmup } = phase.cell;
  const opened = new AbortController();
  run.onOpen(openedMs => {
    if (openedMs <= clock.nowMs()) opened.abort();
    else run.at(openedMs, () => opened.abort());
  });
  if (typeof warmup === 'number') run.at(beganMs + warmup, () => run.warm(beganMs + warmup));
  else if (warmup.turnovers === 0 || run.stripe.k > 0) run.warm(beganMs); // of several, the first stripe shows it

  const ended = AbortSignal.any([opened.signal, run.stopped]);
  const { stripe } = run;
  const isWarmUp = (dueMs: number) => !ended.aborted && !(run.openedMs !== undefined && dueMs >= run.openedMs);
  const warmingUp = { fromMs: beganMs, clock, ended, stripe, takes: isWarmUp };
  await follow(phase.arrivals(load, 'warmup'), warmingUp, (arrival, index) => {
    const record = send({ arrival, part: 'warmup', index });
    if (index > 0 || typeof warmup === 'number') return;
    // One turnover is as long as the first request took: by then about as many end as begin.
    void record?.then(({ dueMs: firstMs, endMs }) => {
      const warmMs = firstMs + (endMs - firstMs) * warmup.turnovers;
      run.at(warmMs, () => run.warm(clock.nowMs()));
    });
  });
  const { openedMs } = run;
  if (openedMs === undefined) return;

  const takes = (dueMs: number, index: number) => run.takes(dueMs, index);
  const measuring = { fromMs: openedMs, clock, ended: run.stopped, stripe, takes };
  const { count, lastMs } = await follow(phase.arrivals(load, 'measured'), measuring, (arrival, index) => {
    void send({ arrival, part: 'measured', index });
  });
  // So many requests take as long as at the mean rate, or until the last of them is due.
  const { requests = Number.POSITIVE_INFINITY, durationMs = Number.POSITIVE_INFINITY } = phase.cell.end;
  const lastedMs =
    count >= requests ? Math.max(lastMs - openedMs, (count * 1000) / load.ratePerS) : Number.POSITIVE_INFINITY;
  const endMs = openedMs + Math.min(lastedMs, durationMs);
  await sleepUntil(clock, endMs, run.stopped);
  if (count < requests) return run.stop(endMs, 'complete');
  run.complete(endMs);
  const coolingDown = { fromMs: endMs, clock, ended: run.stopped, stripe, takes: () => !run.isStopped };
  await follow(phase.arrivals(load, 'cooldown'), coolingDown, (arrival, index) => {
    void send({ arrival, part: 'cooldown', index });
  });
}

interface Following {
  /** Where the schedule's zero lies. */
  readonly fromMs: number;
  readonly clock: Clock;
  readonly ended: AbortSignal;
  /** Which of its requests are fired here. */
  readonly stripe: Stripe;
  /** Whether a request that is due then is still to be sent. */
  readonly takes: (dueMs: number, index: number) => boolean;
}

/**
 * Fires each arrival of a stripe of a schedule when it is due; one timer, absolute, so that lateness never adds up.
 * Gives how many of the whole schedule fell due, and when the last of them did.
 */
async function follow(
  schedule: Iterable<Arrival>,
  { fromMs, clock, ended, stripe, takes }: Following,
  fire: (arrival: Arrival, index: number) => void,
): Promise<{ readonly count: number; readonly lastMs: number }> {
  let restedMs = clock.nowMs();
  let count = 0;
  let lastMs = fromMs;
  for (const arrival of schedule) {
    const index = count;
    const dueMs = fromMs + arrival.dueMs;
    const isOurs = isOf(stripe, index);
    if (isOurs && takes(dueMs, index)) {
      const isLate = clock.nowMs() >= dueMs;
      // Where it is late all the time, answers and signals must get their turn all the same.
      if (isLate && clock.nowMs() - restedMs > longestTurnMs) await new Promise(resolve => setImmediate(resolve));
      else await sleepUntil(clock, dueMs, ended);
      if (!isLate || clock.nowMs() - restedMs > longestTurnMs) restedMs = clock.nowMs();
    }
    if (!takes(dueMs, index)) break;
    if (isOurs) fire({ ...arrival, dueMs }, index);
    count++;
    lastMs = dueMs;
  }
  return { count, lastMs };
}

/** Sends at once, or, at the bound of what may be in flight, drops or queues. */
function sender(run: PhaseRun, load: OpenLoad): (due: Due) => Promise<RequestRecord> | undefined {
  const bound = load.effectiveMaxInFlight ?? Number.POSITIVE_INFINITY;
  return due => {
    const record = run.send(due, bound);
    if (record === undefined) {
      if (load.whenFull === 'queue') run.enqueue(due);
      else run.drop(due);
    }
    return record;
  };
}

/** Whether the index-th of a whole belongs to a stripe of it. */
function isOf({ k, n }: Stripe, index: number): boolean {
  return index % n === k;
}
