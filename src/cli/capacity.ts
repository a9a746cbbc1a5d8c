import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Assessment, assess, unlikeRuns } from '../analysis/capacity/assessment.ts';
import { type DemandFile, parseDemand } from '../analysis/capacity/demand-file.ts';
import { type Forecast, forecastOf } from '../analysis/capacity/forecast.ts';
import { type ChosenObjectives, parseChosen } from '../analysis/capacity/objective-sets.ts';
import type { VirtualStudy } from '../analysis/capacity/virtual-study.ts';
import { type ExitCode, exitCodes, HarnessError, messageOf, worstExitCode } from '../errors.ts';
import { capacityJson } from '../report/capacity-json.ts';
import { capacityReport } from '../report/capacity-report.ts';
import type { Document } from '../report/document.ts';
import { terminal } from '../report/terminal.ts';
import { writeDocument } from '../run/report-files.ts';
import { findRun, writingInto } from '../store/run-directory.ts';
import { loadRun, readText } from './gate-sources.ts';
import { type Io, say, shownPath } from './io.ts';
import { type KeptRun, studies, type WhatIfArguments, whatIfRequest } from './what-if.ts';

export interface CapacityArguments extends WhatIfArguments {
  readonly run: readonly string[];
  readonly demand?: string | undefined;
  readonly objective?: readonly string[] | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tgi-bench capacity`: how much each endpoint of some runs can take, and what a demand needs. Exits 0 whatever that is, as long as it can say. */
export async function capacityCommand(args: CapacityArguments, io: Io): Promise<ExitCode> {
  const demand = args.demand === undefined ? undefined : demandOf(args.demand, io);
  const asked = chosenBy(args.objective ?? []);
  const chosen = (args.objective ?? []).length > 0 ? asked : (demand?.objectives ?? asked);
  const request = whatIfRequest(args);
  const kept = await loadRuns(args.run, io);
  const runs = kept.map(({ run }) => run);
  const unlike = unlikeRuns(runs);
  if (unlike.length > 0)
    throw new HarnessError(unlike.join('\n'), {
      hint: 'one name stands for two workloads there: look at the runs one by one, or give them names of their own',
      exitCode: exitCodes.usage,
    });
  const assessment = assess(runs, chosen);
  const tried = await studies(request, assessment.endpoints, kept, io);
  const forecast = demand === undefined ? undefined : forecastOf(assessment, demand, tried);
  await deliver({ assessment, forecast, tried }, args, io);
  const interrupted = io.interrupted.aborted ? [io.interrupted.reason as ExitCode] : [];
  const isPlanned = forecast !== undefined && assessment.endpoints.length > 0;
  return worstExitCode([...interrupted, ...codesOf(assessment), ...(isPlanned ? codesOfPlan(forecast) : [])]);
}

function demandOf(file: string, io: Io): DemandFile {
  return parseDemand({ file, text: readText(file, io, 'a demand') });
}

function chosenBy(texts: readonly string[]): ChosenObjectives {
  try {
    return parseChosen(texts);
  } catch (cause) {
    throw new HarnessError(`--objective: ${messageOf(cause)}`, { exitCode: exitCodes.usage, cause });
  }
}

/** Each run once, however often it is named. */
async function loadRuns(names: readonly string[], io: Io): Promise<KeptRun[]> {
  const runs = new Map<string, KeptRun>();
  for (const name of names) {
    const run = await loadRun(name, io);
    runs.set(run.id, { run, directory: findRun(name, io.directory) });
  }
  return [...runs.values()];
}

function codesOf({ invalid, endpoints }: Assessment): ExitCode[] {
  const kinds = endpoints.map(({ capacity }) => capacity.kind);
  return [
    ...(invalid.length > 0 ? [exitCodes.invalid] : []),
    ...(endpoints.length === 0 && invalid.length === 0 ? [exitCodes.noData] : []),
    ...(kinds.length > 0 && kinds.every(kind => kind === 'unknown') ? [exitCodes.inconclusive] : []),
  ];
}

const planCodes = {
  below: exitCodes.objectiveMissed,
  unknown: exitCodes.inconclusive,
  'not measured': exitCodes.noData,
  unlike: exitCodes.noData,
} as const;

function codesOfPlan({ plan }: Forecast): ExitCode[] {
  return plan.unplanned.map(({ reason }) => planCodes[reason]);
}

interface Answer {
  readonly assessment: Assessment;
  readonly forecast: Forecast | undefined;
  readonly tried: readonly VirtualStudy[];
}

async function deliver(
  { assessment, forecast, tried }: Answer,
  { out, json }: CapacityArguments,
  io: Io,
): Promise<void> {
  const document = capacityReport(assessment, forecast, tried);
  const plain = JSON.stringify(capacityJson(assessment, forecast, tried), null, json ? undefined : 2);
  if (json) say(io.stdout, plain);
  else say(io.stdout, terminal(withoutCharts(document), { width: io.stdout.columns, colour: io.stdout.colour }));
  if (out === undefined) return;
  const directory = resolve(io.directory, out);
  const path = await writingInto(directory, async () => {
    await writeFile(join(directory, 'capacity.json'), `${plain}\n`);
    return writeDocument(directory, 'capacity', document);
  });
  if (!json) say(io.stdout, `\nreport: ${shownPath(path, io.directory)}`);
}

/** A terminal draws none, and their numbers stand in the tables. */
function withoutCharts(document: Document): Document {
  return { ...document, blocks: document.blocks.filter(({ kind }) => kind !== 'chart') };
}
