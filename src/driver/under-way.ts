import type { Clock } from '../clock.ts';

/** A request on its way: a link in the chain of all that are. */
export abstract class Underway {
  /** What calls it off. */
  readonly signal: AbortSignal;
  beganMs = 0;
  before: Underway | undefined;
  after: Underway | undefined;
  isLinked = false;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  abstract timeIsUp(): void;
  abstract abandon(): void;
}

/**
 * The requests that are on their way to an endpoint, each within the same time limit and until its signal aborts. All
 * have as long, so they run out in the order in which they began, and one timer, set to the oldest, and one listener a
 * signal serve them all: thousands a second cost neither timers nor listeners of their own. They are chained to each
 * other because sets and maps that forget thousands of keys a second keep the collector busy with what they forgot.
 */
export class UnderWay {
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** The signal that was last listened to, for most requests have the same, and whether it has aborted. */
  #signal: AbortSignal | undefined;
  #isAborted = false;
  readonly #heard = new WeakSet<AbortSignal>();
  #oldest: Underway | undefined;
  #newest: Underway | undefined;
  #disarm: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** Whether a request with that signal is called off before it begins. To ask the signal itself would cost more: to V8 each is an object of another kind. */
  isCalledOff(signal: AbortSignal): boolean {
    this.#hear(signal);
    return this.#isAborted;
  }

  /** It is on its way, and its time runs from now, also where it ran before. */
  begin(request: Underway, nowMs: number): void {
    if (request.isLinked) this.#unlink(request);
    else this.#hear(request.signal);
    request.beganMs = nowMs;
    request.isLinked = true;
    request.before = this.#newest;
    if (this.#newest === undefined) this.#oldest = request;
    else this.#newest.after = request;
    this.#newest = request;
    if (this.#disarm === undefined) this.#arm();
  }

  /** It has ended; the last one leaves no timer behind. */
  end(request: Underway): void {
    if (!request.isLinked) return;
    this.#unlink(request);
    if (this.#oldest !== undefined) return;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  #unlink(request: Underway): void {
    const { before, after } = request;
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#newest = before;
    else after.before = before;
    request.before = undefined;
    request.after = undefined;
    request.isLinked = false;
  }

  #hear(signal: AbortSignal): void {
    if (signal === this.#signal) return;
    this.#signal = signal;
    this.#isAborted = signal.aborted;
    if (this.#heard.has(signal)) return;
    this.#heard.add(signal);
    signal.addEventListener('abort', () => this.#abandon(signal), { once: true });
  }

  #abandon(signal: AbortSignal): void {
    if (signal === this.#signal) this.#isAborted = true;
    const called: Underway[] = [];
    for (let each = this.#oldest; each !== undefined; each = each.after) if (each.signal === signal) called.push(each);
    for (const each of called) each.abandon();
  }

  #arm(): void {
    if (this.#oldest === undefined) return;
    this.#disarm = this.#clock.at(this.#oldest.beganMs + this.#limitMs, () => {
      this.#disarm = undefined;
      const nowMs = this.#clock.nowMs();
      while (this.#oldest !== undefined && this.#oldest.beganMs + this.#limitMs <= nowMs) {
        const late = this.#oldest;
        this.#unlink(late);
        late.timeIsUp();
      }
      if (this.#disarm === undefined) this.#arm();
    });
  }
}
