/**
 * What the gate is worth: how often it cries wolf, passes and catches, over whole gates of runs that the engine
 * simulates once in virtual time and that are then drawn again with a given noise from run to run.
 *
 * npm run bench:gate [-- GATES]
 */
import { neededAllowance, noiseOf, shareOf } from '../src/analysis/gate/allowance.ts';
import { changeOver } from '../src/analysis/gate/change.ts';
import { type Decision, decide } from '../src/analysis/gate/decide.ts';
import { defaultPolicy } from '../src/analysis/gate/policy.ts';
import { readingIn, subjectsOf } from '../src/analysis/gate/subjects.ts';
import { type Random, seededRandom } from '../src/random.ts';
import type { Run } from '../src/record/run.ts';
import { clopperPearson } from '../src/stats/proportion.ts';
import { formatRatio } from '../src/units.ts';
import { virtualRun } from '../test/run/virtual-run.ts';

const gates = Number(process.argv[2] ?? 1000);
const planned = 5;
const simulatedRuns = 40;
/** As many as `calibrate --gate` makes. */
const calibrationPairs = 40;

const say = (line = '') => void process.stdout.write(`${line}\n`);

const scenario = `
name: gate
limits: { maxInputTokens: 2000 }
targets: [{ model: hermes-2-pro-tgi, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { preset: chat } } }
load: { steps: [{ concurrency: 16, requests: 300 }] }
`;

/** A number of the default policy in every simulated run: the logs of its values, turned so that more is worse. */
interface Observed {
  readonly name: string;
  readonly better: 'lower' | 'higher';
  readonly logs: readonly number[];
  readonly deviation: number;
}

async function observe(): Promise<Observed[]> {
  const runs: Run[] = [];
  for (let i = 0; i < simulatedRuns; i++) runs.push((await virtualRun(scenario, { engineSeed: i })).run);
  return subjectsOf(defaultPolicy, runs[0] as Run)
    .filter(({ kind }) => kind === 'factor')
    .map(subject => {
      const sign = subject.better === 'lower' ? 1 : -1;
      const logs = runs.map(run => sign * Math.log(readingIn(run, subject).value as number));
      const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
      const deviation = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1));
      return { name: subject.name, better: subject.better, logs: logs.map(log => log - mean), deviation };
    });
}

/** How a run is noisy: by so much in all, the part that the engine does not make either the same for all numbers of a run or each its own. */
interface NoiseModel {
  readonly deviation: number;
  readonly isShared: boolean;
}

/** One run drawn again: for each number the log of what it is off by. */
function drawRun(observed: readonly Observed[], { deviation, isShared }: NoiseModel, random: Random): number[] {
  const run = random.integer(0, simulatedRuns - 1);
  const common = random.normal(0, 1);
  return observed.map(number => {
    const missing = Math.sqrt(Math.max(0, deviation ** 2 - number.deviation ** 2));
    return (number.logs[run] as number) + missing * (isShared ? common : random.normal(0, 1));
  });
}

/** The differences of one pair; `rises` is how much worse the candidate truly is. */
function drawPair(
  observed: readonly Observed[],
  model: NoiseModel,
  rises: readonly number[],
  random: Random,
): number[] {
  const [baseline, candidate] = [drawRun(observed, model, random), drawRun(observed, model, random)];
  return candidate.map((log, i) => log - (baseline[i] as number) + (rises[i] as number));
}

/** A whole gate with the allowances of a calibration of its own. */
function drawGate(observed: readonly Observed[], model: NoiseModel, rises: readonly number[], random: Random): Gate {
  const none = observed.map(() => 0);
  const calibration = Array.from({ length: calibrationPairs }, () => drawPair(observed, model, none, random));
  const limits = observed.map((_, i) => {
    const noise = noiseOf(calibration.map(pair => pair[i] as number));
    return neededAllowance(noise, observed.length, planned);
  });
  const pairs = Array.from({ length: 3 * planned }, () => drawPair(observed, model, rises, random));
  const changesOf = (from: number, to: number) =>
    observed.map((_, i) => changeOver(pairs.slice(from, to).map(pair => pair[i] as number)));
  return { limits, decision: decide({ planned, pairs: 3 * planned, limits }, changesOf) };
}

interface Gate {
  readonly limits: readonly number[];
  readonly decision: Decision;
}

function row(name: string, observed: readonly Observed[], model: NoiseModel, rises: readonly number[]): string {
  const results = Array.from({ length: gates }, (_, i) =>
    drawGate(observed, model, rises, seededRandom('gate', name, model.deviation, String(model.isShared), i)),
  );
  const share = (is: (gate: Gate) => boolean) => {
    const count = results.filter(is).length;
    const { low, high } = clopperPearson({ count, of: gates }, 0.05);
    return `${formatRatio(count / gates)} (${formatRatio(low)}–${formatRatio(high)})`.padEnd(26);
  };
  const pairs = results.reduce((sum, { decision }) => sum + decision.pairs, 0) / gates;
  return [
    name.padEnd(26),
    share(({ decision }) => decision.confirmation !== undefined),
    share(({ decision }) => decision.verdict === 'regressed'),
    share(({ decision }) => decision.verdict === 'passed'),
    share(({ decision }) => decision.verdict === 'inconclusive'),
    pairs.toFixed(1),
  ].join('  ');
}

function table(observed: readonly Observed[], model: NoiseModel): void {
  const random = seededRandom('allowances', model.deviation);
  const allowances = Array.from({ length: 200 }, () =>
    observed.map(({ better }, i) =>
      shareOf(
        drawGate(
          observed,
          model,
          observed.map(() => 0),
          random,
        ).limits[i] ?? 0,
        better,
      ),
    ),
  );
  const median = observed.map((_, i) => allowances.map(each => each[i] ?? 0).sort((a, b) => a - b)[100] ?? 0);
  say();
  say(
    `${formatRatio(model.deviation)} noise from run to run, ${model.isShared ? 'the same for all numbers of a run' : 'each number its own'}`,
  );
  say(
    `  allowances proposed (median): ${observed.map(({ name }, i) => `${name} ${formatRatio(median[i] ?? 0)}`).join(', ')}`,
  );
  say(
    `  ${'the candidate'.padEnd(26)}  ${'alarm before confirmation'.padEnd(26)}  ${'REGRESSED'.padEnd(26)}  ${'PASSED'.padEnd(26)}  ${'INCONCLUSIVE'.padEnd(26)}  pairs`,
  );
  const only = (index: number, share: number) => observed.map((_, i) => (i === index ? Math.log1p(share) : 0));
  for (const [name, rises] of [
    ['is the same (A/A)', only(0, 0)],
    ['has a TTFT 15 % longer', only(0, 0.15)],
    ['has a TTFT 25 % longer', only(0, 0.25)],
    ['takes 15 % more for all', observed.map(() => Math.log1p(0.15))],
    ['takes 25 % more for all', observed.map(() => Math.log1p(0.25))],
  ] as const)
    say(`  ${row(name, observed, model, rises)}`);
}

const observed = await observe();
say(
  `${gates} whole gates a row, ${observed.length} numbers, ${planned} pairs extended to ${2 * planned}, ${planned} fresh ones to confirm an alarm;`,
);
say(`allowances from ${calibrationPairs} calibration pairs of each gate's own; in brackets one-sided 95 % bounds`);
say(`simulated, ${simulatedRuns} runs; the engine's own noise from run to run:`);
say(`  ${observed.map(({ name, deviation }) => `${name} ${formatRatio(deviation)}`).join(', ')}`);
for (const deviation of [0.05, 0.1]) for (const isShared of [true, false]) table(observed, { deviation, isShared });
