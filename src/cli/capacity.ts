import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Assessment, assess, unlikeRuns } from '../analysis/capacity/assessment.ts';
import type { PlannedRun } from '../analysis/capacity/curve.ts';
import { type ChosenObjectives, parseChosen } from '../analysis/capacity/objective-sets.ts';
import { unlikeError } from '../analysis/gate/likeness.ts';
import { type ExitCode, exitCodes, HarnessError, messageOf, worstExitCode } from '../errors.ts';
import { capacityJson } from '../report/capacity-json.ts';
import { capacityReport } from '../report/capacity-report.ts';
import type { Document } from '../report/document.ts';
import { terminal } from '../report/terminal.ts';
import { writeDocument } from '../run/report-files.ts';
import { writingInto } from '../store/run-directory.ts';
import { loadRun } from './gate-sources.ts';
import { type Io, say, shownPath } from './io.ts';

export interface CapacityArguments {
  readonly run: readonly string[];
  readonly objective?: readonly string[] | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tgi-bench capacity`: how much each endpoint of some runs can take at its objectives. Exits 0 whatever that is, as long as it can say. */
export async function capacityCommand(args: CapacityArguments, io: Io): Promise<ExitCode> {
  const chosen = chosenBy(args.objective ?? []);
  const runs = await loadRuns(args.run, io);
  const unlike = unlikeRuns(runs);
  if (unlike.length > 0) throw unlikeError(unlike);
  const assessment = assess(runs, chosen);
  await deliver(assessment, args, io);
  return worstExitCode(codesOf(assessment));
}

function chosenBy(texts: readonly string[]): ChosenObjectives {
  try {
    return parseChosen(texts);
  } catch (cause) {
    throw new HarnessError(`--objective: ${messageOf(cause)}`, { exitCode: exitCodes.usage, cause });
  }
}

/** Each run once, however often it is named. */
async function loadRuns(names: readonly string[], io: Io): Promise<PlannedRun[]> {
  const runs = new Map<string, PlannedRun>();
  for (const name of names) {
    const run = await loadRun(name, io);
    runs.set(run.id, run);
  }
  return [...runs.values()];
}

function codesOf({ invalid, endpoints }: Assessment): ExitCode[] {
  const kinds = endpoints.map(({ capacity }) => capacity.kind);
  return [
    ...(invalid.length > 0 ? [exitCodes.invalid] : []),
    ...(endpoints.length === 0 ? [exitCodes.noData] : []),
    ...(kinds.length > 0 && kinds.every(kind => kind === 'unknown') ? [exitCodes.inconclusive] : []),
  ];
}

async function deliver(assessment: Assessment, { out, json }: CapacityArguments, io: Io): Promise<void> {
  const document = capacityReport(assessment);
  const plain = JSON.stringify(capacityJson(assessment), null, json ? undefined : 2);
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
