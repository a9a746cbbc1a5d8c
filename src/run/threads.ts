import { once, setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Lane } from '../driver/lanes.ts';
import type { FromStripe, Port, StripeOrder, ToStripe } from '../driver/stripe-messages.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { ThreadSample } from '../record/run.ts';
import { together, told } from '../telemetry/thread-samples.ts';
import type { Need } from './needs.ts';
import { type FromThread, type Opened, portOf, type ThreadData, type ToThread } from './thread-messages.ts';
import type { PreparedWorkloads } from './workloads.ts';

/** The compiled program of a thread; from the sources it is the build's. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/run/worker.js' : './worker.js', import.meta.url),
);

/** Starts so many threads; resolves when all are ready. Rejects with a HarnessError where one ends before it is. */
export async function startThreads(count: number, data: Omit<ThreadData, 'number'>): Promise<Thread[]> {
  const material = { ...data.material, workloads: copyable(data.material.workloads) };
  const threads = Array.from(
    { length: count },
    (_, index) => new Thread(`thread ${index + 1} of ${count}`, { ...data, material, number: index + 1 }),
  );
  try {
    await Promise.all(threads.map(({ ready }) => ready));
  } catch (error) {
    await Promise.all(threads.map(thread => thread.stop()));
    throw error;
  }
  return threads;
}

/** A thread of a run. */
export class Thread implements Lane {
  readonly name: string;
  /** Rejects with a HarnessError where it ends instead. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #lost = new AbortController();
  #sample: ThreadSample | undefined;
  #isTold = true;
  #fault: unknown;
  #isStopped = false;

  constructor(name: string, data: ThreadData) {
    this.name = name;
    this.#worker = new Worker(program, { workerData: data });
    setMaxListeners(0, this.lost); // every cell that is driven listens
    this.#worker.on('error', error => {
      this.#fault = error;
    });
    this.#worker.on('exit', code => {
      // What it told before it ended comes first.
      if (!this.#isStopped)
        setImmediate(() => this.#lost.abort(this.#fault ?? new Error(`its end, with code ${code}`)));
    });
    this.ready = new Promise((resolve, reject) => {
      this.lost.addEventListener('abort', () => reject(this.#ended('to start')), { once: true });
      this.#worker.on('message', (message: FromThread) => {
        if (message.kind === 'ready') resolve();
        else this.#note(message.sample);
      });
    });
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** What it said of itself since this was last asked; each second is told once. */
  takeSample(): ThreadSample | undefined {
    const sample = this.#isTold && this.#sample !== undefined ? told(this.#sample) : this.#sample;
    this.#isTold = true;
    return sample;
  }

  begin(order: StripeOrder): Port<FromStripe, ToStripe> {
    const { port1, port2 } = new MessageChannel();
    this.#tell({ kind: 'drive', order, port: port2 });
    return portOf(port1);
  }

  /** Opens the connections that it will need. Rejects with a HarnessError where it cannot. */
  async open(needs: readonly Need[]): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    this.#tell({ kind: 'open', needs, port: port2 });
    const opened = once(port1, 'message', { signal: this.lost }) as Promise<[Opened]>;
    const [{ failure }] = await opened.catch(() => {
      throw this.#ended('to open its connections');
    });
    port1.close();
    if (failure !== undefined) throw new HarnessError(failure.message, failure);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#worker.terminate();
  }

  #note(sample: ThreadSample): void {
    this.#sample = this.#isTold || this.#sample === undefined ? sample : together(this.#sample, sample);
    this.#isTold = false;
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message, [message.port]);
  }

  #ended(expected: string): HarnessError {
    const { reason: cause } = this.lost;
    return new HarnessError(`${this.name}: expected it ${expected}, got: ${messageOf(cause)}`, {
      exitCode: exitCodes.internal,
      cause,
    });
  }
}

/** Workloads without their tokenizers, which cannot be copied: what is still to be made of them needs none. */
function copyable(workloads: PreparedWorkloads): PreparedWorkloads {
  return new Map([...workloads].map(([name, { tokenizer: _, ...rest }]) => [name, rest]));
}
