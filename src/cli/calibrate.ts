import { type ExitCode, exitCodes, HarnessError, messageOf } from '../errors.ts';
import type { Calibration } from '../record/calibration.ts';
import { calibrationReport } from '../report/calibration-report.ts';
import { terminal } from '../report/terminal.ts';
import { calibrate } from '../run/calibrate.ts';
import { calibrationPath, keepCalibration } from '../store/calibration-file.ts';
import { type Io, say, shownPath } from './io.ts';

export interface CalibrateArguments {
  readonly streams: string;
  readonly seconds: number;
  readonly json?: boolean | undefined;
}

/** More connections than this a process is seldom allowed. */
const mostStreams = 10_000;

/** `tgi-bench calibrate`: what this machine can send and receive, kept for the runs to come. */
export async function calibrateCommand(args: CalibrateArguments, io: Io): Promise<ExitCode> {
  const streams = args.streams.split(',').map(Number);
  const isAscending = streams.every((count, k) => Number.isInteger(count) && count > (streams[k - 1] ?? 0));
  if (!isAscending || (streams.at(-1) ?? 0) > mostStreams)
    throw usage(
      `--streams: expected whole numbers in ascending order up to ${mostStreams}, got ${JSON.stringify(args.streams)}`,
    );
  if (!(args.seconds > 0 && args.seconds <= 60))
    throw usage(`--seconds: expected more than 0 and at most 60, got ${args.seconds}`);
  const found = await calibrate({
    streams,
    stepMs: Math.round(args.seconds * 1000),
    signal: io.interrupted,
    progress: what => showProgress(what, io),
    wallClock: () => new Date().toISOString(),
  }).finally(() => {
    io.stderr.draw([]);
  });
  if (found === undefined) {
    if (!io.interrupted.aborted)
      throw new HarnessError('calibration: expected events of the null target, got none', {
        exitCode: exitCodes.internal,
      });
    say(io.stderr, 'interrupted: nothing is kept');
    return io.interrupted.reason as ExitCode;
  }
  const path = calibrationPath(io.environment);
  const isKept = keep(path, found, io);
  if (args.json) say(io.stdout, JSON.stringify(found));
  else {
    say(io.stdout, terminal(calibrationReport(found), { width: io.stdout.columns, colour: io.stdout.colour }));
    if (isKept) say(io.stdout, `\nkept for the runs to come: ${shownPath(path, io.directory)}`);
  }
  return exitCodes.done;
}

/** What was found is worth showing also where it cannot be kept. */
function keep(path: string, found: Calibration, io: Io): boolean {
  try {
    keepCalibration(path, found);
    return true;
  } catch (error) {
    say(io.stderr, `not kept, so no run can quote it: ${messageOf(error)}`);
    return false;
  }
}

/** What is measured now; a line each where it cannot be drawn over. */
function showProgress(what: string, { stderr }: Io): void {
  const line = `calibrating: ${what}`;
  if (stderr.isDrawable) stderr.draw([line]);
  else say(stderr, line);
}

function usage(message: string): HarnessError {
  return new HarnessError(message, { hint: 'tgi-bench calibrate --help', exitCode: exitCodes.usage });
}
