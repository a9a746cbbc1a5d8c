import { resolve } from 'node:path';
import { judgeGate } from '../analysis/gate/judge.ts';
import type { GatedRun } from '../analysis/gate/subjects.ts';
import { type ExitCode, exitCodes, HarnessError } from '../errors.ts';
import { deliver } from './gate-delivery.ts';
import { loadPolicy, loadSide, type PolicyArguments } from './gate-sources.ts';
import type { Io } from './io.ts';
import { runId } from './one-run.ts';

export interface GateArguments extends PolicyArguments {
  readonly baseline?: readonly string[] | undefined;
  readonly candidate?: readonly string[] | undefined;
  readonly baselines: string;
  /** The runs are pairs, in the order given. */
  readonly paired?: boolean | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tgi-bench gate`: judges runs that exist. */
export async function gate(args: GateArguments, io: Io): Promise<ExitCode> {
  const names = { baseline: args.baseline ?? [], candidate: args.candidate ?? [] };
  for (const side of ['baseline', 'candidate'] as const) {
    if (names[side].length === 0)
      throw usage(
        `--${side}: expected runs, got none`,
        'name run directories or, for a baseline, its name; gate run makes the runs itself',
      );
  }
  const policy = loadPolicy(args, io);
  const runs = {
    baseline: await loadSide(names.baseline, args.baselines, io),
    candidate: await loadSide(names.candidate, args.baselines, io),
  };
  if (args.paired && runs.baseline.length !== runs.candidate.length)
    throw usage(
      `--paired: expected as many runs a side, got ${runs.baseline.length} and ${runs.candidate.length}`,
      'leave it out to judge them unpaired',
    );
  const design = { kind: args.paired ? ('paired' as const) : ('unpaired' as const) };
  const report = judgeGate(runs, { policy, design, today: new Date().toISOString().slice(0, 10) });
  const scenario = (runs.candidate[0] as GatedRun).scenario.name;
  const all = [...runs.baseline, ...runs.candidate];
  await deliver(report, {
    policy,
    title: {
      id: runId('gate'),
      scenario,
      simulated: all.some(({ environment }) => environment.service.simulated),
      baseline: inShort(names.baseline),
      candidate: inShort(names.candidate),
    },
    directory: args.out === undefined ? undefined : resolve(io.directory, args.out),
    json: args.json ?? false,
    io,
  });
  return report.exitCode;
}

/** A few names, or the first and the last of many. */
function inShort(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names[0]} … ${names.at(-1)}`;
}

function usage(message: string, hint: string): HarnessError {
  return new HarnessError(message, { hint, exitCode: exitCodes.usage });
}
