/**
 * The driver whose requests are sent by other threads: it deals a phase out in stripes, begins and ends them together,
 * and tells what becomes of them as if one had driven it all. Invariant: what a thread has sent is counted even where
 * the thread is lost, and the phase then fails.
 */
import type { Clock } from '../clock.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { DriverLimits } from '../scenario/driver-limits.ts';
import type { Driver, EndReason, Observer, Phase } from './driver.ts';
import { type Lane, sharesOf } from './lanes.ts';
import { PhaseCounts } from './phase-counts.ts';
import { StopWatch } from './stop-watch.ts';
import type { FromStripe, Port, ToStripe } from './stripe-messages.ts';

/** The driver over several threads. Its drives reject with a HarnessError where one of them is lost. */
export function stripedDriver(lanes: readonly Lane[], clock: Clock, holds: DriverLimits): Driver {
  return {
    holds,
    drive: (phase, observer, signal) => new StripedPhase(phase, observer, clock, lanes).conduct(signal),
  };
}

/** What is known here of one stripe. */
interface Stripe {
  readonly lane: Lane;
  readonly port: Port<FromStripe, ToStripe>;
  /** How many requests it has sent, as its thread counts them. */
  readonly sent: Int32Array;
  /** How many of them have a number in the run, and the numbers of those that have not ended. */
  counted: number;
  readonly seqs: Map<number, number>;
  isWarm: boolean;
  closing: { readonly atMs: number; readonly reason: EndReason } | undefined;
  isDone: boolean;
}

class StripedPhase {
  readonly #phase: Phase;
  readonly #observer: Observer;
  readonly #clock: Clock;
  readonly #watches: readonly StopWatch[];
  readonly #stripes: readonly Stripe[];
  #finish = () => {};
  #isWarm = false;
  #isMeasured = false;
  #isOpened = false;
  #isClosed = false;
  /** Whether no more requests are sent, for all cells of the stage are measured. */
  #isOver = false;
  #stopped: EndReason | undefined;
  #failure: unknown;

  constructor(phase: Phase, observer: Observer, clock: Clock, lanes: readonly Lane[]) {
    this.#phase = phase;
    this.#observer = observer;
    this.#clock = clock;
    this.#watches = phase.stopIf.map(rule => new StopWatch(rule));
    const counts = PhaseCounts.shared();
    this.#stripes = sharesOf(phase.cell, lanes).map(({ lane, k, n }) => {
      const sent = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
      const isAlone = phase.finish === undefined;
      const order = { cell: phase.cell, k, n, staggerMs: phase.staggerMs, isAlone, counts, sent };
      return {
        lane,
        port: lane.begin(order),
        sent: new Int32Array(sent),
        counted: 0,
        seqs: new Map(),
        isWarm: false,
        closing: undefined,
        isDone: false,
      };
    });
  }

  /** Resolves when every stripe has come to its end; an abort ends them early. */
  async conduct(signal: AbortSignal): Promise<void> {
    const interrupt = () => this.#stop('interrupted');
    const finished = new Promise<void>(resolve => {
      this.#finish = resolve;
    });
    for (const stripe of this.#stripes) {
      const lose = () => this.#lose(stripe);
      stripe.port.listen(message => {
        try {
          this.#take(stripe, message);
        } catch (error) {
          this.#fail(error);
        }
      });
      if (stripe.lane.lost.aborted) lose();
      else stripe.lane.lost.addEventListener('abort', lose, { once: true });
      void finished.then(() => stripe.lane.lost.removeEventListener('abort', lose));
    }
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    await finished;
    signal.removeEventListener('abort', interrupt);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #take(stripe: Stripe, message: FromStripe): void {
    switch (message.kind) {
      case 'warm':
        stripe.isWarm = true;
        this.#warmOnceAllAre();
        break;
      case 'measured':
        this.#measured();
        break;
      case 'closed':
        stripe.closing = message;
        // Where one finds that no more requests are to be sent, the others have none left either.
        if (message.reason === 'complete') this.#tell({ kind: 'complete', atMs: message.atMs });
        this.#closeOnceAllAre();
        break;
      case 'records':
        this.#count(stripe);
        for (const record of message.records) this.#ended(stripe, record);
        break;
      case 'done':
        this.#count(stripe);
        this.#leave(stripe);
    }
  }

  #tell(message: ToStripe): void {
    for (const { port, isDone } of this.#stripes) if (!isDone) port.post(message);
  }

  #warmOnceAllAre(): void {
    if (this.#isWarm || !this.#stripes.every(({ isWarm, isDone }) => isWarm || isDone)) return;
    this.#isWarm = true;
    this.#phase.start.warm(atMs => this.#open(atMs), this.#clock.nowMs());
  }

  #open(atMs: number): void {
    if (this.#stopped !== undefined) return;
    this.#isOpened = true;
    this.#observer.opened(atMs);
    this.#tell({ kind: 'open', atMs });
  }

  /** The stage goes on until all of its cells are measured; where it is alone its stripes end of themselves. */
  #measured(): void {
    if (this.#isMeasured) return;
    this.#isMeasured = true;
    this.#phase.finish?.measured(this.#phase.cell.index, () => {
      this.#isOver = true;
      this.#tell({ kind: 'end' });
    });
  }

  /** The window of what is complete ends when the first stripe was; that of what was stopped, when the last one heard of it. */
  #closeOnceAllAre(): void {
    if (this.#isClosed || !this.#isOpened) return;
    if (!this.#stripes.every(({ closing, isDone }) => closing !== undefined || isDone)) return;
    this.#isClosed = true;
    this.#isOver ||= this.#phase.finish === undefined;
    const closings = this.#stripes.flatMap(({ closing }) => closing ?? []);
    const times = closings.length === 0 ? [this.#clock.nowMs()] : closings.map(({ atMs }) => atMs);
    const early = closings.find(({ reason }) => reason !== 'complete')?.reason;
    const reason = closings.length === 0 ? 'interrupted' : (early ?? 'complete');
    this.#observer.closed(reason === 'complete' ? Math.min(...times) : Math.max(...times), reason);
  }

  /** Takes in what a stripe has sent since it was last asked, and gives each a number. */
  #count(stripe: Stripe): void {
    const sent = Atomics.load(stripe.sent, 0);
    while (stripe.counted < sent) stripe.seqs.set(stripe.counted++, this.#observer.due(true));
  }

  #ended(stripe: Stripe, record: RequestRecord): void {
    if (record.sentMs === undefined) {
      this.#observer.ended({ ...record, seq: this.#observer.due(false) });
      return;
    }
    const known = { ...record, seq: stripe.seqs.get(record.seq) as number };
    stripe.seqs.delete(record.seq);
    this.#observer.ended(known);
    for (const watch of this.#watches) if (watch.isBeyond(known)) this.#stopBy(watch);
  }

  #stopBy({ rule }: StopWatch): void {
    if (this.#stopped !== undefined || this.#isOver) return;
    if (!this.#isClosed) this.#observer.stopped(rule);
    this.#stop('stop rule');
  }

  #stop(reason: EndReason): void {
    this.#stopped ??= reason;
    this.#tell({ kind: 'stop', reason });
  }

  /** A thread came to its end: so must the phase, for the load is no longer what was asked for. */
  #lose(stripe: Stripe): void {
    if (stripe.isDone) return;
    this.#count(stripe);
    const lost = stripe.seqs.size;
    this.#fail(
      new HarnessError(
        `${stripe.lane.name}: expected it to drive to the end, got: ${messageOf(stripe.lane.lost.reason)}; ${lost} requests it had sent have no record`,
        {
          hint: 'where memory was short: ask for less load, or let more threads share it with --threads',
          exitCode: exitCodes.internal,
          cause: stripe.lane.lost.reason,
        },
      ),
    );
    this.#leave(stripe);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stop('interrupted');
  }

  #leave(stripe: Stripe): void {
    stripe.isDone = true;
    stripe.port.close();
    this.#warmOnceAllAre();
    this.#closeOnceAllAre();
    if (this.#stripes.every(({ isDone }) => isDone)) this.#finish();
  }
}
