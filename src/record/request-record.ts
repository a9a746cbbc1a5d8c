import type { Outcome } from '../protocol/outcome.ts';
import type { ServerTimings } from '../protocol/server-timings.ts';

/**
 * One request as it happened: the only thing that passes from measuring to analysing, and one line of `requests.jsonl`.
 * Times are ms since the run began, stamped when the bytes arrived. Never changed once made.
 */
export interface RequestRecord {
  readonly seq: number;
  readonly cell: number;
  /** What was due before the cell's window is warm-up, what was due after it keeps others under load: recorded, not counted. */
  readonly phase: 'warmup' | 'measured' | 'cooldown';
  readonly target: string;
  readonly workload: string;
  /** Which of several kinds of request of its workload it was, such as the size of its picture. */
  readonly variant?: string;
  /** Open loop: the schedule's time. Closed loop: when its slot was free. */
  readonly dueMs: number;
  /** Undefined for a request that was never sent. */
  readonly sentMs?: number;
  /** How much of the time between due and sent it waited for a place in flight, where a step queues what is due beyond its bound. */
  readonly placeWaitMs?: number;
  /** How much of the time between due and sent it waited for a connection; only where it had to, a millisecond or more. */
  readonly connectionWaitMs?: number;
  readonly headersMs?: number;
  /** One time per token event; empty for a unary answer. */
  readonly tokenTimesMs: readonly number[];
  readonly endMs: number;
  /** How many tokens its prompt was made to have, where a length was asked for. */
  readonly askedInputTokens?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Whether the server said how many tokens it made, or its events were counted. */
  readonly tokensFrom?: 'server' | 'events';
  /** What its answer says the server spent on it, where it says so; TGI does of answers in one piece. */
  readonly server?: ServerTimings;
  readonly requestId: string;
  readonly requestBytes: number;
  readonly finishReason?: string;
  readonly outcome: Outcome;
  /** Only where it was sent again: each attempt, the last of them the one the record ends with. */
  readonly attempts?: readonly AttemptEnd[];
}

/** How many tokens an event of a stream stands for: one, unless the server says that it put several into each. */
export function tokensPerEvent({ tokenTimesMs, outputTokens, tokensFrom }: RequestRecord): number {
  return tokensFrom === 'server' && outputTokens !== undefined && tokenTimesMs.length > 0
    ? outputTokens / tokenTimesMs.length
    : 1;
}

/** One of several attempts at a request. */
export interface AttemptEnd {
  readonly sentMs: number;
  readonly endMs: number;
  readonly outcome: Outcome;
}
