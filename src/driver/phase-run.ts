import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.ts';
import { type Outcome, outcomeKinds } from '../protocol/outcome.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { Attempt, EndReason, Observer, Phase, Send } from './driver.ts';

/** How long an interrupted phase waits for what is in flight. */
const shortDrainMs = 5_000;

/**
 * One phase while it is driven: its window, what is in flight, and the records it gives. The loops decide when to ask
 * it for a request; it decides which request that is and tells the observer what became of it.
 */
export class PhaseRun {
  readonly #phase: Phase;
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #stopped = new AbortController();
  readonly #abandoned = new AbortController();
  readonly #inFlight = new Set<Promise<RequestRecord>>();
  readonly #recent: StopWatch | undefined;
  #openedMs: number | undefined;
  /** Due, and waiting for one in flight to end. */
  readonly #queue: number[] = [];
  #cancelTimers: (() => void)[] = [];
  readonly #next = { warmup: 0, measured: 0 };

  constructor(phase: Phase, send: Send, clock: Clock, observer: Observer) {
    this.#phase = phase;
    this.#send = send;
    this.#clock = clock;
    this.#observer = observer;
    // Every request in flight listens; that is no leak.
    setMaxListeners(0, this.#abandoned.signal, this.#stopped.signal);
    this.#recent =
      phase.stopIf === undefined
        ? undefined
        : new StopWatch(phase.stopIf.ratio, phase.stopIf.bound, phase.stopIf.forMs);
  }

  /** Aborted once no more requests are to be sent. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  get openedMs(): number | undefined {
    return this.#openedMs;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Whether as many measured requests were due as the step asked for. */
  get isComplete(): boolean {
    const { requests } = this.#phase.cell.end;
    return requests !== undefined && this.#next.measured >= requests;
  }

  /** The measured part begins: what is due from now on counts, and its time runs. */
  open(atMs: number): void {
    if (this.stopped.aborted) return;
    this.#openedMs = atMs;
    this.#observer.opened(atMs);
    const { durationMs } = this.#phase.cell.end;
    if (durationMs !== undefined) this.#at(atMs + durationMs, () => this.stop(atMs + durationMs, 'complete'));
  }

  /** No more requests; the window ends, if it ever began, and the drain begins. */
  stop(atMs: number, reason: EndReason): void {
    if (this.stopped.aborted) return;
    if (this.#openedMs !== undefined) this.#observer.closed(Math.max(atMs, this.#openedMs), reason);
    const drainMs = reason === 'interrupted' ? Math.min(shortDrainMs, this.#phase.drainMs) : this.#phase.drainMs;
    this.#at(this.#clock.nowMs() + drainMs, () => this.#abandon());
    this.#stopped.abort();
  }

  /** Sends the next request, due at `dueMs`, and resolves with its record when it has ended. */
  request(dueMs: number): Promise<RequestRecord> {
    const { phase, index } = this.#takeNext(dueMs);
    const seq = this.#observer.due(true);
    const request = this.#phase.requestOf(phase, index);
    const ended = this.#send(request, this.#abandoned.signal).then(attempt => {
      this.#inFlight.delete(ended);
      const record = this.#ended(seq, phase, dueMs, attempt);
      const next = this.#queue.shift();
      if (next !== undefined) void this.request(next);
      return record;
    });
    this.#inFlight.add(ended);
    return ended;
  }

  /** Sends a request that was due as soon as one in flight has ended. */
  enqueue(dueMs: number): void {
    this.#queue.push(dueMs);
  }

  /** Records a request that was due and is not sent, because too many are in flight. */
  drop(dueMs: number): void {
    const { phase } = this.#takeNext(dueMs);
    this.#observer.ended({
      ...this.#name(this.#observer.due(false), phase),
      dueMs: microseconds(dueMs),
      tokenTimesMs: [],
      endMs: microseconds(dueMs),
      requestId: '',
      requestBytes: 0,
      outcome: { kind: 'dropped' },
    });
  }

  /** Resolves when nothing is in flight any more. */
  async drained(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
    for (const cancel of this.#cancelTimers) cancel();
  }

  #at(atMs: number, callback: () => void): void {
    this.#cancelTimers.push(this.#clock.at(atMs, callback));
  }

  /** The drain is over: what waits is dropped, what is in flight is broken off. */
  #abandon(): void {
    for (const dueMs of this.#queue.splice(0)) this.drop(dueMs);
    this.#abandoned.abort();
  }

  #takeNext(dueMs: number): { phase: RequestRecord['phase']; index: number } {
    const phase = this.#openedMs !== undefined && dueMs >= this.#openedMs ? 'measured' : 'warmup';
    return { phase, index: this.#next[phase]++ };
  }

  #name(seq: number, phase: RequestRecord['phase']) {
    const { cell } = this.#phase;
    return { seq, cell: cell.index, phase, target: cell.target.name, workload: cell.workload } as const;
  }

  #ended(seq: number, phase: RequestRecord['phase'], dueMs: number, attempt: Attempt): RequestRecord {
    const counted = attempt.outputTokens ?? (attempt.tokenTimesMs.length || undefined);
    const record: RequestRecord = {
      ...this.#name(seq, phase),
      dueMs: microseconds(dueMs),
      ...attempt,
      sentMs: microseconds(attempt.sentMs),
      ...(attempt.headersMs === undefined ? {} : { headersMs: microseconds(attempt.headersMs) }),
      tokenTimesMs: attempt.tokenTimesMs.map(microseconds),
      endMs: microseconds(attempt.endMs),
      ...(counted === undefined
        ? {}
        : { outputTokens: counted, tokensFrom: attempt.outputTokens === undefined ? 'events' : 'server' }),
    };
    this.#observer.ended(record);
    if (this.#recent?.isBeyond(record.outcome, attempt.endMs)) this.stop(this.#clock.nowMs(), 'stop rule');
    return record;
  }
}

/** Rounded to whole microseconds: as fine as the clock is true, and as long as a number should be in a file. */
function microseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Watches one ratio over the last while, for `stopIf`. */
class StopWatch {
  readonly #isCounted: (outcome: Outcome) => boolean;
  readonly #bound: number;
  readonly #forMs: number;
  readonly #ended: { readonly atMs: number; readonly counted: boolean }[] = [];
  #counted = 0;
  #beganMs: number | undefined;

  constructor(ratio: string, bound: number, forMs: number) {
    const refusals: Readonly<Record<string, string>> = {
      rateLimitedRatio: 'rate_limited',
      overloadedRatio: 'overloaded',
      forbiddenRatio: 'forbidden',
    };
    const kind = refusals[ratio];
    const errors: readonly string[] = outcomeKinds.filter(
      each => each !== 'ok' && each !== 'dropped' && !Object.values(refusals).includes(each),
    );
    this.#isCounted = outcome => (kind === undefined ? errors.includes(outcome.kind) : outcome.kind === kind);
    this.#bound = bound;
    this.#forMs = forMs;
  }

  /** Takes in one more end; whether the ratio over the last `forMs` is beyond the bound, once that long has passed. */
  isBeyond(outcome: Outcome, atMs: number): boolean {
    const counted = this.#isCounted(outcome);
    this.#beganMs ??= atMs;
    this.#ended.push({ atMs, counted });
    if (counted) this.#counted++;
    while ((this.#ended[0]?.atMs ?? atMs) < atMs - this.#forMs) if (this.#ended.shift()?.counted) this.#counted--;
    return atMs - this.#beganMs >= this.#forMs && this.#counted / this.#ended.length > this.#bound;
  }
}
