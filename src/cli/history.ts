import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { problemOfRun, storedRun } from '../analysis/gate/stored-run.ts';
import type { GatedRun } from '../analysis/gate/subjects.ts';
import { type History, type HistoryRun, history } from '../analysis/history.ts';
import { measureText } from '../analysis/measure.ts';
import { type ExitCode, exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { CellResult, Run } from '../record/run.ts';
import type { MetricSummary } from '../record/summary.ts';
import { visible } from '../report/document.ts';
import { historyCsv } from '../report/history-csv.ts';
import { historyReport, mostTokens } from '../report/history-report.ts';
import { terminal } from '../report/terminal.ts';
import { writeDocument } from '../run/report-files.ts';
import { parseMeasure, type SelectedMeasure } from '../scenario/objective.ts';
import { matches } from '../scenario/target.ts';
import { fileNames, writingInto } from '../store/run-directory.ts';
import { listRuns } from '../store/run-list.ts';
import { type Io, say, shownPath } from './io.ts';

export interface HistoryArguments {
  readonly dir: string;
  readonly metric: string;
  readonly scenario?: string | undefined;
  readonly target?: string | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tgi-bench history`: the runs of a directory, and how a number went from one to the next. What cannot be read is named, and the rest still told. */
export async function historyCommand(args: HistoryArguments, io: Io): Promise<ExitCode> {
  const measure = measureOf(args.metric);
  const { runs, problems } = await readAll(args, io);
  for (const problem of problems) say(io.stderr, `error: ${visible(problem)}`);
  if (runs.length === 0) {
    const which = args.scenario === undefined ? 'runs' : `runs of ${args.scenario}`;
    throw new HarnessError(`${args.dir}: expected ${which}, got none that can be read`, {
      hint: 'tgi-bench run leaves one in reports/',
      exitCode: exitCodes.noData,
    });
  }
  await deliver(runs, problems, history(runs, { measure, target: args.target }), args, io);
  return exitCodes.done;
}

function measureOf(text: string): SelectedMeasure {
  try {
    return parseMeasure(text);
  } catch (error) {
    throw new HarnessError(`--metric: ${messageOf(error)}`, {
      hint: 'as in objectives and gates: "p95(ttftMs)", outputTokensPerS, or "chat, concurrency <= 32: p95(tpotMs)"',
      exitCode: exitCodes.usage,
    });
  }
}

/** Every run that can be read, in the order in which they began, without what only its own report needs. */
async function readAll({ dir, scenario }: HistoryArguments, io: Io) {
  const runs: HistoryRun[] = [];
  const problems: string[] = [];
  for await (const listed of listRuns(resolve(io.directory, dir))) {
    const { name } = listed;
    const problem = 'problem' in listed ? listed.problem : problemOfRun(listed.run, { histograms: false });
    if (problem !== undefined)
      problems.push(
        'problem' in listed ? problem : `${join(dir, name, fileNames.run)}: expected a run, got ${problem}`,
      );
    else if ('run' in listed && matches(listed.run.scenario.name, scenario)) runs.push({ name, run: lean(listed.run) });
  }
  runs.sort((a, b) => a.run.startedAt.localeCompare(b.run.startedAt) || a.name.localeCompare(b.name));
  return { runs, problems };
}

/** Of many runs no more is kept than is told of them. */
function lean(run: Run): GatedRun {
  const withoutHistogram = (summary: MetricSummary): MetricSummary => ({ ...summary, hdr: '' });
  const stored = storedRun(run);
  const cells = stored.cells.map(cell => ({
    ...cell,
    metrics: Object.fromEntries(
      Object.entries(cell.metrics).map(([name, summary]) => [name, withoutHistogram(summary)]),
    ) as CellResult['metrics'],
  }));
  return { ...stored, cells };
}

async function deliver(
  runs: readonly HistoryRun[],
  problems: readonly string[],
  found: History,
  { dir, out, json }: HistoryArguments,
  io: Io,
): Promise<void> {
  const looked = { place: dir, runs, problems };
  const plain = JSON.stringify(jsonOf(runs, problems, found), null, json ? undefined : 2);
  if (json) say(io.stdout, plain);
  else {
    const { columns: width, colour } = io.stdout;
    say(io.stdout, terminal(historyReport(found, { ...looked, charts: false }), { width, colour }));
  }
  if (out === undefined) return;
  const directory = resolve(io.directory, out);
  const path = await writingInto(directory, async () => {
    await writeFile(join(directory, 'history.json'), `${plain}\n`);
    await writeFile(join(directory, 'history.csv'), historyCsv(found));
    return writeDocument(directory, 'history', historyReport(found, { ...looked, charts: true }));
  });
  if (!json) say(io.stdout, `\nreport: ${shownPath(path, io.directory)}`);
}

/** The same for programs: runs are named, and not told again at each of their points. */
function jsonOf(
  runs: readonly HistoryRun[],
  problems: readonly string[],
  { measure, better, groups }: History,
): unknown {
  return {
    runs: runs.map(({ name, run }) => ({
      name,
      id: run.id,
      startedAt: run.startedAt,
      scenario: run.scenario.name,
      status: run.status,
      validity: run.validity.verdict,
      simulated: run.environment.service.simulated,
      cells: run.cells.length,
      mostOutputTokensPerS: mostTokens(run),
    })),
    number: { name: measureText(measure), better },
    groups: groups.map(group => ({
      ...group,
      runs: group.runs.map(({ name }) => name),
      trends: group.trends.map(trend => ({
        ...trend,
        shift: trend.shift ?? null,
        points: trend.points.map(({ run, reading, leftOut }) => ({ run: run.name, ...reading, leftOut })),
      })),
    })),
    problems,
  };
}
