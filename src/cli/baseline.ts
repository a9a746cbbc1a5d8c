import { resolve } from 'node:path';
import { differences } from '../analysis/gate/likeness.ts';
import type { GatedRun } from '../analysis/gate/subjects.ts';
import { type ExitCode, exitCodes, HarnessError } from '../errors.ts';
import type { Document } from '../report/document.ts';
import { left, right } from '../report/table-cells.ts';
import { terminal } from '../report/terminal.ts';
import {
  type Baseline,
  baselineNames,
  hasBaseline,
  pinned,
  readBaseline,
  updated,
  writeBaseline,
} from '../store/baselines.ts';
import { missing, plural } from '../units.ts';
import { loadRun } from './gate-sources.ts';
import { type Io, say, shownPath } from './io.ts';

interface BaselinesArguments {
  readonly baselines: string;
}

export interface TakeArguments extends BaselinesArguments {
  readonly name: string;
  readonly run: readonly string[];
  readonly reason: string;
  readonly keep?: number | undefined;
}

/** `tgi-bench baseline list`: every baseline, when it was changed last and why. A damaged one ends it with exit 2, after the others. */
export async function listBaselines({ baselines }: BaselinesArguments, io: Io): Promise<ExitCode> {
  const directory = resolve(io.directory, baselines);
  const rows: Baseline[] = [];
  const damaged: string[] = [];
  for (const name of await baselineNames(directory)) {
    await readBaseline(directory, name).then(
      baseline => rows.push(baseline),
      (error: unknown) => {
        if (!(error instanceof HarnessError)) throw error;
        damaged.push(error.message);
      },
    );
  }
  if (rows.length === 0 && damaged.length === 0) say(io.stdout, `no baselines in ${baselines}`);
  if (rows.length > 0)
    say(io.stdout, terminal(listDocument(rows), { width: io.stdout.columns, colour: io.stdout.colour }));
  if (damaged.length > 0) throw new HarnessError(damaged.join('\n'), { exitCode: exitCodes.usage });
  return exitCodes.done;
}

function listDocument(baselines: readonly Baseline[]): Document {
  return {
    title: plural(baselines.length, 'baseline'),
    blocks: [
      {
        kind: 'table',
        caption: '',
        columns: [left('name'), left('kind'), right('runs'), left('scenario'), left('changed'), left('why')],
        rows: baselines.map(({ name, kind, runs, history }) => [
          { text: name },
          { text: kind },
          { text: String(runs.length) },
          { text: runs[0]?.scenario.name ?? missing },
          { text: history.at(-1)?.at ?? missing },
          { text: history.at(-1)?.reason ?? missing },
        ]),
      },
    ],
  };
}

/** `tgi-bench baseline update`: takes more runs into a rolling baseline, or begins one. */
export async function updateBaseline(args: TakeArguments, io: Io): Promise<ExitCode> {
  const directory = resolve(io.directory, args.baselines);
  const before = await existing(directory, args.name);
  if (before?.kind === 'pinned') {
    throw new HarnessError(`${args.name}: expected a rolling baseline, got one that is pinned`, {
      hint: 'give another name, or pin it anew with tgi-bench baseline pin',
      exitCode: exitCodes.usage,
    });
  }
  const runs = await acceptable(args.run, before?.runs ?? [], io);
  const change = { at: new Date().toISOString(), reason: args.reason, runs: runs.map(({ id }) => id) };
  return keepBaseline(directory, updated(before, { name: args.name, runs, change, keep: args.keep ?? 10 }), io);
}

/** `tgi-bench baseline pin`: makes a baseline of just these runs, which no update changes. */
export async function pinBaseline(args: TakeArguments, io: Io): Promise<ExitCode> {
  const directory = resolve(io.directory, args.baselines);
  const before = await existing(directory, args.name);
  const runs = await acceptable(args.run, [], io);
  const change = { at: new Date().toISOString(), reason: args.reason, runs: runs.map(({ id }) => id) };
  return keepBaseline(directory, pinned(before, { name: args.name, runs, change }), io);
}

async function existing(directory: string, name: string): Promise<Baseline | undefined> {
  return hasBaseline(directory, name) ? await readBaseline(directory, name) : undefined;
}

async function keepBaseline(directory: string, baseline: Baseline, io: Io): Promise<ExitCode> {
  const path = await writeBaseline(directory, baseline);
  say(io.stdout, `${shownPath(path, io.directory)}: ${baseline.kind}, ${plural(baseline.runs.length, 'run')}`);
  return exitCodes.done;
}

/** Runs that later ones may be measured by: whole, valid, answered, and alike. */
async function acceptable(names: readonly string[], others: readonly GatedRun[], io: Io): Promise<GatedRun[]> {
  const runs: GatedRun[] = [];
  for (const name of names) {
    const run = await loadRun(name, io);
    const problem = problemOf(run);
    if (problem !== undefined) throw refused(name, problem);
    runs.push(run);
  }
  const [difference] = differences([...others, ...runs.slice(0, 1)], runs).filter(({ part }) => part !== 'seed');
  if (difference !== undefined) {
    const { part, where, baseline, candidate } = difference;
    throw refused(names.join(', '), `runs that are not alike: ${part}: ${where}: ${baseline} and ${candidate}`);
  }
  return runs;
}

function problemOf({ status, validity, cells }: GatedRun): string | undefined {
  if (status !== 'complete') return `a run that is ${status}`;
  if (validity.verdict === 'invalid') return 'an invalid run';
  return cells.some(({ counts }) => counts.ok > 0) ? undefined : 'a run without answers';
}

function refused(name: string, got: string): HarnessError {
  return new HarnessError(`${name}: expected a run to measure others by, got ${got}`, { exitCode: exitCodes.usage });
}
