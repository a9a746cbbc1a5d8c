import type { RateLimit } from '../engine/token-bucket.ts';
import type { ServedModel } from './catalogue.ts';
import type { Fault } from './faults.ts';
import type { Fidelity } from './parameters.ts';
import type { Framing } from './stream-reply.ts';

/** All that a service is made from. */
export interface ServiceOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  /** What clients send as their bearer token. */
  readonly token: string;
  readonly fidelity: Fidelity;
  /** A name of the engine's GPU presets; every `gpu<N>` is one of these. */
  readonly gpu: string;
  /** 1 is the preset as it is; 0.8 takes 25 % longer for every step. */
  readonly speed: number;
  readonly seed: number;
  readonly models: readonly ServedModel[];
  readonly faults: readonly Fault[];
  /** Documented only; 30 000. The deployment has no time limit. */
  readonly requestTimeoutMs?: number;
  /** Documented: none unless set, answered with 403. Deployed: 10 a second and 25 at once unless set, a bucket for each route. */
  readonly rateLimit?: RateLimit;
  /** `sse` unless set. */
  readonly framing?: Framing;
}
