import type { Clock } from '../../src/clock.ts';
import type { Driver } from '../../src/driver/driver.ts';
import type { Lane } from '../../src/driver/lanes.ts';
import { driveStripe, type StripePhase } from '../../src/driver/stripe.ts';
import type { FromStripe, Port, StripeOrder, ToStripe } from '../../src/driver/stripe-messages.ts';

/** A lane that can come to an end of its own, as a thread can: nothing passes by its ports any more. */
export interface MemoryLane extends Lane {
  lose(error: Error): void;
}

/** Lanes that are no threads: messages pass in memory, so that a whole run can happen in virtual time. */
export function memoryLanes(
  count: number,
  { clock, driverOf, phaseOf }: LaneOptions & { readonly clock: Clock },
): MemoryLane[] {
  return Array.from({ length: count }, (_, index) => {
    const lost = new AbortController();
    return {
      name: `lane ${index + 1}`,
      lost: lost.signal,
      lose: error => lost.abort(error),
      begin(order) {
        const [here, there] = portPair<FromStripe, ToStripe>(lost.signal);
        const phase = phaseOf(order);
        void driveStripe(driverOf(phase), phase, order, there, clock);
        return here;
      },
    };
  });
}

interface LaneOptions {
  readonly driverOf: (phase: StripePhase) => Driver;
  readonly phaseOf: (order: StripeOrder) => StripePhase;
}

/** Two ends of a way in memory; what passes is copied as it would be between threads. */
function portPair<A, B>(lost: AbortSignal): [Port<A, B>, Port<B, A>] {
  const [there, back] = [new Way<B>(lost), new Way<A>(lost)];
  return [
    { post: message => there.post(message), listen: take => back.listen(take), close: () => back.close() },
    { post: message => back.post(message), listen: take => there.listen(take), close: () => there.close() },
  ];
}

/** One direction of it. */
class Way<T> {
  readonly #lost: AbortSignal;
  #take: ((message: T) => void) | undefined;
  #waiting: T[] = [];
  #isClosed = false;

  constructor(lost: AbortSignal) {
    this.#lost = lost;
  }

  post(message: T): void {
    if (this.#lost.aborted) return;
    this.#waiting.push(structuredClone(message));
    queueMicrotask(() => this.#deliver());
  }

  listen(take: (message: T) => void): void {
    this.#take = take;
    queueMicrotask(() => this.#deliver());
  }

  close(): void {
    this.#isClosed = true;
  }

  #deliver(): void {
    if (this.#take === undefined || this.#isClosed) return;
    for (const message of this.#waiting.splice(0)) this.#take(message);
  }
}
