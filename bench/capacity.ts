/**
 * What a search for the highest load is worth: how far its answers lie from the truth and how often its interval holds
 * it, over whole searches at engines in virtual time whose limit is known from runs a hundred times as long. The presets
 * were chosen before any of them was looked at, and no figure of the search is theirs.
 *
 * npm run bench:capacity [-- SEARCHES]
 */
import { judgeProbe, ProbeCounts, totalOf } from '../src/analysis/capacity/probe-counts.ts';
import { confidence, type NextProbe, nextProbe } from '../src/analysis/capacity/search.ts';
import { answerOf, type SearchAnswer } from '../src/analysis/capacity/search-answer.ts';
import { type Arrival, type Simulation, simulate } from '../src/engine/simulate.ts';
import { type Random, seededRandom } from '../src/random.ts';
import type { RequestRecord } from '../src/record/request-record.ts';
import type { Probe } from '../src/record/search.ts';
import { planOf } from '../src/run/search.ts';
import { parseObjective } from '../src/scenario/objective.ts';
import { searchOf } from '../src/scenario/search.ts';
import { clopperPearson } from '../src/stats/proportion.ts';
import { formatNumber, formatRatio } from '../src/units.ts';
import { lengthOf } from '../src/workload/lengths.ts';
import { presets } from '../src/workload/presets.ts';

const searches = Number(process.argv[2] ?? 200);

/** The true limit is the mean of those of so many runs, each of so many requests at a few rates around it. */
const truthRuns = 4;
const truthRequests = 200_000;
/** Where to look for it is found by runs a tenth as long. */
const coarseSteps = 9;
const around = [0.97, 1, 1.03];

/** What an interrupted phase waits for what is in flight. */
const drainMs = 5_000;

type Served = Simulation['served'][number];

interface Preset {
  readonly name: string;
  readonly gpu: string;
  readonly model: string;
  readonly workload: keyof typeof presets;
  readonly objective: string;
}

const tried: readonly Preset[] = [
  { name: 'chat', gpu: 'A100-80G', model: 'mistral-7b', workload: 'chat', objective: 'p95(ttftMs) <= 800' },
  { name: 'code', gpu: 'RTX-4090', model: 'llama-3-8b', workload: 'code', objective: 'p95(ttftMs) <= 2000' },
  { name: 'rag', gpu: 'H100-80G', model: 'llama-3-8b', workload: 'rag', objective: 'p95(ttftMs) <= 500' },
];

const limits = { maxConcurrentRequests: 100, maxInputTokens: 4096, maxTotalTokens: 8192 };

const say = (line = '') => void process.stdout.write(`${line}\n`);

/** Where every search begins and ends; what the limit may be is not known to it. */
function searchFor({ objective }: Preset) {
  return searchOf({ objective: parseObjective(objective), over: 'ratePerS', from: 1, to: 32, probes: 6 });
}

/** So many arrivals as a Poisson process, the lengths of prompts and answers those of production. */
function arrivalsOf(preset: Preset, ratePerS: number, until: (atMs: number, id: number) => boolean, random: Random) {
  const { input, output, maxOutputTokens } = presets[preset.workload];
  const arrivals: Arrival[] = [];
  for (let [id, atMs] = [0, 0]; ; id++) {
    atMs += random.exponential(ratePerS / 1000);
    if (until(atMs, id)) return arrivals;
    const inputTokens = Math.min(limits.maxInputTokens, lengthOf(input, random));
    const outputTokens = Math.min(maxOutputTokens, lengthOf(output, random));
    arrivals.push({ id, atMs, inputTokens, images: 0, maxNewTokens: outputTokens, outputTokens });
  }
}

function serve({ gpu, model }: Preset, arrivals: readonly Arrival[]): readonly Served[] {
  return simulate(arrivals, { gpu, model, limits }).served;
}

/** The log-odds of a request being on the wrong side at a rate, over a run whose random numbers are the same at every rate. */
function oddsAt(preset: Preset, ratePerS: number, requests: number, run: number): number {
  const { bound } = parseObjective(preset.objective);
  const random = seededRandom('bench capacity', preset.name, 'truth', run);
  const served = serve(
    preset,
    arrivalsOf(preset, ratePerS, (_, id) => id === requests, random),
  );
  const wrong = served.filter(each => each.outcome !== 'ok' || each.firstTokenMs - each.arrival.atMs > bound).length;
  return Math.log(wrong / (requests - wrong));
}

/** The highest rate that holds, over one long run: where the line through the log-odds around it crosses what is allowed. */
function trueLimit(preset: Preset, run: number): number {
  const allowed = 1 - Number(parseObjective(preset.objective).statistic);
  const level = Math.log(allowed / (1 - allowed));
  let [low, high] = [1, 32];
  for (let step = 0; step < coarseSteps; step++) {
    const ratePerS = Math.sqrt(low * high);
    if (oddsAt(preset, ratePerS, truthRequests / 10, run) <= level) low = ratePerS;
    else high = ratePerS;
  }
  const centre = Math.sqrt(low * high);
  const points = around.map(factor => [Math.log(factor), oddsAt(preset, factor * centre, truthRequests, run)] as const);
  const [x0, y0] = [meanOf(points.map(([x]) => x)), meanOf(points.map(([, y]) => y))];
  const slope = sumOf(points.map(([x, y]) => (x - x0) * (y - y0))) / sumOf(points.map(([x]) => (x - x0) ** 2));
  return centre * Math.exp(x0 + (level - y0) / slope);
}

/** One request as a run would have recorded it. */
function recordOf(served: Served): RequestRecord {
  const { atMs } = served.arrival;
  const isOk = served.outcome === 'ok';
  return {
    seq: served.arrival.id,
    cell: 0,
    phase: 'measured',
    target: 'engine',
    workload: 'w',
    dueMs: atMs,
    sentMs: atMs,
    tokenTimesMs: isOk ? [served.firstTokenMs] : [],
    endMs: isOk ? served.endMs : atMs,
    requestId: '',
    requestBytes: 0,
    outcome: { kind: served.outcome },
  };
}

/** What a probe that is broken off leaves of a request: as much of it as there was when the drain ended. */
function cutAt(record: RequestRecord, endedMs: number): RequestRecord {
  if (record.endMs <= endedMs) return record;
  const tokenTimesMs = record.tokenTimesMs.filter(atMs => atMs <= endedMs);
  return { ...record, tokenTimesMs, endMs: endedMs, outcome: { kind: 'abandoned' } };
}

/** Drives one probe as a run does: a warm-up, then so many requests, broken off where it has no hope. */
function drive(preset: Preset, { load, part, requests, warmup }: NextProbe, allowed: number, random: Random) {
  const warmupMs = Number(warmup);
  let first = 0;
  const isOver = (atMs: number, id: number) => {
    if (atMs < warmupMs) first = id + 1;
    return id >= first + requests;
  };
  const arrivals = arrivalsOf(preset, load, isOver, random);
  const counts = new ProbeCounts(parseObjective(preset.objective), undefined, { requests, allowed, isClosed: false });
  const records = serve(preset, arrivals).map(recordOf);
  const dueTimes = records.map(({ dueMs }) => dueMs);
  const ends = records.toSorted((a, b) => a.endMs - b.endMs);
  let stoppedMs = Number.POSITIVE_INFINITY;
  let dueBy = 0;
  ends.forEach((record, ended) => {
    if (record.dueMs > stoppedMs) return;
    while ((dueTimes[dueBy] ?? Number.POSITIVE_INFINITY) <= record.endMs) dueBy++;
    if (record.seq >= first) counts.add(cutAt(record, stoppedMs + drainMs), dueBy - ended - 1);
    if (counts.hopeless !== undefined) stoppedMs = Math.min(stoppedMs, record.endMs);
  });
  const batches = counts.batches();
  const judged = judgeProbe(batches, allowed);
  const verdict = counts.hopeless === undefined ? judged.verdict : ('hopeless' as const);
  const tookMs = Math.min(stoppedMs + drainMs, ends.at(-1)?.endMs ?? 0);
  return { load, part, batches, verdict, tookMs };
}

interface Searched {
  readonly answer: SearchAnswer;
  readonly probes: number;
  readonly requests: number;
  readonly tookMs: number;
}

function search(preset: Preset, seed: number): Searched {
  const plan = planOf(searchFor(preset));
  const probes: (Pick<Probe, 'load' | 'part' | 'batches' | 'verdict'> & { tookMs: number })[] = [];
  for (let next = nextProbe(plan, probes); next !== undefined; next = nextProbe(plan, probes)) {
    const random = seededRandom('bench capacity', preset.name, 'search', seed, probes.length);
    probes.push(drive(preset, next, plan.allowed, random));
  }
  return {
    answer: answerOf(plan, probes),
    probes: probes.length,
    requests: probes.reduce((sum, { batches }) => sum + totalOf(batches).requests, 0),
    tookMs: probes.reduce((sum, { tookMs }) => sum + tookMs, 0),
  };
}

function covers({ kind, low = 0, high = Number.POSITIVE_INFINITY }: SearchAnswer, truth: number): boolean {
  return kind !== 'unknown' && low <= truth && truth <= high;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}

function medianOf(values: readonly number[]): number {
  const rising = values.toSorted((a, b) => a - b);
  return ((rising[Math.floor((rising.length - 1) / 2)] ?? 0) + (rising[Math.floor(rising.length / 2)] ?? 0)) / 2;
}

/** Prints how one preset fares; gives whether both targets are held. */
function examine(preset: Preset): boolean {
  const truths = Array.from({ length: truthRuns }, (_, run) => trueLimit(preset, run));
  const truth = meanOf(truths);
  const error = Math.sqrt(meanOf(truths.map(each => (each - truth) ** 2)) / (truthRuns - 1));
  const all = Array.from({ length: searches }, (_, seed) => search(preset, seed));
  const answers = all.map(({ answer }) => answer);
  const found = answers.filter(({ kind }) => kind === 'found');
  const off = medianOf(answers.flatMap(({ estimate }) => estimate ?? [])) / truth - 1;
  const covered = answers.filter(answer => covers(answer, truth)).length;
  const { high: bound } = clopperPearson({ count: covered, of: searches }, 0.05);
  const sides = {
    above: answers.filter(({ low = 0 }) => low > truth).length,
    below: answers.filter(({ high = Number.POSITIVE_INFINITY }) => high < truth).length,
  };
  const width = medianOf(found.map(({ low = 0, high = 0, estimate = 1 }) => (high - low) / estimate));
  const isNear = found.length > 0 && Math.abs(off) <= 0.05;
  const isCovered = bound >= confidence;
  const { gpu, model, workload, objective } = preset;
  say();
  say(`${workload} at ${model} on ${gpu}, ${objective}: the truth is ${truth.toFixed(3)}/s (± ${error.toFixed(3)})`);
  say(`  ${isNear ? 'held' : 'MISSED'}: the median answer lies ${signed(off)} off, within ±5 %`);
  say(
    `  ${isCovered ? 'held' : 'MISSED'}: ${covered} of ${searches} intervals hold the truth (${formatRatio(covered / searches)}; too high ${sides.above}, too low ${sides.below});`,
  );
  say(`        with 95 % confidence they do so at most ${formatRatio(bound)} of the time: to be no less than 90 %`);
  say(
    `  ${found.length} found; an interval is ${formatRatio(width)} of its answer wide at the median; on average ${meanOf(all.map(({ probes }) => probes)).toFixed(1)} probes,`,
  );
  say(
    `  ${formatNumber(meanOf(all.map(({ requests }) => requests)))} requests, ${(meanOf(all.map(({ tookMs }) => tookMs)) / 60_000).toFixed(0)} simulated minutes`,
  );
  return isNear && isCovered;
}

function signed(ratio: number): string {
  return `${ratio < 0 ? '−' : '+'}${Math.abs(100 * ratio).toFixed(1)} %`;
}

say(`${searches} whole searches a preset, over 1 to 32 requests a second, simulated`);
const held = tried.map(examine);
process.exitCode = held.every(Boolean) ? 0 : 1;
