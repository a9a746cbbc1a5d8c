import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Comparison, compare } from '../analysis/comparison/comparison.ts';
import { endpointSides, type Side } from '../analysis/comparison/side.ts';
import { type Difference, unlikeError } from '../analysis/gate/likeness.ts';
import type { GatedRun } from '../analysis/gate/subjects.ts';
import { type ExitCode, exitCodes, HarnessError, worstExitCode } from '../errors.ts';
import { comparisonCsv } from '../report/comparison-csv.ts';
import { comparisonReport } from '../report/comparison-report.ts';
import { visible } from '../report/document.ts';
import { terminal } from '../report/terminal.ts';
import { writeDocument } from '../run/report-files.ts';
import { writingInto } from '../store/run-directory.ts';
import { plural } from '../units.ts';
import { allowedParts, loadRun, loadSide } from './gate-sources.ts';
import { type Io, say, shownPath } from './io.ts';

export interface CompareArguments {
  readonly run: readonly string[];
  readonly baselines: string;
  readonly allow?: readonly string[] | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tgi-bench compare`: lays runs side by side, or the endpoints of one. What cannot be read or compared is named, and the rest still told. */
export async function compareCommand(args: CompareArguments, io: Io): Promise<ExitCode> {
  const [base, ...candidates] = args.run;
  if (base === undefined) throw new HarnessError('expected runs, got none', { exitCode: exitCodes.usage });
  const problems: string[] = [];
  const comparisons =
    candidates.length === 0
      ? await compareEndpoints(base, io)
      : await compareRuns(base, candidates, { args, problems, io });
  for (const problem of problems) for (const line of problem.split('\n')) say(io.stderr, `error: ${visible(line)}`);
  const told = comparisons.filter(({ cells, left }) => cells.length + left.length > 0);
  if (told.length > 0) await deliver(told, problems, args, io);
  return worstExitCode(codesOf(comparisons, problems));
}

/** The first endpoint of each model with its others. */
async function compareEndpoints(name: string, io: Io): Promise<Comparison[]> {
  const groups = endpointSides(await loadRun(name, io));
  if (groups.length === 0)
    throw new HarnessError(`${name}: expected several endpoints of one model, got none to compare`, {
      hint: 'name a second run to compare runs',
      exitCode: exitCodes.noData,
    });
  return groups.flatMap(([first, ...others]) => others.map(other => compare(first as Side, other)));
}

interface Surroundings {
  readonly args: CompareArguments;
  readonly problems: string[];
  readonly io: Io;
}

async function compareRuns(base: string, candidates: readonly string[], surroundings: Surroundings) {
  const { args, problems } = surroundings;
  const allowed = allowedParts(args.allow ?? []);
  const baseSide = await readableSide(base, 'base', surroundings);
  if (baseSide === undefined) {
    problems.push(`${base}: nothing is left to compare with; name another run first`);
    return [];
  }
  const comparisons: Comparison[] = [];
  for (const [i, name] of candidates.entries()) {
    const side = await readableSide(name, candidates.length > 1 ? `candidate ${i + 1}` : 'candidate', surroundings);
    if (side === undefined) continue;
    const comparison = compare(baseSide, side);
    const refused = comparison.refused.filter(({ part }) => !allowed.includes(part));
    if (refused.length > 0) problems.push(told(under(name, refused)));
    else comparisons.push(comparison);
  }
  return comparisons;
}

/** More characters than this of run names on one side are told once, and the side is called by its part in the comparison. */
const longestName = 60;

/** One side with as many of its runs as can be read; undefined where that is none. The others are problems. */
async function readableSide(names: string, part: string, { args, problems, io }: Surroundings) {
  const runs: GatedRun[] = [];
  for (const name of names.split(',')) {
    try {
      runs.push(...(await loadSide([name], args.baselines, io)));
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      problems.push(told(error));
    }
  }
  const name = names.length <= longestName ? names : `${part}, ${plural(runs.length, 'run')}`;
  return runs.length === 0 ? undefined : { name, runs };
}

function told({ message, hint }: HarnessError): string {
  return hint === undefined ? message : `${message}\n${hint}`;
}

/** Why a candidate is refused, with its name. */
function under(name: string, refused: readonly Difference[]): HarnessError {
  const { message, hint, exitCode } = unlikeError(refused);
  const lines = message.split('\n').map(line => `${name}: ${line}`);
  return new HarnessError(lines.join('\n'), { hint, exitCode });
}

function codesOf(comparisons: readonly Comparison[], problems: readonly string[]): ExitCode[] {
  const runs = comparisons.flatMap(({ base, candidate }) => [...base.runs, ...candidate.runs]);
  return [
    ...(problems.length > 0 ? [exitCodes.usage] : []),
    ...(runs.some(({ validity }) => validity.verdict === 'invalid') ? [exitCodes.invalid] : []),
    ...(comparisons.every(({ cells }) => cells.length === 0) ? [exitCodes.noData] : []),
  ];
}

async function deliver(
  comparisons: readonly Comparison[],
  problems: readonly string[],
  { out, json }: CompareArguments,
  io: Io,
): Promise<void> {
  const document = comparisonReport(comparisons, problems);
  const plain = JSON.stringify({ comparisons: comparisons.map(withoutRuns), problems }, null, json ? undefined : 2);
  if (json) say(io.stdout, plain);
  else say(io.stdout, terminal(document, { width: io.stdout.columns, colour: io.stdout.colour }));
  if (out === undefined) return;
  const directory = resolve(io.directory, out);
  const path = await writingInto(directory, async () => {
    await writeFile(join(directory, 'comparison.json'), `${plain}\n`);
    await writeFile(join(directory, 'comparison.csv'), comparisonCsv(comparisons));
    return writeDocument(directory, 'comparison', document);
  });
  if (!json) say(io.stdout, `\nreport: ${shownPath(path, io.directory)}`);
}

/** What is found of a comparison, without the runs it was found in. */
function withoutRuns({ base, candidate, cells, ...rest }: Comparison): unknown {
  const side = ({ name, runs, target }: Side) => ({ name, target, runs: runs.map(({ id }) => id) });
  return {
    base: side(base),
    candidate: side(candidate),
    cells: cells.map(({ base: _, candidate: __, ...cell }) => cell),
    ...rest,
  };
}
