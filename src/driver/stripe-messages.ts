/** What passes between the thread that keeps a run and those that drive the stripes of its phases. */
import type { RequestRecord } from '../record/request-record.ts';
import type { Cell } from '../scenario/expand.ts';
import type { EndReason } from './driver.ts';

/** One end of a way on which messages arrive in the order in which they were posted. */
export interface Port<In, Out> {
  post(message: Out): void;
  /** Says who takes the messages; those that came before wait for it. */
  listen(take: (message: In) => void): void;
  close(): void;
}

/** Which stripe of which phase to drive. */
export interface StripeOrder {
  readonly cell: Cell;
  readonly k: number;
  readonly n: number;
  readonly staggerMs: number | undefined;
  /** Whether no other cell is driven at the same time. */
  readonly isAlone: boolean;
  /** What all stripes of the phase count together: the memory of `PhaseCounts`. */
  readonly counts: SharedArrayBuffer;
  /** How many requests this stripe has sent, an Int32: known also where the thread comes to an end of its own. */
  readonly sent: SharedArrayBuffer;
}

/** What a stripe is told. */
export type ToStripe =
  /** All cells are warm: the measured part begins then. */
  | { readonly kind: 'open'; readonly atMs: number }
  /** The measured part ended then. */
  | { readonly kind: 'complete'; readonly atMs: number }
  /** All cells of the stage are measured. */
  | { readonly kind: 'end' }
  | { readonly kind: 'stop'; readonly reason: EndReason };

/** What a stripe tells. */
export type FromStripe =
  | { readonly kind: 'warm' }
  | { readonly kind: 'measured' }
  | { readonly kind: 'closed'; readonly atMs: number; readonly reason: EndReason }
  /** Requests that ended; the `seq` of one that was sent counts those that this stripe has sent, from 0. */
  | { readonly kind: 'records'; readonly records: readonly RequestRecord[] }
  /** Nothing of it is in flight any more. */
  | { readonly kind: 'done' };
