import type { Outcome } from '../protocol/outcome.ts';

/**
 * One request as it happened: the only thing that passes from measuring to analysing, and one line of `requests.jsonl`.
 * Times are ms since the run began, stamped when the bytes arrived. Never changed once made.
 */
export interface RequestRecord {
  readonly seq: number;
  readonly cell: number;
  /** What was due before the cell's window began is warm-up: recorded, not counted. */
  readonly phase: 'warmup' | 'measured';
  readonly target: string;
  readonly workload: string;
  /** Open loop: the schedule's time. Closed loop: when its slot was free. */
  readonly dueMs: number;
  /** Undefined for a request that was never sent. */
  readonly sentMs?: number;
  readonly headersMs?: number;
  /** One time per token event; empty for a unary answer. */
  readonly tokenTimesMs: readonly number[];
  readonly endMs: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Whether the server said how many tokens it made, or its events were counted. */
  readonly tokensFrom?: 'server' | 'events';
  readonly requestId: string;
  readonly requestBytes: number;
  readonly finishReason?: string;
  readonly outcome: Outcome;
}
