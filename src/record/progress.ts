/** What a run tells of itself while it lasts, about once a second. */
import type { Load } from '../scenario/expand.ts';
import type { QuantileValue } from './metric-summary.ts';

export type RunPart = 'warm-up' | 'measuring' | 'drain';

/** How long something will go on: an estimate or, where a limit of the scenario is all that is known, a bound. */
export interface TimeLeft {
  readonly ms: number;
  readonly isBound: boolean;
}

export interface Progress {
  readonly elapsedMs: number;
  /** How long it will go on, as far as that can be said. */
  readonly left: TimeLeft | undefined;
  /** Which stage of how many, from 0. */
  readonly stage: number;
  readonly stages: number;
  /** Whether there may be fewer stages, for what comes depends on what is found. */
  readonly mayBeFewer: boolean;
  /** In which part of the stage all of its cells are at least. */
  readonly part: RunPart;
  /** Every endpoint of the run, by name. */
  readonly endpoints: readonly EndpointProgress[];
}

/** An endpoint with one of its workloads, in the cell that is driven, was driven last or will be first. */
export interface EndpointProgress {
  readonly target: string;
  readonly workload: string;
  readonly load: Load;
  /** Whether it is driven at present. */
  readonly isDriven: boolean;
  readonly inFlight: number;
  /** Of the answers that ended in the last seconds; undefined where none did. */
  readonly outputTokensPerS: number | undefined;
  readonly ttftP95Ms: QuantileValue;
  /** How many attempts ended so since the cell began, warm-up and all. */
  readonly rateLimited: number;
  readonly forbidden: number;
  readonly errors: number;
}
