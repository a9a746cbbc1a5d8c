/** What passes between the main thread and those that drive stripes, besides what passes by the port of each stripe. */
import type { MessagePort } from 'node:worker_threads';
import type { Port, StripeOrder } from '../driver/stripe-messages.ts';
import type { ExitCode } from '../errors.ts';
import type { ThreadSample } from '../record/run.ts';
import type { Secrets } from '../scenario/resolve.ts';
import type { Need } from './needs.ts';
import type { Material } from './phase.ts';

/** How often every thread says how it is. */
export const sampleEveryMs = 1_000;

/** What a thread is made with. It comes to it in memory alone, so that the token does. */
export interface ThreadData {
  readonly material: Material;
  readonly secrets: Secrets;
  readonly serviceUrl: string;
  readonly ca: string | undefined;
  /** Where the run's clock has its zero, as `monotonicMs` has it in every thread. */
  readonly beganMs: number;
  /** Which thread it is, from 1. */
  readonly number: number;
}

/** What a thread is told; what comes of it goes to the port beside it. */
export type ToThread =
  | { readonly kind: 'open'; readonly needs: readonly Need[]; readonly port: MessagePort }
  | { readonly kind: 'drive'; readonly order: StripeOrder; readonly port: MessagePort };

/** What a thread tells of itself. */
export type FromThread = { readonly kind: 'ready' } | { readonly kind: 'sample'; readonly sample: ThreadSample };

/** Whether connections are open, or why not: the fields of a HarnessError. */
export type Opened = {
  readonly failure?: { readonly message: string; readonly hint?: string; readonly exitCode: ExitCode };
};

/** A port between threads. */
export function portOf<In, Out>(port: MessagePort): Port<In, Out> {
  return {
    post: message => port.postMessage(message),
    listen: take => void port.on('message', take),
    close: () => port.close(),
  };
}
