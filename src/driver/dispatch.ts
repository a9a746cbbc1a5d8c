/** When requests are sent: the open and the closed loop, over any way to send one. */
import { arrivals } from '../arrival/arrivals.ts';
import { type Clock, sleepUntil } from '../clock.ts';
import { isRefusal } from '../protocol/outcome.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { ClosedLoad, OpenLoad } from '../scenario/expand.ts';
import type { Driver, Phase, Send } from './driver.ts';
import { PhaseRun } from './phase-run.ts';

/** How long a refused slot waits where the refusal does not say. */
const refusedWaitMs = 1_000;

/** The driver of whatever can send one request. */
export function dispatch(send: Send, clock: Clock): Driver {
  return {
    async drive(phase, observer, signal) {
      const run = new PhaseRun(phase, send, clock, observer);
      const interrupt = () => run.stop(clock.nowMs(), 'interrupted');
      if (signal.aborted) interrupt();
      signal.addEventListener('abort', interrupt, { once: true });
      const { load } = phase.cell;
      await (load.kind === 'closed' ? closedLoop(run, phase, load, clock) : openLoop(run, phase, load, clock));
      await run.drained();
      signal.removeEventListener('abort', interrupt);
    },
  };
}

/** As many slots as the concurrency; each sends its next request when its last was answered. Ends when no slot sends any more. */
async function closedLoop(run: PhaseRun, phase: Phase, load: ClosedLoad, clock: Clock): Promise<void> {
  const slots = load.effectiveConcurrency;
  const { warmup } = phase.cell;
  const beganMs = clock.nowMs();
  let cold = slots;
  const warm = (atMs: number) => phase.start.warm(openedMs => run.open(openedMs), atMs);
  if (typeof warmup === 'number') clock.at(beganMs + warmup, () => warm(beganMs + warmup));
  else if (warmup.turnovers === 0) warm(beganMs);

  const turnedOver = (turns: number, atMs: number) => {
    if (typeof warmup === 'object' && turns === warmup.turnovers && --cold === 0) warm(atMs);
  };
  const slot = async (beginMs: number, firstTurn: number): Promise<void> => {
    let dueMs = beginMs;
    await sleepUntil(clock, dueMs, run.stopped);
    for (let turn = firstTurn; !run.stopped.aborted; turn++) {
      if (run.isComplete) return run.stop(dueMs, 'complete');
      const record = await run.request(dueMs);
      turnedOver(turn, record.endMs);
      dueMs = record.endMs + pauseMs(record, load);
      await sleepUntil(clock, dueMs, run.stopped);
    }
  };

  // The slots begin spread over one response time, or they would tick in step. Where it is not known the first shows it.
  const first =
    phase.staggerMs === undefined && slots > 1 && !run.stopped.aborted ? await run.request(beganMs) : undefined;
  if (first !== undefined) turnedOver(1, first.endMs);
  const fromMs = first?.endMs ?? beganMs;
  const spreadMs = first === undefined ? (phase.staggerMs ?? 0) : first.endMs - beganMs;
  await Promise.all(
    Array.from({ length: slots }, (_, k) =>
      slot(fromMs + (k * spreadMs) / slots, k === 0 && first !== undefined ? 2 : 1),
    ),
  );
}

/** What a slot waits between an answer and its next request. */
function pauseMs({ outcome }: RequestRecord, { thinkTimeMs }: ClosedLoad): number {
  return isRefusal(outcome) ? (outcome.retryAfterMs ?? refusedWaitMs) : thinkTimeMs;
}

/** A warm-up by one schedule, then the measured one: what is measured never depends on how long the warm-up took. */
async function openLoop(run: PhaseRun, phase: Phase, load: OpenLoad, clock: Clock): Promise<void> {
  const beganMs = clock.nowMs();
  const opened = new AbortController();
  const ended = AbortSignal.any([opened.signal, run.stopped]);
  const warm = (atMs: number) =>
    phase.start.warm(openedMs => {
      run.open(openedMs);
      opened.abort();
    }, atMs);
  const fire = sender(run, load);
  const { warmup } = phase.cell;
  if (typeof warmup === 'number') clock.at(beganMs + warmup, () => warm(beganMs + warmup));
  else if (warmup.turnovers === 0) warm(beganMs);

  let isFirst = true;
  await schedule(run, { ...phase, part: 'warmup', load, fromMs: beganMs, clock, ended }, dueMs => {
    const record = fire(dueMs);
    if (!isFirst || typeof warmup === 'number') return;
    isFirst = false;
    // One turnover is as long as the first request took: by then about as many end as begin.
    void record?.then(({ dueMs: firstMs, endMs }) => {
      const warmMs = firstMs + (endMs - firstMs) * warmup.turnovers;
      clock.at(warmMs, () => warm(clock.nowMs()));
    });
  });
  const openedMs = run.openedMs;
  if (openedMs === undefined) return;
  await schedule(run, { ...phase, part: 'measured', load, fromMs: openedMs, clock, ended: run.stopped }, fire);
}

interface Scheduled extends Phase {
  readonly part: 'warmup' | 'measured';
  readonly load: OpenLoad;
  readonly fromMs: number;
  readonly clock: Clock;
  readonly ended: AbortSignal;
}

/** Fires at each due time of the schedule until it ends; one timer, absolute, so that lateness never adds up. */
async function schedule(
  run: PhaseRun,
  { cell, seed, part, load, fromMs, clock, ended }: Scheduled,
  fire: (dueMs: number) => void,
): Promise<void> {
  let fired = 0;
  for (const offsetMs of arrivals(load, seed, part, cell.step, cell.repetition)) {
    if (part === 'measured' && run.isComplete) {
      const endMs = fromMs + (fired * 1000) / load.ratePerS;
      await sleepUntil(clock, endMs, ended);
      return run.stop(endMs, 'complete');
    }
    await sleepUntil(clock, fromMs + offsetMs, ended);
    if (ended.aborted) return;
    fire(fromMs + offsetMs);
    fired++;
  }
}

/** Sends at once, or, at the bound of what may be in flight, drops or queues. */
function sender(run: PhaseRun, load: OpenLoad): (dueMs: number) => Promise<RequestRecord> | undefined {
  const bound = load.effectiveMaxInFlight ?? Number.POSITIVE_INFINITY;
  return dueMs => {
    if (run.inFlight < bound) return run.request(dueMs);
    if (load.whenFull === 'queue') run.enqueue(dueMs);
    else run.drop(dueMs);
    return undefined;
  };
}
