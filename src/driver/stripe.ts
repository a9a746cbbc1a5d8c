import type { Clock } from '../clock.ts';
import { endsEverything } from '../protocol/outcome.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { Driver, Ending, EndReason, Observer, Phase } from './driver.ts';
import { PhaseCounts } from './phase-counts.ts';
import type { FromStripe, Port, StripeOrder, ToStripe } from './stripe-messages.ts';

/** Records are handed over in batches, at least so often; so many at a time keep this thread from its streams for less than a millisecond. */
const handOverEveryMs = 100;
const mostRecords = 64;

/** A phase without what is decided where all of its stripes are known. */
export type StripePhase = Pick<Phase, 'cell' | 'arrivals' | 'requestOf' | 'drainMs'>;

/** Drives one stripe of a phase as it is told by a port, and tells by it what becomes of it; resolves when that is over. */
export async function driveStripe(
  driver: Driver,
  phase: StripePhase,
  order: StripeOrder,
  port: Port<ToStripe, FromStripe>,
  clock: Clock,
): Promise<void> {
  let run: Ending | undefined;
  const report = new StripeReport(order, port, clock, () => run?.stop(clock.nowMs(), 'interrupted'));
  let begin = (_atMs: number) => {};
  let end = () => {};
  const driven = driver.drive(
    {
      ...phase,
      staggerMs: order.staggerMs,
      stopIf: [],
      start: {
        warm(whenOpened) {
          begin = whenOpened;
          port.post({ kind: 'warm' });
        },
      },
      finish: order.isAlone
        ? undefined
        : {
            measured(_, whenEnded) {
              end = whenEnded;
              port.post({ kind: 'measured' });
            },
          },
      stripe: {
        k: order.k,
        n: order.n,
        counts: new PhaseCounts(order.counts),
        heed(ending) {
          run = ending;
        },
      },
    },
    report,
    new AbortController().signal,
  );
  port.listen(message => {
    switch (message.kind) {
      case 'open':
        return begin(message.atMs);
      case 'complete':
        return run?.complete(message.atMs);
      case 'end':
        return end();
      case 'stop':
        return run?.stop(clock.nowMs(), message.reason);
    }
  });
  await driven;
  report.handOver();
  port.post({ kind: 'done' });
}

/** Tells by a port what a stripe does: when it closes at once, its records in batches. */
class StripeReport implements Observer {
  readonly #port: Port<ToStripe, FromStripe>;
  readonly #clock: Clock;
  readonly #sent: Int32Array;
  readonly #stop: () => void;
  #records: RequestRecord[] = [];
  #disarm: (() => void) | undefined;

  constructor({ sent }: StripeOrder, port: Port<ToStripe, FromStripe>, clock: Clock, stop: () => void) {
    this.#port = port;
    this.#clock = clock;
    this.#sent = new Int32Array(sent);
    this.#stop = stop;
  }

  /** Nothing new to who has said when. */
  opened(): void {}

  /** Never: rules are judged where the records of all stripes are. */
  stopped(): void {}

  closed(atMs: number, reason: EndReason): void {
    this.handOver();
    this.#port.post({ kind: 'closed', atMs, reason });
  }

  due(sent: boolean): number {
    if (!sent) return 0;
    this.#arm();
    return Atomics.add(this.#sent, 0, 1);
  }

  ended(record: RequestRecord): void {
    this.#records.push(record);
    this.#arm();
    const isLast = endsEverything(record.outcome);
    if (isLast || this.#records.length >= mostRecords) this.handOver();
    if (isLast) this.#stop();
  }

  /** Hands over the records there are; none, where something was sent and nothing ended. */
  handOver(): void {
    if (this.#disarm === undefined) return;
    this.#disarm();
    this.#disarm = undefined;
    this.#port.post({ kind: 'records', records: this.#records });
    this.#records = [];
  }

  #arm(): void {
    this.#disarm ??= this.#clock.at(this.#clock.nowMs() + handOverEveryMs, () => this.handOver());
  }
}
