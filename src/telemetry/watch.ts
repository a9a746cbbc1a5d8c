import { type Clock, sleepUntil } from '../clock.ts';
import type { GpuLine } from '../record/gpu-sample.ts';
import type { ServerLine } from '../record/server-sample.ts';

/** Something that is watched until it is told to stop. */
export interface Watch {
  /** Resolves once it has shown what there is, or failed to. */
  readonly settled: Promise<void>;
  /** Ends it, and all that it started, within seconds. */
  stop(): Promise<void>;
}

/** Whoever is told what is seen. */
export interface TelemetryListener {
  gpu(line: GpuLine): void;
  server(line: ServerLine): void;
  /** Whether a target is driven at present: only then its server is asked. */
  isDriven(target: string): boolean;
}

/** Waits until a watch is settled, but no longer than so long, nor beyond an abort. */
export async function settledWithin(
  { settled }: Pick<Watch, 'settled'>,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  await Promise.race([settled, sleepUntil(clock, clock.nowMs() + ms, either)]);
  done.abort();
}
