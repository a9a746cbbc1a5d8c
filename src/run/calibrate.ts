/**
 * What this machine can send and receive, and how true its stamps are, against a null target in another process that
 * notes when it sends what. Every load goes the way of a run, in one thread.
 */
import { cpus } from 'node:os';
import { disturbances, isTrue, largestTrue } from '../analysis/calibration.ts';
import { quantileOf, stampErrors } from '../analysis/stamp-errors.ts';
import { monotonicMs, sleepUntil, systemClock } from '../clock.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import type { Calibration, Rung } from '../record/calibration.ts';
import { type LaunchedNullTarget, launchNullTarget } from '../simulator/null-target/launch.ts';
import { thisMachine } from './environment.ts';
import { type NullRun, type NullStep, runNull } from './null-run.ts';

export interface CalibrateOptions {
  /** The numbers of streams that are tried, in ascending order, until their stamps are not true any more. */
  readonly streams: readonly number[];
  /** How long each load is measured. */
  readonly stepMs: number;
  readonly signal: AbortSignal;
  readonly progress: (what: string) => void;
  /** The wall clock, for `at` only. */
  readonly wallClock: () => string;
}

/** The pace at which tokens come, of every load. */
const tokensPerS = 50;
const unaryConnections = 100;
/** As many as its quantiles need. */
const floorRequests = 300;

/** Measures this machine; undefined where it was interrupted. Rejects with a HarnessError where the target does not start. */
export async function calibrate(options: CalibrateOptions): Promise<Calibration | undefined> {
  const target = await launchNullTarget();
  try {
    return await measure(target, options);
  } finally {
    await target.stop();
  }
}

async function measure(target: LaunchedNullTarget, options: CalibrateOptions): Promise<Calibration | undefined> {
  const { streams, stepMs, signal, progress } = options;
  const beganMs = monotonicMs();
  const others = watchOthers(target);
  const run: Run = (what, step) => {
    progress(what);
    return signal.aborted ? Promise.resolve(undefined) : runNull(target.url, step, signal);
  };
  progress('timers');
  const timerLatenessMs = await timerLateness(stepMs, signal);
  const one = {
    pace: 'flood',
    tokens: 2,
    warmup: '{ turnovers: 3 }',
    step: `{ concurrency: 1, requests: ${floorRequests} }`,
  };
  const ttft = await run('the floor of TTFT', { ...one, stream: true });
  const response = await run('the floor of response time', { ...one, stream: false });
  const many = { ...one, warmup: '300ms', step: `{ concurrency: ${unaryConnections}, duration: ${stepMs}ms }` };
  const unary = await run('unary requests', { ...many, stream: false });

  const climb = (pace: Rung['pace'], count: number) => rungOf(target, { pace, streams: count, stepMs }, run);
  const compared = streams[Math.min(2, streams.length - 1)] ?? 1;
  await climb('staggered', compared); // what is compiled by now is not compiled while it is measured
  const first = await climb('staggered', compared);
  const rungs = [
    ...(await ladder(streams, n => climb('staggered', n))),
    ...(await ladder(streams, n => climb('in step', n))),
  ];
  const again = await climb('staggered', compared);
  if (ttft === undefined || response === undefined || unary === undefined) return undefined;
  if (first === undefined || again === undefined) return undefined;
  return {
    at: options.wallClock(),
    ...thisMachine(),
    tookMs: Math.round(monotonicMs() - beganMs),
    timerLatenessMs,
    floorMs: { ttft: spreadOf(ttft, 'ttftMs'), response: spreadOf(response, 'responseTimeMs') },
    requestsPerS: unary.cell.rates.achievedPerS ?? 0,
    requestsPerCpuS: (unary.answers / unary.cpuMs) * 1000,
    eventsPerCpuS: Math.max(...[first, again, ...rungs].map(rung => rung.eventsPerCpuS)),
    rungs,
    largest: { staggered: largestTrue(rungs, 'staggered'), inStep: largestTrue(rungs, 'in step') },
    disturbed: disturbances(first, again, await others()),
  };
}

type Run = (what: string, step: NullStep) => Promise<NullRun | undefined>;

/** Tries ever more streams until their stamps are not true any more. */
async function ladder(
  streams: readonly number[],
  climb: (count: number) => Promise<Rung | undefined>,
): Promise<Rung[]> {
  const rungs: Rung[] = [];
  for (const count of streams) {
    // A moment of unrest is not the limit of a machine: what fails is tried once more.
    for (let time = 0; time < 2; time++) {
      const rung = await climb(count);
      if (rung === undefined) return rungs;
      rungs.push(rung);
      if (isTrue(rung)) break;
      if (time === 1) return rungs;
    }
  }
  return rungs;
}

interface Load extends Pick<Rung, 'pace' | 'streams'> {
  readonly stepMs: number;
}

/** One load, and how true its stamps are; undefined where it was interrupted or nothing came. */
async function rungOf(
  target: LaunchedNullTarget,
  { pace, streams, stepMs }: Load,
  run: Run,
): Promise<Rung | undefined> {
  const answerS = Math.min(0.5, stepMs / 2000);
  const ran = await run(`${streams} streams, ${pace}`, {
    pace: `${pace === 'in step' ? 'in-step' : pace}-${tokensPerS}`,
    tokens: Math.max(2, Math.round(answerS * tokensPerS)),
    stream: true,
    warmup: `${Math.round(answerS * 1000)}ms`,
    step: `{ concurrency: ${streams}, duration: ${stepMs}ms }`,
  });
  if (ran === undefined) return undefined;
  const { stampMs } = stampErrors(ran.records, (await target.sentTimes()).sentMs, ran.beganMs);
  const [p50, p99] = [quantileOf(stampMs, 0.5), quantileOf(stampMs, 0.99)];
  if (p50 === undefined || p99 === undefined) return undefined;
  return {
    pace,
    streams,
    tokensPerS,
    errorMs: { p50, p99 },
    cameRatio: (ran.cell.rates.outputTokensPerS ?? 0) / (streams * tokensPerS),
    eventsPerCpuS: (ran.tokens / ran.cpuMs) * 1000,
  };
}

/** How late a timer is that is set again and again while nothing else happens. */
async function timerLateness(lastMs: number, signal: AbortSignal): Promise<Calibration['timerLatenessMs']> {
  const clock = systemClock();
  const latenessMs: number[] = [];
  for (let dueMs = 5; dueMs < lastMs && !signal.aborted; dueMs += 5) {
    await sleepUntil(clock, dueMs, signal);
    latenessMs.push(clock.nowMs() - dueMs);
  }
  latenessMs.sort((a, b) => a - b);
  return { p50: quantileOf(latenessMs, 0.5) ?? 0, p99: quantileOf(latenessMs, 0.99) ?? 0 };
}

function spreadOf(
  { cell }: NullRun,
  metric: 'ttftMs' | 'responseTimeMs',
): { readonly p50: number; readonly p99: number } {
  const { p50, p99 } = cell.metrics[metric];
  if (p50 === null || p99 === null)
    throw new HarnessError(`calibration: expected ${floorRequests} answers of the null target, got ${cell.counts.ok}`, {
      exitCode: exitCodes.internal,
    });
  return { p50, p99 };
}

/** Begins to watch what the cores do besides; tells at the end, in cores. Undefined where the system does not say. */
function watchOthers(target: LaunchedNullTarget): () => Promise<number | undefined> {
  const busyMs = () => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const ownMs = async () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000 + (await target.statistics()).cpuMs;
  };
  const [beganMs, before] = [monotonicMs(), busyMs()];
  const ownBefore = ownMs();
  return async () => {
    const busy = busyMs() - before;
    const own = (await ownMs()) - (await ownBefore);
    return busy === 0 ? undefined : Math.max(0, busy - own) / (monotonicMs() - beganMs);
  };
}
