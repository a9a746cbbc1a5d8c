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

/** How many gates of a row ended how. */
interface Row {
  readonly name: string;
  readonly alarms: number;
  readonly regressed: number;
  readonly passed: number;
  readonly inconclusive: number;
  readonly pairs: number;
}

function row(name: string, observed: readonly Observed[], model: NoiseModel, rises: readonly number[]): Row {
  const results = Array.from({ length: gates }, (_, i) =>
    drawGate(observed, model, rises, seededRandom('gate', name, model.deviation, String(model.isShared), i)),
  );
  const count = (is: (gate: Gate) => boolean) => results.filter(is).length;
  return {
    name,
    alarms: count(({ decision }) => decision.confirmation !== undefined),
    regressed: count(({ decision }) => decision.verdict === 'regressed'),
    passed: count(({ decision }) => decision.verdict === 'passed'),
    inconclusive: count(({ decision }) => decision.verdict === 'inconclusive'),
    pairs: results.reduce((sum, { decision }) => sum + decision.pairs, 0) / gates,
  };
}

function share(count: number): string {
  const { low, high } = clopperPearson({ count, of: gates }, 0.05);
  return `${formatRatio(count / gates)} (${formatRatio(low)}–${formatRatio(high)})`.padEnd(26);
}

function table(observed: readonly Observed[], model: NoiseModel): Row[] {
  const random = seededRandom('allowances', model.deviation);
  const none = observed.map(() => 0);
  const proposals = Array.from({ length: 200 }, () => drawGate(observed, model, none, random).limits);
  const median = observed.map(({ name, better }, i) => {
    const rises = proposals.map(limits => limits[i] ?? 0).sort((a, b) => a - b);
    return `${name} ${formatRatio(shareOf(rises[100] ?? 0, better))}`;
  });
  const kind = model.isShared ? 'the same for all numbers of a run' : 'each number its own';
  say();
  say(`${formatRatio(model.deviation)} noise from run to run, ${kind}`);
  say(`  allowances proposed (median): ${median.join(', ')}`);
  const heads = ['alarm before confirmation', 'REGRESSED', 'PASSED', 'INCONCLUSIVE'].map(head => head.padEnd(26));
  say(`  ${['the candidate'.padEnd(26), ...heads, 'pairs'].join('  ')}`);
  const only = (rise: number) => observed.map((_, i) => (i === 0 ? Math.log1p(rise) : 0));
  const all = (rise: number) => observed.map(() => Math.log1p(rise));
  return (
    [
      ['is the same (A/A)', none],
      ['has a TTFT 15 % longer', only(0.15)],
      ['has a TTFT 25 % longer', only(0.25)],
      ['takes 15 % more for all', all(0.15)],
      ['takes 25 % more for all', all(0.25)],
    ] as const
  ).map(([name, rises]) => {
    const result = row(name, observed, model, rises);
    const { alarms, regressed, passed, inconclusive, pairs } = result;
    const shares = [alarms, regressed, passed, inconclusive].map(share);
    say(`  ${[name.padEnd(26), ...shares, pairs.toFixed(1)].join('  ')}`);
    return result;
  });
}

/** What a gate is to do at 5 % noise, and whether it did. */
function targets([same, ttft15, ttft25, all15, all25]: readonly Row[]): void {
  const bound = clopperPearson({ count: same?.alarms ?? gates, of: gates }, 0.05).high;
  const worst = (a?: Row, b?: Row) => Math.min(a?.regressed ?? 0, b?.regressed ?? 0) / gates;
  for (const [text, holds] of [
    ['A/A alarms before confirmation: at most 1 %', (same?.alarms ?? gates) / gates <= 0.01],
    ['their 95 % bound: below 2.5 %', bound < 0.025],
    ['A/A REGRESSED after confirmation: none', same?.regressed === 0],
    ['A/A PASSED: at least 95 %', (same?.passed ?? 0) / gates >= 0.95],
    ['15 % worse REGRESSED: at least 90 %', worst(ttft15, all15) >= 0.9],
    ['25 % worse REGRESSED: at least 99 %', worst(ttft25, all25) >= 0.99],
  ] as const)
    say(`  ${holds ? 'holds' : 'DOES NOT HOLD'}: ${text}`);
}

const observed = await observe();
say(
  `${gates} whole gates a row, ${observed.length} numbers, ${planned} pairs extended to ${2 * planned}, ${planned} fresh ones to confirm an alarm;`,
);
say(`allowances from ${calibrationPairs} calibration pairs of each gate's own; in brackets one-sided 95 % bounds`);
say(`simulated, ${simulatedRuns} runs; the engine's own noise from run to run:`);
say(`  ${observed.map(({ name, deviation }) => `${name} ${formatRatio(deviation)}`).join(', ')}`);
for (const isShared of [true, false]) targets(table(observed, { deviation: 0.05, isShared }));
for (const isShared of [true, false]) table(observed, { deviation: 0.1, isShared });
