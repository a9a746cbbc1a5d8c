/** Pairs of runs, one of each side, with the same seed, prompts, pictures and schedule. */
import { join } from 'node:path';
import type { GreedyAnswers } from '../analysis/gate/greedy.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import type { Run } from '../record/run.ts';
import { askGreedy } from '../run/greedy.ts';
import { startByCommand } from '../run/service-command.ts';
import type { Models } from '../run/workloads.ts';
import { expand } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { type Io, say } from './io.ts';
import { runOne } from './one-run.ts';
import { type LoadedScenario, loadScenarios, type ScenarioArguments } from './scenario-source.ts';

export type SideName = 'baseline' | 'candidate';

/** One of the two services. */
export interface Side {
  readonly url: string;
  readonly tokenFile?: string | undefined;
  /** Starts it, where only one of the two can be there at a time. */
  readonly up?: string | undefined;
}

export interface PairOptions {
  /** What to run, but for where and with which seed. */
  readonly scenario: Omit<ScenarioArguments, 'url' | 'seed' | 'tokenFile'>;
  readonly seed: number | undefined;
  readonly sides: Readonly<Record<SideName, Side>>;
  readonly ready?: { readonly url: string; readonly withinMs: number } | undefined;
  readonly asksGreedy: boolean;
  readonly directory: string;
  readonly quiet: boolean;
  readonly io: Io;
}

/** Makes pairs one after the other, and remembers what later ones need to be like the first. */
export class PairMaker {
  readonly #options: PairOptions;
  readonly #greedy: Partial<Record<SideName, readonly GreedyAnswers[]>> = {};
  readonly scenario: Scenario;
  #models: Models | undefined;

  /** Throws a HarnessError where the scenario cannot be run in pairs. */
  constructor(options: PairOptions) {
    this.#options = options;
    this.scenario = this.#load('baseline', options.seed).scenario;
    checkPairable(this.scenario);
  }

  /** What both sides said to greedy prompts, as far as they were asked. */
  get greedy(): { baseline: readonly GreedyAnswers[]; candidate: readonly GreedyAnswers[] } | undefined {
    const { baseline, candidate } = this.#greedy;
    return baseline === undefined || candidate === undefined ? undefined : { baseline, candidate };
  }

  /** Pair `index` (from 0); a seed of its own, so that nothing is left in a cache from the one before. Undefined where it was interrupted. */
  async make(index: number, planned: number): Promise<Record<SideName, Run> | undefined> {
    const runs: Partial<Record<SideName, Run>> = {};
    // A B B A: what drifts over time falls on both sides.
    for (const side of index % 2 === 0 ? (['baseline', 'candidate'] as const) : (['candidate', 'baseline'] as const)) {
      if (this.#options.io.interrupted.aborted) return undefined;
      if (!this.#options.quiet) say(this.#options.io.stderr, `pair ${index + 1} of ${planned}: ${side}`);
      runs[side] = await this.#run(side, index);
    }
    const { baseline, candidate } = runs;
    const isWhole = baseline !== undefined && candidate !== undefined && !this.#options.io.interrupted.aborted;
    return isWhole ? { baseline, candidate } : undefined;
  }

  #load(side: SideName, seed: number | undefined): LoadedScenario {
    const { scenario, sides, io } = this.#options;
    const { url, tokenFile } = sides[side];
    const [loaded] = loadScenarios({ ...scenario, url, tokenFile, seed }, io);
    return loaded as LoadedScenario;
  }

  async #run(side: SideName, index: number): Promise<Run> {
    const { directory, quiet, io, sides, ready } = this.#options;
    const loaded = this.#load(side, this.scenario.seed + index);
    const { up } = sides[side];
    const started =
      up === undefined || ready === undefined
        ? undefined
        : await startByCommand(
            {
              command: up,
              readyUrl: ready.url,
              readyWithinMs: ready.withinMs,
              log: join(directory, `${side}-service.log`),
            },
            io.interrupted,
          );
    try {
      const id = `pair-${String(index + 1).padStart(2, '0')}-${side}`;
      const { run, models } = await runOne(loaded, {
        id,
        directory: join(directory, id),
        quiet,
        // A signal of its own: what a run hangs on it goes with the run.
        io: { ...io, interrupted: AbortSignal.any([io.interrupted]) },
        ...(this.#models === undefined ? {} : { models: this.#models }),
        before: async ({ service, ...asked }) => {
          if (this.#options.asksGreedy) this.#greedy[side] ??= await askGreedy(service, asked, io.interrupted);
        },
      });
      this.#models ??= models;
      return run;
    } finally {
      await started?.stop();
    }
  }
}

/** Both sides must be asked the same: by numbers of requests or by schedules, and at the address that is compared. */
function checkPairable(scenario: Scenario): void {
  const problems = [
    ...(scenario.load.search === undefined ? [] : ['load.search: expected steps, for pairs must be asked the same']),
    ...expand(scenario)
      .filter(({ load, end }) => load.kind === 'closed' && end.requests === undefined)
      .map(({ step }) => `load.steps[${step}]: expected requests, got a step that ends by time alone`),
    ...scenario.targets
      .filter(({ url }) => url !== undefined)
      .map(({ name }) => `targets: expected endpoints of the service, got ${name} with a url of its own`),
  ];
  if (problems.length === 0) return;
  throw new HarnessError([...new Set(problems)].join('\n'), {
    hint: 'in a pair both services are sent the same requests: a closed loop that ends by time would send the faster one more',
    exitCode: exitCodes.usage,
  });
}
