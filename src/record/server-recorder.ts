import { isGap } from './gpu-sample.ts';
import type { ServerLine, ServerSample, Totals } from './server-sample.ts';
import type { ServerSummary } from './server-summary.ts';

/** What one model server said, over the window of one cell; only what arrived in it counts. */
export class ServerRecorder {
  readonly #target: string;
  readonly #simulated: boolean;
  readonly #lines: ServerLine[] = [];
  #openedMs = Number.POSITIVE_INFINITY;
  #closedMs = Number.POSITIVE_INFINITY;

  constructor(target: string, simulated: boolean) {
    this.#target = target;
    this.#simulated = simulated;
  }

  open(atMs: number): void {
    this.#openedMs = atMs;
  }

  close(atMs: number): void {
    this.#closedMs = atMs;
  }

  add(line: ServerLine): void {
    if (isGap(line) && line.absent) return;
    if (line.target === this.#target && line.simulated === this.#simulated) this.#lines.push(line);
  }

  /** Undefined where it was never asked in the window. */
  summary(): ServerSummary | undefined {
    const lines = this.#lines.filter(({ atMs }) => atMs >= this.#openedMs && atMs <= this.#closedMs);
    if (lines.length === 0) return undefined;
    const samples = lines.flatMap(line => (isGap(line) ? [] : [line]));
    const gaps = lines.flatMap(line => (isGap(line) ? [line.gap] : []));
    const [first, last] = [samples[0], samples.at(-1)];
    const mean = (field: TotalsField) =>
      first === undefined || last === undefined ? null : between(first, last, field);
    return {
      simulated: this.#simulated,
      samples: samples.length,
      missed: gaps.length,
      queueSize: gauge(samples, 'queueSize'),
      batchSize: gauge(samples, 'batchSize'),
      successes: samples.length < 2 ? null : atLeast0((last?.successes ?? 0) - (first?.successes ?? 0)),
      validationMs: mean('validationMs'),
      queueMs: mean('queueMs'),
      inferenceMs: mean('inferenceMs'),
      totalMs: mean('totalMs'),
      gaps: [...new Set(gaps)],
    };
  }
}

type TotalsField = 'validationMs' | 'queueMs' | 'inferenceMs' | 'totalMs';

const none: Totals = { sum: 0, count: 0 };

/** The mean of what was counted from one answer to a later one; null where nothing was, or the server began anew. */
function between(first: ServerSample, last: ServerSample, field: TotalsField): number | null {
  const [before, after] = [first[field] ?? none, last[field] ?? none];
  const count = after.count - before.count;
  return count > 0 && after.sum >= before.sum ? (after.sum - before.sum) / count : null;
}

function gauge(samples: readonly ServerSample[], field: 'queueSize' | 'batchSize'): ServerSummary['queueSize'] {
  const values = samples.flatMap(sample => sample[field] ?? []);
  if (values.length === 0) return null;
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, max: Math.max(...values) };
}

function atLeast0(value: number): number | null {
  return value >= 0 ? value : null;
}
