/**
 * Making requests: a Driver drives one phase of load at one endpoint to its end. Invariant: every request that was due
 * is reported exactly once, whatever became of it.
 */
import type { Arrival } from '../arrival/arrivals.ts';
import type { Outcome } from '../protocol/outcome.ts';
import type { GenerationRequest } from '../protocol/protocol.ts';
import type { ServerTimings } from '../protocol/server-timings.ts';
import type { AttemptEnd, RequestRecord } from '../record/request-record.ts';
import type { DriverLimits } from '../scenario/driver-limits.ts';
import type { Cell, OpenLoad } from '../scenario/expand.ts';
import type { StopRule } from '../scenario/objective.ts';
import type { TokenLengths } from '../scenario/trace.ts';
import type { PhaseCounts } from './phase-counts.ts';

/** What counts, and what is sent before and after it so that it happens under its load. */
export type Part = RequestRecord['phase'];

/** What to drive: one cell, and what it needs to begin. */
export interface Phase {
  readonly cell: Cell;
  /** The schedule of one part of an open loop. */
  readonly arrivals: (load: OpenLoad, part: Part) => Iterable<Arrival>;
  /** The index-th request of a part, as long as its arrival says. */
  readonly requestOf: (part: Part, index: number, lengths: TokenLengths) => GenerationRequest;
  readonly drainMs: number;
  /** The rules of which one ends it. */
  readonly stopIf: readonly StopRule[];
  /** Over how long the slots of a closed loop begin: one response time, where it is known from before. */
  readonly staggerMs?: number | undefined;
  /** Begins the measured part of all cells of a stage at once. */
  readonly start: Pick<StageStart, 'warm'>;
  /** Ends the cells of a stage together that end by requests; where it is not given the phase is alone. */
  readonly finish?: Pick<StageFinish, 'measured'> | undefined;
  /** Where several drive it at once: which share of it; the whole where it is not given. */
  readonly stripe?: Stripe | undefined;
}

/**
 * The k-th of n shares of a phase (from 0): of a schedule every n-th request from the k-th on, of a closed loop every
 * n-th slot. What n drivers send of it together is what one would send.
 */
export interface Stripe {
  readonly k: number;
  readonly n: number;
  readonly counts: PhaseCounts;
  /** Is given the phase, to end it when the others end. */
  readonly heed?: ((phase: Ending) => void) | undefined;
}

/** A phase that is driven, as whoever drives the rest of it can end it. */
export interface Ending {
  /** It has what the step asked for; its window ends then. */
  complete(atMs: number): void;
  /** It sends nothing any more. */
  stop(atMs: number, reason: EndReason): void;
}

/** What a driver tells while it drives. */
export interface Observer {
  /** The measured part begins. */
  opened(atMs: number): void;
  /** The measured part ends; what is in flight is drained, and what is sent from now on is not counted. */
  closed(atMs: number, reason: EndReason): void;
  /** A rule ends the phase before it is measured to its end. */
  stopped(rule: StopRule): void;
  /** One more request was due, and is sent or not; gives its number in the run. */
  due(sent: boolean): number;
  ended(record: RequestRecord): void;
}

export type EndReason = 'complete' | 'stop rule' | 'interrupted';

export interface Driver {
  /** What it can be asked for; a scenario that asks for more is refused before it runs. */
  readonly holds: DriverLimits;
  /** Resolves when nothing of the phase is in flight any more. An abort ends it early: no new requests, a short drain. */
  drive(phase: Phase, observer: Observer, signal: AbortSignal): Promise<void>;
}

/** What became of one attempt to send a request; times in ms of the run's clock. */
export interface Attempt {
  readonly sentMs: number;
  /** How long it waited for a connection before it was sent, where that was a millisecond or more. */
  readonly connectionWaitMs?: number | undefined;
  readonly headersMs?: number | undefined;
  /** To whole microseconds, as they stand in a record: there are too many to be rounded afterwards. */
  readonly tokenTimesMs: readonly number[];
  readonly endMs: number;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly finishReason?: string | undefined;
  readonly server?: ServerTimings | undefined;
  readonly requestId: string;
  readonly requestBytes: number;
  readonly outcome: Outcome;
  /** Only where it was sent again. */
  readonly attempts?: readonly AttemptEnd[];
}

/** The wait for a connection of a request that was ready at one time and sent at another, both ms; none below a millisecond, for writing takes time too. */
export function connectionWait(readyMs: number, sentMs: number): Pick<Attempt, 'connectionWaitMs'> {
  return sentMs - readyMs < 1 ? {} : { connectionWaitMs: sentMs - readyMs };
}

/** Sends one request and resolves, always, with what became of it; an abort ends it as `abandoned`, and once it is stopped nothing is sent again. */
export type Send = (request: GenerationRequest, signal: AbortSignal, stopped?: AbortSignal) => Promise<Attempt>;

/** Holds the cells of a stage until each of them is warm, so that they are measured over the same time. */
export class StageStart {
  readonly #begin: ((atMs: number) => void)[] = [];
  readonly #leadMs: number;
  #cold: number;

  /** `leadMs`: how long ahead all are told, where some of them hear of it later than others. */
  constructor(cells: number, leadMs = 0) {
    this.#cold = cells;
    this.#leadMs = leadMs;
  }

  /** Says that one more cell is warm; when the last one is, all begin at the same instant. */
  warm(begin: (atMs: number) => void, atMs: number): void {
    this.#begin.push(begin);
    if (--this.#cold === 0) for (const each of this.#begin) each(atMs + this.#leadMs);
  }
}

/** Holds each cell of a stage that has its number of requests until all have, so that none is measured under less load. */
export class StageFinish {
  readonly #ends: (() => void)[] = [];
  readonly #measured = new Set<number>();
  readonly #cells: number;

  constructor(cells: number) {
    this.#cells = cells;
  }

  /** Says that a cell, by its index, is measured; once all are, every one ends. */
  measured(cell: number, end: () => void): void {
    this.#measured.add(cell);
    this.#ends.push(end);
    if (this.#measured.size === this.#cells) for (const each of this.#ends.splice(0)) each();
  }
}
