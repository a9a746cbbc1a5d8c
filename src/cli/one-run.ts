import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { beyondCalibration } from '../analysis/calibration.ts';
import { monotonicMs, systemClock } from '../clock.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { Calibration } from '../record/calibration.ts';
import type { Run } from '../record/run.ts';
import { embeddedUrl, saysSimulated } from '../record/simulated-service.ts';
import { type OpenBench, openBench } from '../run/bench.ts';
import type { EmbeddedService } from '../run/embedded.ts';
import { inspectEnvironment, thisMachine } from '../run/environment.ts';
import { measureFloors } from '../run/floor.ts';
import { greet } from '../run/greet.ts';
import { runScenario } from '../run/run-scenario.ts';
import type { Resumed } from '../run/search.ts';
import { type ServiceBench, serviceBench } from '../run/service-bench.ts';
import { threadsFor } from '../run/thread-count.ts';
import { checkLengths, type Models, type PreparedWorkloads, prepareWorkloads } from '../run/workloads.ts';
import { heaviestCells } from '../scenario/probe-cell.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { calibrationPath, readCalibration } from '../store/calibration-file.ts';
import { RunWriter, readRun } from '../store/run-directory.ts';
import { type Io, say, shownPath } from './io.ts';
import { showProgress } from './progress.ts';
import type { LoadedScenario } from './scenario-source.ts';

/** How one run of a scenario is called, where it is kept, and how much is said while it lasts. */
export interface OneRun {
  readonly id: string;
  readonly directory: string;
  readonly quiet: boolean;
  /** How many threads send; as many as the load needs where it is not given. */
  readonly threads?: number | undefined;
  readonly io: Io;
  /** What the service has said of its models, where it shall not be believed anew: equal prompts need equal facts. */
  readonly models?: Models;
  /** An earlier run whose search it goes on with. */
  readonly resumed?: Resumed | undefined;
  /** The zero of its times on the machine's monotonic clock, where another process is to know it. */
  readonly beganMs?: number;
  /** Done when the service is there and the workloads are ready, before the run. */
  readonly before?: (ready: ReadyService) => Promise<void>;
}

/** A service that answers, and what it will be asked. */
export interface ReadyService {
  readonly service: ServiceBench;
  readonly scenario: Scenario;
  readonly workloads: PreparedWorkloads;
  readonly models: Models;
  readonly ca: string | undefined;
}

export interface FinishedRun {
  readonly run: Run;
  /** The path of its `report.html`. */
  readonly report: string;
  readonly models: Models;
}

/** One scenario from the start of its service to its reports. */
export async function runOne(
  loaded: LoadedScenario,
  { id, directory, quiet, threads: asked, io, models: known, beganMs: zeroMs, before, resumed }: OneRun,
): Promise<FinishedRun> {
  const { scenario, secrets, traces, assets, text } = loaded;
  const workloads = await prepareWorkloads(scenario, assets);
  const ca = scenario.service.ca === undefined ? undefined : readCertificates(scenario.service.ca, io.directory);
  const isEmbedded = scenario.service.url === 'embedded' && scenario.targets.some(({ url }) => url === undefined);
  const embedded = isEmbedded ? await (await import('../run/embedded.ts')).startEmbedded(scenario) : undefined;
  const connection = {
    secrets:
      embedded === undefined ? secrets : { ...secrets, tokens: new Map([...secrets.tokens, ['', embedded.token]]) },
    serviceUrl: embedded?.url ?? serviceUrlOf(scenario),
    ca,
  };
  const progress = showProgress(io.stderr, io.interrupted);
  let service: ServiceBench | undefined;
  let bench: OpenBench | undefined;
  let hasDirectory = false;
  try {
    const greeting = await greet({ scenario, ...connection }, workloads, io.interrupted);
    const [{ writeReports }, { watchAll }] = await loadTheRest();
    const models = known ?? greeting.models;
    checkLengths(scenario, workloads, models);
    const material = { scenario, traces, workloads, models };
    const threads = asked ?? threadsFor(material, { cores: availableParallelism(), isEmbedded });
    const calibration = readCalibration(calibrationPath(io.environment), thisMachine());
    if (!quiet) say(io.stderr, opening(loaded, embedded, directory, io));
    if (!quiet && calibration !== undefined)
      for (const { text: doubt } of beyondCalibration(scenario, heaviestCells(scenario), calibration, threads))
        say(io.stderr, `warning: ${doubt}`);
    const beganMs = zeroMs ?? monotonicMs();
    service = serviceBench({ scenario, ...connection, clock: systemClock(beganMs) });
    const { clock, urlOf, headersOf } = service;
    const watched = { scenario, ...connection, clock, urlOf, headersOf };
    await before?.({ service, scenario, workloads, models, ca });
    const floorMs = scenario.load.floor ? await measureFloors(service, scenario, io.interrupted) : undefined;
    bench = await openBench(service, threads, { material, ...connection, beganMs }, () => embedded?.lateRatio());
    const run = await runScenario({
      ...material,
      id,
      resumed,
      environment: {
        ...inspectEnvironment(
          scenario,
          {
            url: embedded === undefined ? serviceUrlOf(scenario) : embeddedUrl,
            simulated: embedded !== undefined || saysSimulated(greeting.info),
            info: greeting.info,
            models: Object.fromEntries(models),
            ...(floorMs === undefined ? {} : { floorMs }),
          },
          assets,
          io.directory,
          threads,
        ),
        ...(calibration === undefined ? {} : { calibration: withoutRungs(calibration) }),
      },
      bench,
      openStore: async first => {
        const store = await RunWriter.create(directory, first, text);
        hasDirectory = true;
        return store;
      },
      watch: listener => watchAll({ ...watched, lookAlike: embedded?.lookAlike }, listener),
      progress: quiet ? () => {} : progress.show,
      signal: io.interrupted,
      wallClock: () => new Date().toISOString(),
    });
    progress.clear();
    return { run, report: await writeReports(directory, run), models };
  } catch (error) {
    progress.clear();
    if (hasDirectory) await reportFailure(directory, io);
    throw error;
  } finally {
    await bench?.close();
    await service?.close();
    await embedded?.stop();
  }
}

/** What is needed once a service has answered: loaded then, so that it is asked the sooner, and before there is any load. */
function loadTheRest() {
  return Promise.all([import('../run/reports.ts'), import('../run/telemetry.ts')]);
}

/** What a run quotes of it: every load that was tried would only swell `run.json`. */
function withoutRungs({ rungs: _, ...rest }: Calibration): Omit<Calibration, 'rungs'> {
  return rest;
}

/** A run that was broken off still tells what it knew; a second failure must not hide the first. */
async function reportFailure(directory: string, io: Io): Promise<void> {
  try {
    const [{ writeReports }] = await loadTheRest();
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

/** Where the service is, or the first of the endpoints that have a URL of their own. */
export function serviceUrlOf({ service, targets }: Scenario): string {
  if (service.url !== 'embedded') return service.url;
  return new URL(targets.find(({ url }) => url !== undefined)?.url ?? 'http://127.0.0.1').origin;
}

/** Sorts by time, says what it ran, and differs from any other: `20261122T204000Z-ramp-a1b2`. */
export function runId(name: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${time}-${name}-${randomBytes(2).toString('hex')}`;
}

/** The certificates of a PEM file. Throws a HarnessError where it cannot be read. */
export function readCertificates(path: string, directory: string): string {
  try {
    return readFileSync(resolve(directory, path), 'utf8');
  } catch (cause) {
    throw new HarnessError(`service.tls.ca: expected a PEM file, got: ${messageOf(cause)}`, {
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
