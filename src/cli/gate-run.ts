import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type GateReport, judgeGate } from '../analysis/gate/judge.ts';
import type { GatedRun, Runs } from '../analysis/gate/subjects.ts';
import { type ExitCode, exitCodes, HarnessError, worstExitCode } from '../errors.ts';
import { writingInto } from '../store/run-directory.ts';
import { parseDurationMs } from '../units.ts';
import { deliver } from './gate-delivery.ts';
import { showPlan } from './gate-plan.ts';
import { loadPolicy, type PairArguments } from './gate-sources.ts';
import type { Io } from './io.ts';
import { runId } from './one-run.ts';
import { PairMaker } from './pairs.ts';

export interface GateRunArguments extends PairArguments {
  readonly baselineUrl: string;
  readonly candidateUrl: string;
  readonly candidateTokenFile?: string | undefined;
  readonly baselineUp?: string | undefined;
  readonly candidateUp?: string | undefined;
  readonly ready?: string | undefined;
  readonly readyWithin: string;
  readonly plan?: boolean | undefined;
  readonly history?: readonly string[] | undefined;
  readonly baselines: string;
}

/** `tgi-bench gate run`: makes pairs of runs of two services, as many as it takes, and judges them. */
export async function gateRun(args: GateRunArguments, io: Io): Promise<ExitCode> {
  const policy = loadPolicy(args, io);
  if (!Number.isInteger(args.pairs) || args.pairs < 3)
    throw usage(
      `--pairs: expected a whole number of at least 3, got ${args.pairs}`,
      'fewer cannot tell a change from noise',
    );
  const id = runId('gate');
  const directory = resolve(io.directory, args.out ?? join('reports', id));
  const maker = new PairMaker({
    scenario: { scenario: [args.scenario], target: args.target, set: args.set },
    seed: args.seed,
    sides: {
      baseline: { url: args.baselineUrl, tokenFile: args.tokenFile, up: args.baselineUp },
      candidate: { url: args.candidateUrl, tokenFile: args.candidateTokenFile ?? args.tokenFile, up: args.candidateUp },
    },
    ready: readiness(args),
    asksGreedy: policy.greedy !== 'off',
    directory,
    quiet: args.quiet ?? false,
    io,
  });
  if (args.plan) {
    const { pairs, history = [], baselines } = args;
    return await showPlan({ scenario: maker.scenario, policy, pairs, history, baselines }, io);
  }
  await newDirectory(directory);
  const report = await untilSettled(
    args.pairs,
    (index, wanted) => maker.make(index, wanted),
    runs =>
      judgeGate(runs, {
        policy,
        design: { kind: 'paired', planned: args.pairs },
        today: new Date().toISOString().slice(0, 10),
        ...(maker.greedy === undefined ? {} : { greedy: maker.greedy }),
      }),
  );
  if (report === undefined) return interruptedBy(io);
  await deliver(report, {
    policy,
    title: {
      id,
      scenario: maker.scenario.name,
      simulated: [args.baselineUrl, args.candidateUrl].includes('embedded'),
      baseline: args.baselineUrl,
      candidate: args.candidateUrl,
    },
    directory,
    json: args.json ?? false,
    io,
  });
  return worstExitCode([report.exitCode, interruptedBy(io)]);
}

/** Makes pairs and judges them after each, until nothing more is wanted or `make` gives none; undefined where there was none at all. */
export async function untilSettled(
  planned: number,
  make: (index: number, wanted: number) => Promise<{ baseline: GatedRun; candidate: GatedRun } | undefined>,
  judge: (runs: Runs) => GateReport,
): Promise<GateReport | undefined> {
  const baseline: GatedRun[] = [];
  const candidate: GatedRun[] = [];
  let report: GateReport | undefined;
  for (let wanted = planned; baseline.length < wanted; ) {
    const pair = await make(baseline.length, wanted);
    if (pair === undefined) break;
    baseline.push(pair.baseline);
    candidate.push(pair.candidate);
    report = judge({ baseline, candidate });
    if (isOver(report)) break;
    wanted = Math.max(wanted, report.pairsWanted ?? 0);
  }
  return report;
}

/** Runs that show nothing, or answers that are wrong, are no better after more of them. */
function isOver({ verdict }: GateReport): boolean {
  return verdict === 'invalid' || verdict === 'no data' || verdict === 'wrong answers';
}

function readiness({ baselineUp, candidateUp, ready, readyWithin }: GateRunArguments) {
  if ((baselineUp === undefined) !== (candidateUp === undefined))
    throw usage(
      'expected --baseline-up and --candidate-up together, got one of them',
      'a service that is there all the time needs neither',
    );
  if (baselineUp === undefined) return undefined;
  if (ready === undefined)
    throw usage(
      '--ready: expected a URL that answers 200 once a service is up, got nothing',
      'such as http://localhost:8000/health',
    );
  const withinMs = parseDurationMs(readyWithin);
  if (withinMs === undefined)
    throw usage(`--ready-within: expected a duration, got ${JSON.stringify(readyWithin)}`, 'such as 10m');
  return { url: ready, withinMs };
}

async function newDirectory(directory: string): Promise<void> {
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw usage(`${directory}: expected a new or empty directory, got one that holds files`, 'give another --out');
  await writingInto(directory, async () => {});
}

function interruptedBy(io: Io): ExitCode {
  return io.interrupted.aborted ? (io.interrupted.reason as ExitCode) : exitCodes.done;
}

function usage(message: string, hint: string): HarnessError {
  return new HarnessError(message, { hint, exitCode: exitCodes.usage });
}
