/** What the numbers of a run depend on: what was asked, of what, by which machine, and what the words mean. */
import { metrics } from '../record/metrics.ts';
import type { Floor, Run, Validity } from '../record/run.ts';
import type { Step } from '../scenario/resolve.ts';
import type { Search } from '../scenario/search.ts';
import { formatBytes, formatDuration, formatNumber, missing, plural } from '../units.ts';
import { calibrationText } from './calibration-report.ts';
import type { Block, Facts } from './document.ts';
import { remarkText } from './remarks.ts';
import { stepLabel } from './steps.ts';
import { watched } from './watched.ts';
import { wordCounts } from './workload-tables.ts';

/** The scenario and the environment. */
export function conditions(run: Run): Block[] {
  return [
    { kind: 'heading', text: 'How it was measured' },
    { kind: 'facts', items: [...scenarioFacts(run), ...environmentFacts(run)] },
  ];
}

function scenarioFacts({ scenario, cells, ...run }: Run): Facts['items'] {
  const { limits, load, seed, workloads, telemetry } = scenario;
  const steps = load.steps.filter(({ index }) => cells.some(cell => cell.step === index));
  return [
    {
      label: 'scenario',
      text: `${scenario.name}, seed ${seed}, ${plural(load.repetitions, 'repetition')}; limit ${limits.concurrentPerModel ?? 'none'} in flight per model, request timeout ${formatDuration(limits.requestTimeoutMs)}`,
    },
    ...Object.entries(workloads).map(([name, workload]) => ({
      label: `workload ${name}`,
      text: inFlow(workload, false),
    })),
    ...(load.search === undefined ? [] : [{ label: 'search', text: searchText(load.search) }]),
    ...steps.map((step, i) => ({
      label: `step ${i + 1}`,
      text: `${stepLabel({ scenario, cells, ...run }, step.index)}; ${endText(step)}; ${warmupText(step)}`,
    })),
    ...(scenario.goodput === undefined
      ? []
      : [{ label: 'goodput', text: `answers within ${inFlow(scenario.goodput, false)}` }]),
    ...(telemetry === undefined || telemetry.gpu.length > 0 ? [] : [{ label: 'GPUs', text: 'not watched' }]),
  ];
}

function searchText({ objective, over, from, to, requests, measures }: Search): string {
  const what = over === 'concurrency' ? 'requests in flight' : 'requests a second';
  return `the highest load that holds ${objective.text}, from ${from} to ${to} ${what}, one endpoint after another; ${plural(measures, 'probe')} of ${plural(requests, 'request')} near it`;
}

function endText({ end }: Step): string {
  const requests = end.requests === undefined ? [] : [plural(end.requests, 'request')];
  const time = end.durationMs === undefined ? [] : [formatDuration(end.durationMs)];
  return [...requests, ...time].join(' or ');
}

function warmupText({ warmup }: Step): string {
  if (typeof warmup === 'number') return `warm-up ${formatDuration(warmup)}`;
  return `warm-up until every slot has turned over ${warmup.turnovers === 1 ? 'once' : `${warmup.turnovers} times`}`;
}

function environmentFacts(run: Run): Facts['items'] {
  const { service, files, calibration, fingerprint } = run.environment;
  return [
    { label: 'service', text: `${service.url}${service.simulated ? ', simulated' : ''}` },
    ...(service.info === null || service.info === undefined
      ? []
      : [{ label: 'it says of itself', text: inFlow(service.info, false) }]),
    ...(service.floorMs ?? []).map(floor => ({ label: 'the way there', text: floorText(floor) })),
    ...watched(run),
    ...wordCounts(run).map(text => ({ label: 'prompts', text })),
    ...Object.entries(files ?? {}).map(([name, digest]) => ({ label: `file ${name}`, text: digest })),
    { label: 'generator', text: generatorText(run.environment) },
    ...(calibration === undefined ? [] : [{ label: 'calibrated', text: calibrationText(calibration) }]),
    { label: 'when', text: `started ${run.startedAt}, ended ${run.endedAt ?? missing}` },
    { label: 'fingerprint', text: fingerprint },
    { label: 'validity', text: validityText(run.validity) },
  ];
}

function generatorText({ harness, node, host, threads = 1, git }: Run['environment']): string {
  return [
    `tgi-bench ${harness}`,
    `Node ${node}`,
    host.platform,
    host.cpu,
    plural(host.cores, 'core'),
    formatBytes(host.memoryBytes),
    ...(threads === 1 ? [] : [`requests sent by ${threads} threads`]),
    ...(git.commit === undefined ? [] : [`git ${git.commit.slice(0, 12)}`]),
  ].join(', ');
}

/** A value as YAML writes it on one line. */
function inFlow(value: unknown, isInner = true): string {
  if (Array.isArray(value)) return `[${value.map(each => inFlow(each)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined && !isEmpty(each))
    .map(([key, each]) => `${key}: ${inFlow(each)}`)
    .join(', ');
  return isInner ? `{ ${entries} }` : entries;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** What of a response time is not the model's. */
function floorText({ service, path, connections, n, p50, p95 }: Floor): string {
  const tail = p95 === null ? '' : `, p95 ${formatNumber(p95)} ms`;
  const way =
    p50 === null ? `unknown, with ${plural(n, 'answer')} of the gateway` : `p50 ${formatNumber(p50)} ms${tail}`;
  return `the way to ${service} and back: ${way} (GET ${path}, ${plural(n, 'request')}, ${connections} at once)`;
}

/** What each number means, as it is defined once for all reports. */
export function definitions(): Block[] {
  return [
    { kind: 'heading', text: 'What the numbers mean' },
    {
      kind: 'list',
      items: [
        ...metrics.map(({ symbol, unit, definition }) => `${symbol} (${unit}): ${definition}`),
        'req/s and tokens/s: what ended and what arrived inside the window of the cell, per second of it',
        '429, 403, errors: share of all requests sent. Refusals stand outside the quantiles; a request that was taken and never finished counts in them as slower than any that was',
      ],
    },
  ];
}

function validityText({ verdict, reasons }: Validity): string {
  return reasons.length === 0 ? verdict : `${verdict} (${reasons.map(remarkText).join('; ')})`;
}
