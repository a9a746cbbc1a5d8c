/**
 * What kept cells from being faster, in words, with the figures that say so. Rules, not proofs: each names what it saw,
 * and where the figures do not tell, nothing is said. `utilization.gpu` alone proves nothing: it is full with one small
 * kernel at a time, so that a GPU at an eighth of what it can do already shows 94 %.
 */
import type { CellResult } from '../record/run.ts';
import type { Before } from '../record/run-telemetry.ts';
import type { Diagnosis } from '../record/server-summary.ts';
import { loadLabel } from '../scenario/expand.ts';
import { formatDuration, formatNumber, formatRatio } from '../units.ts';
import { neighbours } from './neighbours.ts';
import { siblings } from './outliers.ts';

/** The cells of a run with what kept each from being faster, the most telling first. */
export function diagnosed(cells: readonly CellResult[], before: readonly Before[]): CellResult[] {
  const models = siblings(cells);
  return cells.map(cell => ({
    ...cell,
    diagnoses: [
      ...clientLimited(cell),
      ...gatewayLimited(cell),
      ...throttled(cell),
      ...neighbours(cell, models, before),
      ...saturated(cell, cells),
    ],
  }));
}

/** Beyond these a figure says something. */
const refusedRatio = 0.01;
const hotRatio = 0.05;
const powerCappedRatio = 0.3;
const atPowerLimit = 0.9;
const activeRatio = 0.8;

function clientLimited({ validity }: CellResult): Diagnosis[] {
  if (validity.verdict === 'valid') return [];
  const text = 'This program was the limit, or what it ran beside: what the figures say of the service is in doubt.';
  return [{ kind: 'client-limited', text, evidence: validity.reasons.map(reason => reason.text) }];
}

/** Refused at the door while the GPU had room. */
function gatewayLimited(cell: CellResult): Diagnosis[] {
  const { rates, gpu, server } = cell;
  const refused = rates.rateLimitedRatio ?? 0;
  if (refused <= refusedRatio || isGpuFull(cell) || (server?.queueSize?.mean ?? 0) >= 1) return [];
  const text = 'The gateway was the limit: it refused requests that the GPU had room for.';
  const evidence = [
    `${formatRatio(refused)} of the requests were refused with 429 by the gateway`,
    ...(gpu === undefined ? ['what the GPU did meanwhile is not known'] : gpuEvidence(cell)),
    ...(server?.queueSize
      ? [`${formatNumber(server.queueSize.mean)} requests waited in the model server on average`]
      : []),
  ];
  return [{ kind: 'gateway-limited', text, evidence }];
}

/** By what says more than utilisation: its multiprocessors, or its power. */
function isGpuFull({ gpu }: CellResult): boolean {
  const power = gpu?.powerWatts && gpu.powerLimitWatts ? gpu.powerWatts.mean / gpu.powerLimitWatts : 0;
  return power >= atPowerLimit || (gpu?.smActiveRatio?.mean ?? 0) >= activeRatio;
}

function throttled({ gpu }: CellResult): Diagnosis[] {
  const ratios = Object.entries(gpu?.throttledRatio ?? {});
  const hot = ratios.filter(
    ([reason, ratio]) => /thermal|slowdown|brake/.test(reason) && ratio !== undefined && ratio > hotRatio,
  );
  const capped = gpu?.throttledRatio?.['power cap'] ?? 0;
  if (gpu === undefined || (hot.length === 0 && capped <= powerCappedRatio)) return [];
  const text =
    hot.length > 0
      ? 'The GPU was slowed down: see to its cooling and power supply before believing these figures.'
      : 'The GPU was held by its power limit, as at full load; a higher limit would make it faster.';
  const evidence = [
    ...(hot.length > 0 ? hot : [['power cap', capped] as const]).map(
      ([reason, ratio]) => `${reason} for ${formatRatio(ratio ?? 0)} of the time`,
    ),
    ...(gpu.temperatureCelsius === null ? [] : [`up to ${formatNumber(gpu.temperatureCelsius.max)} °C`]),
    ...(gpu.smClockMHz === null
      ? []
      : [`SM clock ${formatNumber(gpu.smClockMHz.mean)} MHz on average, ${formatNumber(gpu.smClockMHz.min)} at least`]),
  ];
  return [{ kind: 'throttled', text, evidence }];
}

/** More in flight and hardly more done: because the batch takes no more, or because each of its steps takes longer. */
function saturated(cell: CellResult, cells: readonly CellResult[]): Diagnosis[] {
  const { server } = cell;
  const queue = server?.queueSize?.mean ?? 0;
  const batch = server?.batchSize;
  if (batch && queue >= 1 && batch.mean >= 0.85 * batch.max) {
    const evidence = [
      `${formatNumber(queue)} requests waited on average while the batch stayed at ${formatNumber(batch.mean)}, ${formatNumber(batch.max)} at most`,
      ...gpuEvidence(cell),
    ];
    return [{ kind: 'kv-bound', text: batchIsFull, evidence }];
  }
  const lower = nextLower(cell, cells);
  return lower === undefined ? [] : comparedWith(lower, cell);
}

const batchIsFull =
  'The batch was full, not the GPU: more requests only waited longer. Room for more of them is KV cache (a larger GPU, a shorter context, a smaller or quantised model), or the limits of the batch.';

/** The next smaller closed loop of the same endpoint and workload. */
function nextLower(cell: CellResult, cells: readonly CellResult[]): CellResult | undefined {
  const own = slots(cell);
  const lower = cells.filter(
    other =>
      other.target.name === cell.target.name &&
      other.workload === cell.workload &&
      other.order === cell.order &&
      other.repetition === cell.repetition &&
      (slots(other) ?? Number.POSITIVE_INFINITY) < (own ?? 0),
  );
  return lower.sort((a, b) => (slots(b) ?? 0) - (slots(a) ?? 0))[0];
}

function slots({ load }: CellResult): number | undefined {
  return load.kind === 'closed' && load.ramp === undefined ? load.effectiveConcurrency : undefined;
}

/** A gain of less than a quarter of what was added. */
const smallGain = 0.25;

function comparedWith(lower: CellResult, cell: CellResult): Diagnosis[] {
  const added = (slots(cell) as number) / (slots(lower) as number);
  const gain = growth(lower.rates.outputTokensPerS, cell.rates.outputTokensPerS);
  const step = growth(lower.metrics.itlMs.p50, cell.metrics.itlMs.p50);
  const perToken = growth(lower.metrics.tpotMs.p50, cell.metrics.tpotMs.p50);
  const wait = growth(lower.metrics.ttftMs.p50, cell.metrics.ttftMs.p50);
  if (gain === undefined || step === undefined || perToken === undefined || wait === undefined) return [];
  if (gain - 1 >= smallGain * (added - 1)) return [];
  const times = (factor: number) => `× ${formatNumber(factor)}`;
  const evidence = [
    `against ${loadLabel(lower.load)}: ${times(added)} requests in flight, ${times(gain)} tokens/s`,
    `time between tokens (ITL p50) ${times(step)}, TPOT p50 ${times(perToken)}, TTFT p50 ${times(wait)}`,
    ...gpuEvidence(cell),
  ];
  if (step < 1.15 && perToken < 1.3 && wait > 1.5) return [{ kind: 'kv-bound', text: batchIsFull, evidence }];
  const text =
    step < 1.3 && perToken >= 1.3
      ? 'The GPU was the limit: reading prompts takes it from the answers that are being written.'
      : 'The GPU was the limit: with more requests at once each step takes longer by as much.';
  return step >= 1.15 || perToken >= 1.3 ? [{ kind: 'compute-bound', text, evidence }] : [];
}

function growth(before: number | null, after: number | null): number | undefined {
  return before === null || after === null || before <= 0 ? undefined : after / before;
}

/** What the GPU showed, as far as it did. */
function gpuEvidence({ gpu, metrics }: CellResult): string[] {
  const power = gpu?.powerWatts;
  const limit = gpu?.powerLimitWatts;
  const queue = metrics.queueMs.mean;
  return [
    ...(gpu?.utilisationRatio ? [`a kernel ran for ${formatRatio(gpu.utilisationRatio.mean)} of the time`] : []),
    ...(power ? [`${formatNumber(power.mean)} W on average${limit ? ` of ${formatNumber(limit)}` : ''}`] : []),
    ...(gpu?.smActiveRatio ? [`multiprocessors at work for ${formatRatio(gpu.smActiveRatio.mean)} of the time`] : []),
    ...(gpu?.dramActiveRatio ? [`memory at work for ${formatRatio(gpu.dramActiveRatio.mean)} of the time`] : []),
    ...(queue === null ? [] : [`${formatDuration(queue)} in the server's queue on average`]),
  ];
}
