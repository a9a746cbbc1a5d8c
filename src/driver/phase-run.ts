import { setMaxListeners } from 'node:events';
import type { Arrival } from '../arrival/arrivals.ts';
import { type Clock, microseconds } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { Ending, EndReason, Observer, Part, Phase, Send, Stripe } from './driver.ts';
import { PhaseCounts } from './phase-counts.ts';
import { type Named, recordOf } from './record-of.ts';
import { StopWatch } from './stop-watch.ts';

/** How long an interrupted phase waits for what is in flight. */
const shortDrainMs = 5_000;

/** A request that is due, and which one it is. */
export interface Due {
  readonly arrival: Arrival;
  readonly part: Part;
  readonly index: number;
  /** Since when it has waited for a place in flight. */
  readonly queuedMs?: number;
}

/**
 * One phase while it is driven: its window, what is in flight, and the records it gives. The loops decide when to ask
 * it for a request; it decides which request that is and tells the observer what became of it.
 */
export class PhaseRun implements Ending {
  readonly #phase: Phase;
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #stopped = new AbortController();
  #isStopped = false;
  readonly #abandoned = new AbortController();
  /** Requests that have been sent here and have not ended. */
  #inFlight = 0;
  #onIdle: () => void = () => {};
  readonly #watches: readonly StopWatch[];
  #openedMs: number | undefined;
  #closedMs: number | undefined;
  /** From when on nothing is to be sent that is due. */
  #endMs = Number.POSITIVE_INFINITY;
  #isWarm = false;
  #isMeasured = false;
  #onOpen: (openedMs: number) => void = () => {};
  /** Due, and waiting for one in flight to end. */
  readonly #queue = new Fifo<Due>();
  #cancelTimers: (() => void)[] = [];
  readonly stripe: Stripe;

  constructor(phase: Phase, send: Send, clock: Clock, observer: Observer) {
    this.#phase = phase;
    this.#send = send;
    this.#clock = clock;
    this.#observer = observer;
    this.stripe = phase.stripe ?? { k: 0, n: 1, counts: new PhaseCounts() };
    // Every request in flight listens; that is no leak.
    setMaxListeners(0, this.#abandoned.signal, this.#stopped.signal);
    this.#watches = phase.stopIf.map(rule => new StopWatch(rule));
  }

  /** Aborted once no more requests are to be sent. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** The same, as each request asks: V8 takes every signal for an object of another kind, and forgets what it has compiled for the last one. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  get openedMs(): number | undefined {
    return this.#openedMs;
  }

  /** Whether a measured request of a schedule is to be sent: also one that was due in time and is late. */
  takes(dueMs: number, index: number): boolean {
    return index < this.#requests && dueMs < this.#endMs;
  }

  /** Calls back then, unless the phase is over by then. */
  at(atMs: number, callback: () => void): void {
    this.#cancelTimers.push(this.#clock.at(atMs, callback));
  }

  /** Says what is to happen when the measured part begins. */
  onOpen(callback: (openedMs: number) => void): void {
    this.#onOpen = callback;
  }

  /** The warm-up is done; once it is in every cell of the stage, the measured part begins. */
  warm(atMs: number): void {
    if (this.#isWarm) return;
    this.#isWarm = true;
    this.#phase.start.warm(openedMs => this.#open(openedMs), atMs);
  }

  /**
   * The measured part has what the step asked for and ends. From then on its requests are not counted; there are some as
   * long as another cell of the stage is measured.
   */
  complete(atMs: number): void {
    if (this.#isMeasured || this.#isStopped) return;
    this.#close(atMs, 'complete');
    this.#measured(() => this.stop(this.#clock.nowMs(), 'complete'));
  }

  /** No more requests; the window ends, if it ever began, and the drain begins. */
  stop(atMs: number, reason: EndReason): void {
    if (this.#isStopped) {
      // Interrupted while it drains: it need not wait so long any more.
      if (reason === 'interrupted') this.at(this.#clock.nowMs() + shortDrainMs, () => this.#abandon());
      return;
    }
    this.#close(atMs, reason);
    const drainMs = reason === 'interrupted' ? Math.min(shortDrainMs, this.#phase.drainMs) : this.#phase.drainMs;
    this.at(this.#clock.nowMs() + drainMs, () => this.#abandon());
    this.#endMs = reason === 'complete' ? Math.min(this.#endMs, atMs) : Number.NEGATIVE_INFINITY;
    this.#dropQueue(({ part }) => reason !== 'complete' || part === 'cooldown');
    this.#isStopped = true;
    this.#stopped.abort();
    if (reason === 'interrupted') return;
    this.warm(atMs); // the other cells of its stage must not wait for it
    this.#measured(() => {});
  }

  /**
   * Sends the next request of a closed loop and resolves with its record when it has ended. The first beyond what the
   * step asked for completes it; undefined where nothing follows.
   */
  next(dueMs: number): Promise<RequestRecord> | undefined {
    const part = this.#partAt(dueMs);
    const index = this.stripe.counts.take(part);
    if (part !== 'measured' || index < this.#requests)
      return this.send({ arrival: { dueMs }, part, index }, Number.POSITIVE_INFINITY);
    this.complete(dueMs);
    return this.#isStopped ? undefined : this.next(dueMs);
  }

  /** Sends a request and resolves with its record when it has ended; undefined where `bound` are in flight already. */
  send(due: Due, bound: number): Promise<RequestRecord> | undefined {
    return this.stripe.counts.enter(bound) ? this.#begin(due) : undefined;
  }

  /** Sends a request as soon as one in flight has ended. */
  enqueue(due: Due): void {
    this.#queue.push({ ...due, queuedMs: this.#clock.nowMs() });
  }

  /** Records a request that was due and is not sent, because too many are in flight. */
  drop({ arrival, part, index }: Due): void {
    const dueMs = microseconds(arrival.dueMs);
    const isDrawn = this.#phase.cell.target.mix !== undefined;
    const workload = isDrawn ? this.#phase.requestOf(part, index, arrival).workload : undefined;
    this.#observer.ended({
      ...this.#name(this.#observer.due(false), part, workload),
      dueMs,
      tokenTimesMs: [],
      endMs: dueMs,
      requestId: '',
      requestBytes: 0,
      outcome: { kind: 'dropped' },
    });
  }

  /** Runs a loop to its end and until nothing is in flight any more; an abort interrupts it. */
  async conduct(loop: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const interrupt = () => this.stop(this.#clock.nowMs(), 'interrupted');
    this.stripe.heed?.(this);
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    await loop();
    if (this.#inFlight > 0)
      await new Promise<void>(resolve => {
        this.#onIdle = resolve;
      });
    for (const cancel of this.#cancelTimers) cancel();
    signal.removeEventListener('abort', interrupt);
  }

  /** The measured part begins: what is due from now on counts, and its time runs. */
  #open(atMs: number): void {
    if (this.#isStopped) return;
    this.#openedMs = atMs;
    this.#observer.opened(atMs);
    const { durationMs } = this.#phase.cell.end;
    if (durationMs !== undefined) {
      this.#endMs = atMs + durationMs;
      this.at(this.#endMs, () => this.stop(atMs + durationMs, 'complete'));
    }
    this.#onOpen(atMs);
  }

  #close(atMs: number, reason: EndReason): void {
    if (this.#openedMs === undefined || this.#closedMs !== undefined) return;
    this.#closedMs = Math.max(atMs, this.#openedMs);
    this.#observer.closed(this.#closedMs, reason);
  }

  #measured(end: () => void): void {
    if (this.#isMeasured) return;
    this.#isMeasured = true;
    const { finish, cell } = this.#phase;
    if (finish === undefined) end();
    else finish.measured(cell.index, end);
  }

  /** The drain is over: what waits is dropped, what is in flight is broken off. */
  #abandon(): void {
    this.#dropQueue(() => true);
    this.#abandoned.abort();
  }

  #dropQueue(isDropped: (due: Due) => boolean): void {
    for (const due of this.#queue.drain()) {
      if (isDropped(due)) this.drop(due);
      else this.#queue.push(due);
    }
  }

  #partAt(dueMs: number): Part {
    if (this.#openedMs === undefined || dueMs < this.#openedMs) return 'warmup';
    return this.#closedMs === undefined ? 'measured' : 'cooldown';
  }

  /** How many measured requests the step asks for. */
  get #requests(): number {
    return this.#phase.cell.end.requests ?? Number.POSITIVE_INFINITY;
  }

  /** Sends a request that has a place in flight. */
  #begin({ arrival, part, index, queuedMs }: Due): Promise<RequestRecord> {
    const placeWaitMs = queuedMs === undefined ? undefined : this.#clock.nowMs() - queuedMs;
    const seq = this.#observer.due(true);
    const request = this.#phase.requestOf(part, index, arrival);
    this.#inFlight++;
    return this.#send(request, this.#abandoned.signal, this.stopped).then(attempt => {
      const record = recordOf(this.#name(seq, part, request.workload), arrival.dueMs, placeWaitMs, request, attempt);
      this.#ended(record);
      const next = this.#queue.shift();
      if (next === undefined) this.stripe.counts.leave();
      else void this.#begin(next);
      if (--this.#inFlight === 0) this.#onIdle();
      return record;
    });
  }

  #name(seq: number, phase: Part, workload = this.#phase.cell.workload): Named {
    const { cell } = this.#phase;
    return { seq, cell: cell.index, phase, target: cell.target.name, workload };
  }

  #ended(record: RequestRecord): void {
    this.#observer.ended(record);
    for (const watch of this.#watches) if (watch.isBeyond(record)) this.#stopBy(watch);
  }

  #stopBy({ rule }: StopWatch): void {
    if (this.#isStopped) return;
    if (this.#closedMs === undefined) this.#observer.stopped(rule);
    this.stop(this.#clock.nowMs(), 'stop rule');
  }
}
