import { join } from 'node:path';
import { nextProbe } from '../analysis/capacity/search.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import type { Run } from '../record/run.ts';
import { planOf, type Resumed } from '../run/search.ts';
import { fileNames, findRun, readRun } from '../store/run-directory.ts';
import type { Io } from './io.ts';
import type { LoadedScenario, ScenarioArguments } from './scenario-source.ts';

/** A run whose search can be gone on with, and where it is. */
export interface Earlier extends Resumed {
  readonly directory: string;
  readonly scenario: Run['scenario'];
}

/** Reads the run that `--resume` names. Throws a HarnessError where there is none, or none with a search that is not over. */
export async function readResumed(name: string, io: Io): Promise<Earlier> {
  const directory = findRun(name, io.directory);
  const { id, searches, scenario } = await readRun(directory);
  if (searches === undefined)
    throw new HarnessError(`--resume ${name}: expected a run with a search, got one of steps`, {
      hint: 'a run of steps is simply made again',
      exitCode: exitCodes.usage,
    });
  const { search } = scenario.load;
  if (search === undefined || searches.every(({ probes }) => nextProbe(planOf(search), probes) === undefined))
    throw new HarnessError(`--resume ${name}: expected a search that was broken off, got one that is over`, {
      hint: 'its report has the answer; more requests or probes are another scenario',
      exitCode: exitCodes.usage,
    });
  return { run: id, searches, directory, scenario };
}

/** The scenario files to run: those that are named, or the one that the earlier run kept. */
export function sourceOf({ scenario }: ScenarioArguments, { directory }: Earlier): readonly string[] {
  return scenario === undefined || scenario.length === 0 ? [join(directory, fileNames.scenario)] : scenario;
}

/** Probes of another scenario are no probes of this one. Throws a HarnessError that names the parts in which they differ. */
export function checkResumable({ run, scenario: before }: Earlier, loaded: readonly LoadedScenario[]): void {
  const [first, ...others] = loaded;
  if (first === undefined || others.length > 0)
    throw new HarnessError(`--resume: expected one scenario, got ${loaded.length}`, { exitCode: exitCodes.usage });
  const now = JSON.parse(JSON.stringify(first.scenario)) as Record<string, unknown>;
  const differing = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    key => JSON.stringify(now[key]) !== JSON.stringify((before as unknown as Record<string, unknown>)[key]),
  );
  if (differing.length === 0) return;
  throw new HarnessError(`--resume: expected the scenario of ${run}, got another ${differing.join(', ')}`, {
    hint: 'give the same scenario and options (--url, --seed, --set, --target) as that run had',
    exitCode: exitCodes.usage,
  });
}
