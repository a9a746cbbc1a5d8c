import type { Clock } from '../clock.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { GeneratorSample } from '../record/run.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { Backlog } from './backlog.ts';
import type { CellRun } from './cell-run.ts';
import type { Bench, Progress } from './run-scenario.ts';

const intervalMs = 1_000;

/** Counts what a run does and, once a second, keeps a sample of the generator, writes out the records and tells the progress. */
export class Ticker {
  readonly #bench: Bench;
  readonly #store: RunStore;
  readonly #backlog: Backlog;
  readonly #progress: (progress: Progress) => void;
  readonly #fail: (error: unknown) => void;
  readonly #clock: Clock;
  #cancel: () => void;
  #runs: readonly CellRun[] = [];
  #stages = 0;
  #sent = 0;
  #ended = 0;
  #due = 0;
  #tokens = 0;
  readonly #bad = { rateLimited: 0, forbidden: 0, errors: 0 };
  #tokensSinceTick = 0;
  #tickedMs: number;

  constructor(
    bench: Bench,
    store: RunStore,
    backlog: Backlog,
    progress: (progress: Progress) => void,
    fail: (error: unknown) => void,
  ) {
    this.#bench = bench;
    this.#store = store;
    this.#backlog = backlog;
    this.#progress = progress;
    this.#fail = fail;
    this.#clock = bench.clock;
    this.#tickedMs = bench.clock.nowMs();
    this.#cancel = this.#arm();
  }

  /** One more request was due; gives its number. */
  due(sent: boolean): number {
    if (sent) this.#sent++;
    return this.#due++;
  }

  ended({ outcome, outputTokens, sentMs }: RequestRecord): void {
    if (sentMs !== undefined) this.#ended++;
    this.#tokensSinceTick += outputTokens ?? 0;
    switch (outcome.kind) {
      case 'ok':
      case 'dropped':
        return;
      case 'rate_limited':
      case 'overloaded':
        this.#bad.rateLimited++;
        return;
      case 'forbidden':
        this.#bad.forbidden++;
        return;
      default:
        this.#bad.errors++;
    }
  }

  /** Requests that were sent and have not ended. */
  get inFlight(): number {
    return this.#sent - this.#ended;
  }

  beginStage(runs: readonly CellRun[], stages: number): void {
    this.#runs = runs;
    this.#stages = stages;
  }

  /** Takes a sample now and makes sure everything so far is written. */
  async flush(): Promise<void> {
    this.#backlog.drain();
    await this.#store.flush(this.#sample());
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.flush().catch(this.#fail);
  }

  #arm(): () => void {
    return this.#clock.at(this.#clock.nowMs() + intervalMs, () => {
      this.flush().catch(this.#fail);
      this.#cancel = this.#arm();
    });
  }

  #sample(): GeneratorSample {
    const atMs = this.#clock.nowMs();
    const engineLateRatio = this.#bench.engineLateRatio();
    const sample: GeneratorSample = {
      atMs,
      cells: this.#runs.map(run => run.cell.index),
      sent: this.#sent,
      ended: this.#ended,
      inFlight: this.inFlight,
      ...this.#bench.sampleProcess(),
      ...(engineLateRatio === undefined ? {} : { engineLateRatio }),
    };
    for (const run of this.#runs) run.sampled(sample);
    this.#tell(atMs);
    return sample;
  }

  #tell(atMs: number): void {
    const seconds = Math.max(0.001, (atMs - this.#tickedMs) / 1000);
    // Answers end in bursts: the figure shown is smoothed over the last few seconds.
    this.#tokens = 0.6 * this.#tokens + 0.4 * (this.#tokensSinceTick / seconds);
    this.#tickedMs = atMs;
    this.#tokensSinceTick = 0;
    const parts = this.#runs.map(run => run.part);
    this.#progress({
      elapsedMs: atMs,
      stage: this.#runs[0]?.cell.stage ?? 0,
      stages: this.#stages,
      cells: this.#runs.map(run => run.cell),
      part: parts.find(part => part === 'warm-up') ?? parts.find(part => part === 'measuring') ?? 'drain',
      sent: this.#sent,
      ended: this.#ended,
      inFlight: this.inFlight,
      outputTokensPerS: this.#tokens,
      ...this.#bad,
    });
  }
}
