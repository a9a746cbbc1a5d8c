import type { Clock } from '../clock.ts';
import type { EndpointProgress, Progress } from '../record/progress.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { GeneratorSample } from '../record/run.ts';
import type { Cell } from '../scenario/expand.ts';
import type { RunStore } from '../store/run-directory.ts';
import type { Backlog } from './backlog.ts';
import type { CellRun } from './cell-run.ts';
import type { Bench } from './run-scenario.ts';
import { type Plan, StageTimes } from './time-left.ts';

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
  readonly #plan: Plan;
  #sent = 0;
  #ended = 0;
  #due = 0;
  readonly #times: StageTimes;
  /** What was last seen of each endpoint with each of its workloads. */
  readonly #endpoints: Map<string, EndpointProgress>;

  constructor(
    bench: Bench,
    plan: Plan,
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
    this.#plan = plan;
    this.#times = new StageTimes(plan);
    const first = plan.stages.flat().map(cell => [endpointKey(cell), notYetDriven(cell)] as const);
    this.#endpoints = new Map(first.toReversed().sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })));
    this.#cancel = this.#arm();
  }

  /** One more request was due; gives its number. */
  due(sent: boolean): number {
    if (sent) this.#sent++;
    return this.#due++;
  }

  ended({ sentMs }: RequestRecord): void {
    if (sentMs !== undefined) this.#ended++;
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Requests that were sent and have not ended. */
  get inFlight(): number {
    return this.#sent - this.#ended;
  }

  beginStage(runs: readonly CellRun[]): void {
    this.#runs = runs;
    this.#times.begin(runs, this.#clock.nowMs());
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
    for (const [key, endpoint] of this.#endpoints) this.#endpoints.set(key, { ...endpoint, isDriven: false });
    for (const run of this.#runs) {
      run.live.tick(atMs);
      this.#endpoints.set(endpointKey(run.cell), endpointOf(run));
    }
    const parts = this.#runs.map(run => run.part);
    this.#progress({
      elapsedMs: atMs,
      left: this.#times.left(atMs),
      stage: this.#runs[0]?.cell.stage ?? 0,
      stages: this.#plan.stages.length,
      mayBeFewer: this.#plan.mayBeFewer,
      part: parts.find(part => part === 'warm-up') ?? parts.find(part => part === 'measuring') ?? 'drain',
      endpoints: [...this.#endpoints.values()],
    });
  }
}

function endpointKey({ target, workload }: Cell): string {
  return `${target.name} ${workload}`;
}

function notYetDriven({ target, workload, load }: Cell): EndpointProgress {
  return {
    target: target.name,
    workload,
    load,
    isDriven: false,
    inFlight: 0,
    outputTokensPerS: undefined,
    ttftP95Ms: { value: null, censored: false },
    rateLimited: 0,
    forbidden: 0,
    errors: 0,
  };
}

function endpointOf({ cell, live, ttftP95Ms }: CellRun): EndpointProgress {
  const { inFlight, outputTokensPerS, trouble } = live;
  return { ...notYetDriven(cell), isDriven: true, inFlight, outputTokensPerS, ttftP95Ms, ...trouble };
}
