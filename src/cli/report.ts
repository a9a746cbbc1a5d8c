import { type ExitCode, exitCodes } from '../errors.ts';
import { runOverview } from '../report/run-report.ts';
import { terminal } from '../report/terminal.ts';
import { rebuildReports } from '../run/reports.ts';
import { findRun } from '../store/run-directory.ts';
import { type Io, say, shownPath } from './io.ts';

/** `tgi-bench report`: makes every report of a run directory again from its records. */
export async function report(
  args: { readonly run: string; readonly json?: boolean | undefined },
  io: Io,
): Promise<ExitCode> {
  const { run, path } = await rebuildReports(findRun(args.run));
  if (args.json) say(io.stdout, JSON.stringify(run));
  else {
    say(io.stdout, terminal(runOverview(run), { width: io.stdout.columns, colour: io.stdout.colour }));
    say(io.stdout, `\nreport: ${shownPath(path, io.directory)}`);
  }
  return exitCodes.done;
}
