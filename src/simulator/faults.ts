import { seededRandom } from '../random.ts';

/** Which requests a fault hits, and when; what is left out sets no bound. */
interface FaultScope {
  /** A route, as in the path. */
  readonly model?: string | undefined;
  readonly gpu?: number | undefined;
  /** From when on, since the service began or the fault was asked for; 0. */
  readonly fromMs?: number | undefined;
  readonly forMs?: number | undefined;
  /** The share of the requests that it hits, 1. */
  readonly ratio?: number | undefined;
}

/**
 * What can go wrong on demand. `stall`: the engine holds every step. `gpu_gone`: what runs fails, what comes is
 * refused, the GPU cannot be read. The others hit single requests: `status` answers before the service does,
 * `slow_headers` and `slow_token` are late by `delayMs`, and `reset`, `eof`, `malformed` and `error_event` spoil an
 * answer after so many tokens (a unary one: instead of its body).
 */
export type Fault = FaultScope &
  (
    | { readonly kind: 'stall' | 'gpu_gone' }
    | { readonly kind: 'status'; readonly status: 500 | 502 | 503 }
    | { readonly kind: 'slow_headers'; readonly delayMs: number }
    | { readonly kind: 'slow_token'; readonly delayMs: number; readonly afterTokens: number }
    | { readonly kind: 'reset' | 'eof' | 'malformed' | 'error_event'; readonly afterTokens: number }
  );

/** A fault that hits single requests. */
export type RequestFault = Exclude<Fault, { readonly kind: 'stall' | 'gpu_gone' }>;

/** A fault that hits whole engines. */
export type EngineFault = Extract<Fault, { readonly kind: 'stall' | 'gpu_gone' }>;

/** Whether a fault is about this model and GPU. */
export function concerns(fault: Fault, route: string, gpu: number): boolean {
  return (fault.model === undefined || fault.model === route) && (fault.gpu === undefined || fault.gpu === gpu);
}

/** True for the faults that hit whole engines. */
export function isEngineFault(fault: Fault): fault is EngineFault {
  return fault.kind === 'stall' || fault.kind === 'gpu_gone';
}

interface Armed {
  readonly fault: RequestFault;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The faults that hit single requests, each from when it was armed; which requests, the seed decides. */
export class RequestFaults {
  readonly #armed: Armed[] = [];
  readonly #random;

  constructor(seed: number) {
    this.#random = seededRandom(seed, 'faults');
  }

  arm(fault: RequestFault, nowMs: number): void {
    const fromMs = nowMs + (fault.fromMs ?? 0);
    this.#armed.push({ fault, fromMs, untilMs: fromMs + (fault.forMs ?? Number.POSITIVE_INFINITY) });
  }

  clear(): void {
    this.#armed.length = 0;
  }

  /** The first fault that hits a request to this model and GPU at this time, if any does. */
  strike(route: string, gpu: number, nowMs: number): RequestFault | undefined {
    for (const { fault, fromMs, untilMs } of this.#armed) {
      if (nowMs < fromMs || nowMs >= untilMs || !concerns(fault, route, gpu)) continue;
      if (fault.ratio === undefined || this.#random.uniform() < fault.ratio) return fault;
    }
    return undefined;
  }
}
