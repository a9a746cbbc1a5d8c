/**
 * What the records of a cell tell beside its numbers: of the generator, for its validity, and of the service, for what
 * is found. In memory that does not grow with their number, and the same whether they come as they end or from a file.
 */
import type { Load } from '../scenario/expand.ts';
import { Histogram } from '../stats/histogram.ts';
import { smallestSample } from '../stats/quantile.ts';
import { type Course, CourseRecorder } from './course.ts';
import type { RequestRecord } from './request-record.ts';
import { type Silence, Silences } from './silences.ts';
import { type Slots, SlotTime } from './slot-time.ts';
import { quantiles } from './summary.ts';
import { WindowSum } from './window-sum.ts';

export interface Evidence {
  /** How late requests were sent, not counting waits for a place in flight or a connection: the furthest quantile that there are enough requests for, or the worst of a few. null: nothing was sent. */
  readonly sendLag: { readonly of: 'p99' | 'p95' | 'p90' | 'max'; readonly ms: number } | null;
  /** Requests that were due in the window and were sent long after it, if at all; what was dropped is not among them. */
  readonly overdue: number;
  /** Requests that had to wait for a connection, of how many that were sent. */
  readonly connectionWaits: { readonly requests: number; readonly sent: number; readonly worstMs: number };
  /** The longest wait for a place in flight; only where some waited. */
  readonly placeWaitMs?: number;
  readonly tokens: TokenComparison;
  /** Only of a closed loop of constant concurrency whose slots had all come in before the window. */
  readonly slots: Slots | null;
  /** The longest in the window, in their order. */
  readonly silences: readonly Silence[];
  readonly course: Course | null;
}

/** Streams whose token events were counted beside the number of tokens that the server says it made. */
export interface TokenComparison {
  readonly answers: number;
  /** Of these: with fewer events than tokens, and with more. */
  readonly short: number;
  readonly long: number;
  readonly events: number;
  readonly tokens: number;
}

export interface EvidenceOptions {
  readonly load: Load;
  /** Whether the protocol says one event for each token, as TGI's does; others may put several tokens into one. */
  readonly oneTokenAnEvent: boolean;
}

/** So long after the end of its window a request is no longer a little late. */
const overdueMs = 50;
/** The shortest silence that is kept, and how many are. */
const [leastSilenceMs, mostSilences] = [1_000, 20];
/** TGI 3 makes longer answers in pieces of this many tokens, and its count may be that of the last piece. */
const mostComparable = 1_024;

/** Collects the evidence of one cell. */
export class EvidenceRecorder {
  readonly #options: EvidenceOptions;
  readonly #lag = new Histogram();
  readonly #silences = new Silences();
  readonly #slotTime: SlotTime | undefined;
  /** How many requests of the window could be sent before it was long over. */
  readonly #inTime = new WindowSum();
  readonly #waits = { requests: 0, sent: 0, worstMs: 0 };
  readonly #tokens = { answers: 0, short: 0, long: 0, events: 0, tokens: 0 };
  #placeWaitMs: number | undefined;
  #course: CourseRecorder | undefined;
  #warmups = 0;
  #openedMs: number | undefined;
  #closedMs: number | undefined;

  constructor(options: EvidenceOptions) {
    this.#options = options;
    const { load } = options;
    if (load.kind === 'closed' && load.ramp === undefined) this.#slotTime = new SlotTime(load.thinkTimeMs);
  }

  /** The window begins; the caller says so before any later record is added. */
  open(atMs: number): void {
    this.#openedMs = atMs;
    this.#course = new CourseRecorder(atMs);
    this.#slotTime?.open(atMs);
    this.#inTime.open(Number.NEGATIVE_INFINITY);
  }

  close(atMs: number): void {
    this.#closedMs = atMs;
    this.#slotTime?.close(atMs);
    this.#inTime.close(atMs + overdueMs);
  }

  add(record: RequestRecord): void {
    this.#silences.add(record);
    if (record.phase === 'measured') this.#addMeasured(record);
    else if (record.phase === 'warmup') this.#warmups++;
    this.#slotTime?.add(record);
  }

  evidence(): Evidence {
    return {
      sendLag: this.#sendLag(),
      overdue: this.#waits.sent - this.#inTime.sum,
      connectionWaits: { ...this.#waits },
      ...(this.#placeWaitMs === undefined ? {} : { placeWaitMs: this.#placeWaitMs }),
      tokens: { ...this.#tokens },
      slots: this.#slots(),
      silences: this.#silencesInWindow(),
      course: this.#course?.course() ?? null,
    };
  }

  #addMeasured(record: RequestRecord): void {
    const { sentMs, dueMs, placeWaitMs, connectionWaitMs } = record;
    this.#course?.add(record);
    if (record.outcome.kind === 'ok') this.#compareTokens(record);
    if (sentMs === undefined) return;
    this.#waits.sent++;
    this.#inTime.add(sentMs - (placeWaitMs ?? 0) - (connectionWaitMs ?? 0), 1, record.endMs);
    this.#lag.record(Math.max(0, sentMs - dueMs - (placeWaitMs ?? 0) - (connectionWaitMs ?? 0)));
    if (placeWaitMs !== undefined) this.#placeWaitMs = Math.max(this.#placeWaitMs ?? 0, placeWaitMs);
    if (connectionWaitMs === undefined) return;
    this.#waits.requests++;
    this.#waits.worstMs = Math.max(this.#waits.worstMs, connectionWaitMs);
  }

  #compareTokens({ tokenTimesMs, outputTokens, tokensFrom }: RequestRecord): void {
    const events = tokenTimesMs.length;
    if (events === 0 || events > mostComparable || outputTokens === undefined || tokensFrom !== 'server') return;
    this.#tokens.answers++;
    this.#tokens.events += events;
    this.#tokens.tokens += outputTokens;
    if (events > outputTokens) this.#tokens.long++;
    else if (events < outputTokens && this.#options.oneTokenAnEvent) this.#tokens.short++;
  }

  #sendLag(): Evidence['sendLag'] {
    const { count, max } = this.#lag;
    if (max === undefined) return null;
    for (const key of ['p99', 'p95', 'p90'] as const) {
      const ms = this.#lag.quantile(quantiles[key]);
      if (count >= smallestSample(quantiles[key]) && ms !== undefined) return { of: key, ms };
    }
    return { of: 'max', ms: max };
  }

  #slots(): Slots | null {
    const { load } = this.#options;
    if (this.#slotTime === undefined || load.kind !== 'closed') return null;
    if (this.#openedMs === undefined || this.#closedMs === undefined || this.#closedMs <= this.#openedMs) return null;
    if (this.#warmups < load.effectiveConcurrency) return null;
    return this.#slotTime.over(this.#closedMs - this.#openedMs);
  }

  #silencesInWindow(): Silence[] {
    const [fromMs, toMs] = [this.#openedMs, this.#closedMs];
    if (fromMs === undefined || toMs === undefined) return [];
    return this.#silences
      .ofAtLeast(leastSilenceMs)
      .filter(silence => silence.fromMs < toMs && silence.fromMs + silence.lastedMs > fromMs)
      .sort((a, b) => b.lastedMs - a.lastedMs)
      .slice(0, mostSilences)
      .sort((a, b) => a.fromMs - b.fromMs);
  }
}
