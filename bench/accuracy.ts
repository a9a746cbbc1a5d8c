/**
 * Golden accuracy: runs as a user's go, against a target that knows when it sent what, and how far the records and the
 * numbers of the report lie from that. Exits 1 where a bound is missed. The target and the run each have a core of their
 * own where there are two, and that of the run is kept awake.
 *
 * npm run bench:accuracy
 * npm run bench:accuracy -- --runs 1 --seconds 3
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantileOf, type StampErrors, stampErrors } from '../src/analysis/stamp-errors.ts';
import type { RequestRecord } from '../src/record/request-record.ts';
import type { Run } from '../src/record/run.ts';
import { launchNullTarget } from '../src/simulator/null-target/launch.ts';
import type { SentTimes } from '../src/simulator/null-target/target.ts';
import { readRecords, readRun } from '../src/store/run-directory.ts';
import { keepOffThatCore, keepThatCoreAwake } from './performance/pinned.ts';
import { type Accuracy, type AccuracyFigure, machine, median, writeResults } from './performance/results.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    driver: { type: 'string', default: 'socket' },
  },
});
const isWhole = process.argv.length === 2;
const client = fileURLToPath(new URL('accuracy-client.js', import.meta.url));
const say = (line: string) => void process.stdout.write(`${line}\n`);

interface Measured {
  readonly run: Run;
  readonly errors: StampErrors;
}

interface Asked {
  /** The pace of the target. */
  readonly model: string;
  readonly tokens: number;
  readonly stream: boolean;
  /** The step of the scenario, in YAML. */
  readonly step: string;
}

function scenarioText(url: string, { model, tokens, stream, step }: Asked): string {
  return `
name: accuracy
service: { url: '${url}', token: '\${VALID_TOKEN}' }
targets: [{ model: ${model}, gpus: [0], workloads: [chat] }]
limits: { exceed: true, concurrentPerModel: 5000, requestTimeout: 30s }
workloads: { chat: { kind: text, prompt: { text: 'What would you ask?' }, output: { maxNewTokens: ${tokens} }, stream: ${stream} } }
load: { warmup: 2s, drain: 5s, steps: [${step}] }
telemetry: { gpu: off, metrics: off }
`;
}

/** One run against a fresh target. */
async function measure(asked: Asked): Promise<Measured> {
  const target = await launchNullTarget();
  const folder = mkdtempSync(join(tmpdir(), 'tgi-bench-'));
  try {
    keepOffThatCore(target.pid);
    const file = join(folder, 'scenario.yaml');
    const directory = join(folder, 'run');
    writeFileSync(file, scenarioText(target.url, asked));
    const beganMs = await runClient(file, directory);
    const { sentMs, left }: SentTimes = await target.sentTimes();
    if (left > 0) throw new Error(`the target forgot ${left} requests`);
    const records: RequestRecord[] = [];
    for await (const batch of readRecords(directory, line => say(`requests.jsonl:${line} cannot be read`)))
      records.push(...batch.filter(({ phase, outcome }) => phase === 'measured' && outcome.kind === 'ok'));
    return { run: await readRun(directory), errors: stampErrors(records, sentMs, beganMs) };
  } finally {
    await target.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a scenario in a process of its own; gives the zero of its times. */
async function runClient(file: string, directory: string): Promise<number> {
  const child = spawn(process.execPath, [client, file, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, VALID_TOKEN: 'bench' },
  });
  let told = '';
  child.stdout.on('data', chunk => {
    told += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the run ended with exit code ${code}`);
  return (JSON.parse(told) as { beganMs: number }).beganMs;
}

interface Bounds {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const qs = [
  ['p50', 0.5],
  ['p99', 0.99],
] as const;

/** The errors of one run: of the single values, and of the quantiles in its report. */
function errorsIn({ run, errors }: Measured): Record<string, number> {
  const metrics = run.cells[0]?.metrics;
  const found: Record<string, number> = { 'requests miscounted': errors.miscounted };
  for (const [name, q] of qs) {
    for (const kind of ['stampMs', 'ttftMs', 'itlMs'] as const) {
      found[`${kind} ${name}`] = quantileOf(errors[kind], q) ?? Number.NaN;
    }
    for (const [kind, truth] of [
      ['ttftMs', errors.trueTtftMs],
      ['itlMs', errors.trueItlMs],
    ] as const) {
      const reported = metrics?.[kind][name];
      const value = reported === null || reported === undefined ? Number.NaN : reported;
      found[`${kind} ${name} of the report`] = Math.abs(value - (quantileOf(truth, q) ?? Number.NaN));
    }
  }
  return found;
}

/** Runs one case as often as asked; every figure is the median of the runs. */
async function judge(title: string, asked: Asked, { p50Ms, p99Ms }: Bounds): Promise<AccuracyFigure[]> {
  const runs: Record<string, number>[] = [];
  for (let k = 0; k < Number(options.runs); k++) runs.push(errorsIn(await measure(asked)));
  say(title);
  return Object.keys(runs[0] ?? {}).map(name => {
    const values = runs.map(run => run[name] ?? Number.NaN);
    const bound = name.includes('miscounted') ? 0 : name.includes('p50') ? p50Ms : p99Ms;
    const figure = { case: title, name, median: median(values), runs: values, bound };
    const range = values.map(value => value.toFixed(3)).join(' ');
    say(
      `  ${name.padEnd(28)} ${figure.median.toFixed(3)}  ≤ ${bound}  ${isHeld(figure) ? 'held' : 'MISSED'}   (${range})`,
    );
    return figure;
  });
}

function isHeld({ median: value, bound }: AccuracyFigure): boolean {
  return value <= bound; // false as well where there is no value
}

keepOffThatCore(process.pid);
const seconds = Number(options.seconds);
const step = `{ concurrency: 100, duration: ${seconds}s, driver: ${options.driver} }`;
const staggered = { model: 'staggered-50', tokens: 100, stream: true, step };
const letSleep = keepThatCoreAwake();
const figures = [
  ...(await judge('100 streams × 50 tokens/s, staggered', staggered, { p50Ms: 0.1, p99Ms: 1 })),
  ...(await judge(
    '100 streams × 50 tokens/s, in step',
    { ...staggered, model: 'in-step-50' },
    { p50Ms: 0.5, p99Ms: 3 },
  )),
];
letSleep();

// No client sends so many: what is due has not been sent when its time is over, however fast the machine is.
const tooMuch = '200,000 unary requests/s';
const overloaded = await measure({
  model: 'flood',
  tokens: 2,
  stream: false,
  step: '{ ratePerS: 200000, arrivals: constant, duration: 3s, maxInFlight: 500 }',
});
const { validity } = overloaded.run;
say(`asked for more than it can, ${tooMuch}: ${validity.verdict}`);
for (const { text } of validity.reasons) say(`  ${text}`);

const accuracy: Accuracy = {
  ...machine(),
  seconds,
  driver: options.driver,
  figures,
  overloaded: { asked: tooMuch, verdict: validity.verdict, reasons: validity.reasons.map(({ text }) => text) },
};
if (isWhole) for (const file of await writeResults({ accuracy })) say(`written: ${file}`);
if (!figures.every(isHeld) || validity.verdict !== 'invalid') process.exitCode = 1;
