/** What a machine was found able to do, as `tgi-bench calibrate` keeps it. */
import type { Machine } from './machine.ts';

/** A load that was tried: so many streams at once, each with so many tokens a second. */
export interface Rung {
  /** Each stream in its own phase, or all of them in one tick as continuous batching sends them. */
  readonly pace: 'staggered' | 'in step';
  readonly streams: number;
  readonly tokensPerS: number;
  /** How far recorded token times lay from those at which the tokens were sent. */
  readonly errorMs: { readonly p50: number; readonly p99: number };
  /** Tokens that came per second, of all that were asked for; less than 1 where the target could not send them. */
  readonly cameRatio: number;
  readonly eventsPerCpuS: number;
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export interface Calibration extends Machine {
  readonly at: string;
  readonly tookMs: number;
  /** How late a timer is in a process that does nothing else. */
  readonly timerLatenessMs: Spread;
  /** What a streamed answer's first token, and a whole unary answer, take from a server that does nothing. */
  readonly floorMs: { readonly ttft: Spread; readonly response: Spread };
  /** Unary answers a second over 100 connections, and the same a second of CPU time; of one thread. */
  readonly requestsPerS: number;
  readonly requestsPerCpuS: number;
  /** Token events a second of CPU time of one thread, everything recorded, at the load where an event cost least. */
  readonly eventsPerCpuS: number;
  readonly rungs: readonly Rung[];
  /** The largest load of each pace whose p99 error is under a millisecond; null where none is. */
  readonly largest: { readonly staggered: Rung | null; readonly inStep: Rung | null };
  /** Why these figures may be wrong. */
  readonly disturbed: readonly string[];
}
