import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import { type ExitCode, exitCodes, HarnessError, messageOf, worstExitCode } from '../errors.ts';
import type { Run } from '../record/run.ts';
import { runOverview } from '../report/run-report.ts';
import { terminal } from '../report/terminal.ts';
import { type EmbeddedService, startEmbedded } from '../run/embedded.ts';
import { inspectEnvironment } from '../run/environment.ts';
import { measureFloors } from '../run/floor.ts';
import { greet } from '../run/greet.ts';
import { writeReports } from '../run/reports.ts';
import { runScenario } from '../run/run-scenario.ts';
import { type ServiceBench, serviceBench } from '../run/service-bench.ts';
import { checkLengths, prepareWorkloads } from '../run/workloads.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { RunWriter, readRun } from '../store/run-directory.ts';
import { type Io, say, shownPath } from './io.ts';
import { showProgress } from './progress.ts';
import { type LoadedScenario, loadScenarios, type ScenarioArguments } from './scenario-source.ts';

export interface RunArguments extends ScenarioArguments {
  readonly out?: string | undefined;
  readonly check?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** `tgi-bench run`: every scenario in turn, each into its own run directory. */
export async function run(args: RunArguments, io: Io): Promise<ExitCode> {
  const loaded = loadScenarios(args, io);
  const codes: ExitCode[] = [];
  const runs: { directory: string; run: Run }[] = [];
  for (const scenario of loaded) {
    if (io.interrupted.aborted) break;
    const id = runId(scenario.scenario.name);
    const directory = resolve(io.directory, outOf(args.out, loaded.length, id));
    const finished = await runOne(scenario, { id, directory, args, io }).catch((error: unknown) => {
      // An interrupted run that fails as well was interrupted first of all.
      if (!io.interrupted.aborted) throw error;
      say(io.stderr, `error: ${messageOf(error)}`);
      return undefined;
    });
    if (finished === undefined) break;
    runs.push({ directory, run: finished });
    codes.push(...codesOf(finished, args.check ?? false));
    if (finished.cells.length > 0 && finished.cells.every(({ counts }) => counts.ok === 0)) {
      say(io.stderr, `error: ${finished.scenario.name}: expected answers, got none that succeeded`);
    }
  }
  if (args.json) say(io.stdout, JSON.stringify(runs.length === 1 ? runs[0]?.run : runs.map(({ run }) => run)));
  if (io.interrupted.aborted) codes.push(io.interrupted.reason as ExitCode);
  return worstExitCode(codes);
}

interface OneRun {
  readonly id: string;
  readonly directory: string;
  readonly args: RunArguments;
  readonly io: Io;
}

/** One scenario from the start of its service to its reports. */
async function runOne(loaded: LoadedScenario, { id, directory, args, io }: OneRun): Promise<Run> {
  const { scenario, secrets, traces, assets, text } = loaded;
  const workloads = await prepareWorkloads(scenario, assets);
  const ca = scenario.service.ca === undefined ? undefined : readCertificates(scenario.service.ca, io.directory);
  const isEmbedded = scenario.service.url === 'embedded' && scenario.targets.some(({ url }) => url === undefined);
  const embedded = isEmbedded ? await startEmbedded(scenario) : undefined;
  const service = {
    scenario,
    secrets:
      embedded === undefined ? secrets : { ...secrets, tokens: new Map([...secrets.tokens, ['', embedded.token]]) },
    serviceUrl: embedded?.url ?? serviceUrlOf(scenario),
    ca,
    engineLateRatio: () => embedded?.lateRatio(),
  };
  const progress = showProgress(io.stderr);
  let bench: ServiceBench | undefined;
  let hasDirectory = false;
  try {
    const { info, models } = await greet(service, workloads, io.interrupted);
    checkLengths(scenario, workloads, models);
    if (!args.quiet) say(io.stderr, opening(loaded, embedded, directory, io));
    bench = serviceBench({ ...service, clock: systemClock() });
    const floorMs = scenario.load.floor ? await measureFloors(bench, scenario, io.interrupted) : undefined;
    const run = await runScenario({
      id,
      scenario,
      traces,
      workloads,
      models,
      environment: inspectEnvironment(
        scenario,
        {
          url: embedded === undefined ? serviceUrlOf(scenario) : 'embedded',
          simulated: embedded !== undefined,
          info,
          models: Object.fromEntries(models),
          ...(floorMs === undefined ? {} : { floorMs }),
        },
        assets,
        io.directory,
      ),
      bench,
      openStore: async first => {
        const store = await RunWriter.create(directory, first, text);
        hasDirectory = true;
        return store;
      },
      progress: args.quiet ? () => {} : progress.show,
      signal: io.interrupted,
      wallClock: () => new Date().toISOString(),
    });
    progress.clear();
    const report = await writeReports(directory, run);
    if (!args.json) show(run, report, io);
    return run;
  } catch (error) {
    progress.clear();
    if (hasDirectory) await reportFailure(directory, io);
    throw error;
  } finally {
    await bench?.close();
    await embedded?.stop();
  }
}

/** A run that was broken off still tells what it knew; a second failure must not hide the first. */
async function reportFailure(directory: string, io: Io): Promise<void> {
  try {
    const path = await writeReports(directory, await readRun(directory));
    say(io.stderr, `what was measured until then: ${shownPath(path, io.directory)}`);
  } catch (error) {
    say(io.stderr, `no report could be written: ${messageOf(error)}`);
  }
}

function opening(
  { scenario }: LoadedScenario,
  embedded: EmbeddedService | undefined,
  directory: string,
  io: Io,
): string {
  const target =
    embedded === undefined
      ? serviceUrlOf(scenario)
      : `the embedded service (simulated ${scenario.service.embedded.gpu}) on ${embedded.url}`;
  return `running ${scenario.name} against ${target}, into ${shownPath(directory, io.directory)}`;
}

function show(run: Run, report: string, io: Io): void {
  say(io.stdout, terminal(runOverview(run), { width: io.stdout.columns, colour: io.stdout.colour }));
  say(io.stdout, `\nreport: ${shownPath(report, io.directory)}`);
}

function codesOf(run: Run, check: boolean): ExitCode[] {
  const codes: ExitCode[] = [];
  if (run.validity.verdict === 'invalid') codes.push(exitCodes.invalid);
  const measured = run.cells.reduce((sum, cell) => sum + cell.counts.due, 0);
  const answered = run.cells.reduce((sum, cell) => sum + cell.counts.ok, 0);
  if (measured === 0 || answered === 0) codes.push(exitCodes.noData);
  if (check && run.cells.some(cell => cell.objectives.some(({ held }) => held === false)))
    codes.push(exitCodes.objectiveMissed);
  if (check && run.cells.some(cell => cell.counts.due > 0 && cell.counts.ok === 0))
    codes.push(exitCodes.objectiveMissed);
  if (check && run.cells.some(cell => cell.objectives.some(({ held }) => held === null)))
    codes.push(exitCodes.inconclusive);
  return codes;
}

/** Where the service is, or the first of the endpoints that have a URL of their own. */
function serviceUrlOf({ service, targets }: Scenario): string {
  if (service.url !== 'embedded') return service.url;
  return new URL(targets.find(({ url }) => url !== undefined)?.url ?? 'http://127.0.0.1').origin;
}

/** Sorts by time, says what it ran, and differs from any other: `20261122T204000Z-ramp-a1b2`. */
function runId(name: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${time}-${name}-${randomBytes(2).toString('hex')}`;
}

function outOf(out: string | undefined, scenarios: number, id: string): string {
  if (out === undefined) return join('reports', id);
  return scenarios === 1 ? out : join(out, id);
}

function readCertificates(path: string, directory: string): string {
  try {
    return readFileSync(resolve(directory, path), 'utf8');
  } catch (cause) {
    throw new HarnessError(`service.tls.ca: expected a PEM file, got: ${messageOf(cause)}`, {
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
