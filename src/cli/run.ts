import { join, resolve } from 'node:path';
import { type ExitCode, exitCodes, messageOf, worstExitCode } from '../errors.ts';
import type { Run } from '../record/run.ts';
import type { SearchResult } from '../record/search.ts';
import { terminal } from '../report/terminal.ts';
import { threadsAsked } from '../run/thread-count.ts';
import { type Io, say, shownPath } from './io.ts';
import { type FinishedRun, runId, runOne } from './one-run.ts';
import { checkResumable, readResumed, sourceOf } from './resume.ts';
import { loadScenarios, type ScenarioArguments } from './scenario-source.ts';

export interface RunArguments extends ScenarioArguments {
  readonly out?: string | undefined;
  readonly check?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly threads: string;
  /** An earlier run whose search is to be gone on with. */
  readonly resume?: string | undefined;
}

/** `tgi-bench run`: every scenario in turn, each into its own run directory. */
export async function run(args: RunArguments, io: Io): Promise<ExitCode> {
  const threads = threadsAsked(args.threads);
  const earlier = args.resume === undefined ? undefined : await readResumed(args.resume, io);
  const loaded = loadScenarios(earlier === undefined ? args : { ...args, scenario: sourceOf(args, earlier) }, io);
  if (earlier !== undefined) checkResumable(earlier, loaded);
  const codes: ExitCode[] = [];
  const runs: Run[] = [];
  for (const scenario of loaded) {
    if (io.interrupted.aborted) break;
    const id = runId(scenario.scenario.name);
    const directory = resolve(io.directory, outOf(args.out, loaded.length, id));
    const finished = await runOne(scenario, {
      id,
      directory,
      quiet: args.quiet ?? false,
      threads,
      io,
      resumed: earlier,
    }).catch((error: unknown) => {
      // An interrupted run that fails as well was interrupted first of all.
      if (!io.interrupted.aborted) throw error;
      say(io.stderr, `error: ${messageOf(error)}`);
      return undefined;
    });
    if (finished === undefined) break;
    if (!args.json) await show(finished, io);
    const { run } = finished;
    runs.push(run);
    codes.push(...codesOf(run, args.check ?? false));
    if (run.cells.length > 0 && run.cells.every(({ counts }) => counts.ok === 0)) {
      say(io.stderr, `error: ${run.scenario.name}: expected answers, got none that succeeded`);
    }
  }
  if (args.json) say(io.stdout, JSON.stringify(runs.length === 1 ? runs[0] : runs));
  if (io.interrupted.aborted) codes.push(io.interrupted.reason as ExitCode);
  return worstExitCode(codes);
}

async function show({ run, report }: FinishedRun, io: Io): Promise<void> {
  const { runOverview } = await import('../report/run-report.ts'); // the reports have loaded it
  say(io.stdout, terminal(runOverview(run), { width: io.stdout.columns, colour: io.stdout.colour }));
  say(io.stdout, `\nreport: ${shownPath(report, io.directory)}`);
}

/** What `--check` makes of what a search found. */
const searchCodes: Readonly<Record<SearchResult['kind'], ExitCode[]>> = {
  found: [],
  'at least': [],
  'below from': [exitCodes.objectiveMissed],
  unknown: [exitCodes.inconclusive],
};

function codesOf(run: Run, check: boolean): ExitCode[] {
  const codes: ExitCode[] = [];
  if (run.validity.verdict === 'invalid') codes.push(exitCodes.invalid);
  if (run.status === 'stopped') codes.push(exitCodes.objectiveMissed);
  const measured = run.cells.reduce((sum, cell) => sum + cell.counts.due, 0);
  const answered = run.cells.reduce((sum, cell) => sum + cell.counts.ok, 0);
  if (measured === 0 || answered === 0) codes.push(exitCodes.noData);
  if (check && run.cells.some(cell => cell.objectives.some(({ held }) => held === false)))
    codes.push(exitCodes.objectiveMissed);
  if (check) codes.push(...(run.searches ?? []).flatMap(({ kind }) => searchCodes[kind]));
  if (check && run.cells.some(cell => cell.counts.due > 0 && cell.counts.ok === 0))
    codes.push(exitCodes.objectiveMissed);
  if (check && run.cells.some(cell => cell.objectives.some(({ held }) => held === null)))
    codes.push(exitCodes.inconclusive);
  return codes;
}

function outOf(out: string | undefined, scenarios: number, id: string): string {
  if (out === undefined) return join('reports', id);
  return scenarios === 1 ? out : join(out, id);
}
