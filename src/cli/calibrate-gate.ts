import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { calibrate } from '../analysis/gate/calibration.ts';
import { checkValidity } from '../analysis/gate/soundness.ts';
import { subjectsOf } from '../analysis/gate/subjects.ts';
import { type ExitCode, exitCodes, HarnessError, worstExitCode } from '../errors.ts';
import type { Run } from '../record/run.ts';
import { calibrationReport } from '../report/gate-calibration.ts';
import { checkText } from '../report/gate-report.ts';
import { markdown } from '../report/markdown.ts';
import { terminal } from '../report/terminal.ts';
import { writingInto } from '../store/run-directory.ts';
import { loadPolicy, type PairArguments } from './gate-sources.ts';
import { type Io, say, shownPath } from './io.ts';
import { runId } from './one-run.ts';
import { PairMaker } from './pairs.ts';

export interface CalibrateGateArguments extends PairArguments {
  readonly url?: string | undefined;
  /** How many pairs a gate will plan. */
  readonly planned: number;
}

/** `tgi-bench calibrate --gate`: pairs of runs of one and the same service, and what a gate should allow for their noise. */
export async function calibrateGate(args: CalibrateGateArguments, io: Io): Promise<ExitCode> {
  const policy = loadPolicy(args, io);
  if (!Number.isInteger(args.pairs) || args.pairs < 3) {
    throw new HarnessError(`--pairs: expected a whole number of at least 3, got ${args.pairs}`, {
      hint: 'the noise is known to a tenth after about 40',
      exitCode: exitCodes.usage,
    });
  }
  const service = args.url ?? 'embedded';
  const directory = resolve(io.directory, args.out ?? join('reports', runId('calibration')));
  const side = { url: service, tokenFile: args.tokenFile };
  const maker = new PairMaker({
    scenario: { scenario: [args.scenario], target: args.target, set: args.set },
    seed: args.seed,
    sides: { baseline: side, candidate: side },
    asksGreedy: false,
    directory,
    quiet: args.quiet ?? false,
    io,
  });
  const runs: { baseline: Run[]; candidate: Run[] } = { baseline: [], candidate: [] };
  while (runs.baseline.length < args.pairs) {
    const pair = await maker.make(runs.baseline.length, args.pairs);
    if (pair === undefined) break;
    const problems = checkValidity({ baseline: [pair.baseline], candidate: [pair.candidate] }).filter(
      ({ code }) => code !== 0,
    );
    for (const problem of problems) say(io.stderr, `error: ${checkText(problem)}`);
    if (problems.length > 0) return worstExitCode(problems.map(({ code }) => code));
    runs.baseline.push(pair.baseline);
    runs.candidate.push(pair.candidate);
  }
  const [first] = runs.baseline;
  const interrupted = io.interrupted.aborted ? (io.interrupted.reason as ExitCode) : exitCodes.done;
  if (first === undefined) return interrupted;
  const calibration = calibrate(subjectsOf(policy, first), runs, args.planned);
  const document = calibrationReport(calibration, {
    scenario: maker.scenario.name,
    service,
    pairs: runs.baseline.length,
    simulated: service === 'embedded',
  });
  const path = join(directory, 'calibration.md');
  await writingInto(directory, () => writeFile(path, markdown(document)));
  if (args.json) say(io.stdout, JSON.stringify(calibration));
  else {
    say(io.stdout, terminal(document, { width: io.stdout.columns, colour: io.stdout.colour }));
    say(io.stdout, `\nreport: ${shownPath(path, io.directory)}`);
  }
  return interrupted;
}
