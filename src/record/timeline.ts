import { type OutcomeKind, outcomeKinds } from '../protocol/outcome.ts';
import type { GpuSample } from './gpu-sample.ts';
import { type RequestRecord, tokensPerEvent } from './request-record.ts';

/** What happened at one target in one second of the run, warm-up and drain included. */
export interface TimelineRow {
  readonly second: number;
  readonly target: string;
  /** Requests that fell due and that were sent in it. */
  readonly due: number;
  readonly sent: number;
  /** Requests that ended in it, by outcome. */
  readonly counts: Readonly<Record<OutcomeKind, number>>;
  readonly outputTokens: number;
  /** Requests in flight when it ended. */
  readonly inFlight: number;
  /** What its GPUs showed in it; only where a sample came. */
  readonly gpu?: GpuSecond;
}

/** The GPUs of a target in one second: means over the samples, power and memory added up over the GPUs. null: not shown. */
export interface GpuSecond {
  readonly simulated: boolean;
  readonly utilisationRatio: number | null;
  readonly memoryUsedBytes: number | null;
  readonly powerWatts: number | null;
  readonly temperatureCelsius: number | null;
  readonly smClockMHz: number | null;
}

type OpenRow = {
  second: number;
  target: string;
  due: number;
  sent: number;
  counts: Record<OutcomeKind, number>;
  outputTokens: number;
  inFlight: number;
  gpu?: GpuSecond;
};

/** Puts records into seconds, in any order, and gives one row a second and target, without holes. */
export class Timeline {
  readonly #byTarget = new Map<string, Map<number, OpenRow>>();
  /** The seconds that are over, and the one that is not, of each target. */
  readonly #gpuSeconds = new Map<string, GpuSecond>();
  readonly #gpuNow = new Map<string, { readonly second: number; readonly samples: GpuSample[] }>();

  add(record: RequestRecord): void {
    this.#row(record.target, record.dueMs).due++;
    this.#row(record.target, record.endMs).counts[record.outcome.kind]++;
    if (record.sentMs !== undefined) {
      this.#row(record.target, record.sentMs).sent++;
      this.#row(record.target, record.sentMs).inFlight++;
      this.#row(record.target, record.endMs).inFlight--;
    }
    const perEvent = tokensPerEvent(record);
    let row: OpenRow | undefined;
    for (const timeMs of record.tokenTimesMs) {
      if (row === undefined || timeMs < row.second * 1000 || timeMs >= (row.second + 1) * 1000)
        row = this.#row(record.target, timeMs);
      row.outputTokens += perEvent;
    }
    if (record.tokenTimesMs.length === 0 && record.outcome.kind === 'ok')
      this.#row(record.target, record.endMs).outputTokens += record.outputTokens ?? 0;
  }

  /** A sample of one of the GPUs behind a target; in the order in which they came. */
  addGpu(target: string, sample: GpuSample): void {
    const second = Math.floor(sample.atMs / 1000);
    const now = this.#gpuNow.get(target);
    if (now?.second === second) now.samples.push(sample);
    else {
      this.#endGpuSecond(target);
      this.#gpuNow.set(target, { second, samples: [sample] });
    }
  }

  rows(): TimelineRow[] {
    for (const target of this.#gpuNow.keys()) this.#endGpuSecond(target);
    return [...this.#byTarget].flatMap(([target, seconds]) => {
      const [first, last] = [Math.min(...seconds.keys()), Math.max(...seconds.keys())];
      let inFlight = 0;
      return Array.from({ length: last - first + 1 }, (_, i) => {
        const row = seconds.get(first + i) ?? emptyRow(first + i, target);
        inFlight += row.inFlight;
        const gpu = this.#gpuSeconds.get(gpuKey(target, row.second));
        return { ...row, inFlight, ...(gpu === undefined ? {} : { gpu }) };
      });
    });
  }

  #endGpuSecond(target: string): void {
    const now = this.#gpuNow.get(target);
    if (now !== undefined) this.#gpuSeconds.set(gpuKey(target, now.second), gpuSecond(now.samples));
  }

  #row(target: string, timeMs: number): OpenRow {
    let seconds = this.#byTarget.get(target);
    if (seconds === undefined) {
      seconds = new Map();
      this.#byTarget.set(target, seconds);
    }
    const second = Math.floor(timeMs / 1000);
    let row = seconds.get(second);
    if (row === undefined) {
      row = emptyRow(second, target);
      seconds.set(second, row);
    }
    return row;
  }
}

const gpuKey = (target: string, second: number) => `${second} ${target}`;

function gpuSecond(samples: readonly GpuSample[]): GpuSecond {
  const idOf = ({ device: { host, uuid, index } }: GpuSample) => uuid ?? `${host} ${index}`;
  const gpus = [...new Set(samples.map(idOf))].map(id => samples.filter(sample => idOf(sample) === id));
  const means = (of: (sample: GpuSample) => number | undefined) =>
    gpus.flatMap(own => mean(own.flatMap(sample => of(sample) ?? [])) ?? []);
  return {
    simulated: samples.some(sample => sample.simulated),
    utilisationRatio: mean(means(sample => sample.utilisationRatio)),
    memoryUsedBytes: total(means(sample => sample.memoryUsedBytes)),
    powerWatts: total(means(sample => sample.powerWatts)),
    temperatureCelsius: mean(means(sample => sample.temperatureCelsius)),
    smClockMHz: mean(means(sample => sample.smClockMHz)),
  };
}

function total(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : (total(values) as number) / values.length;
}

function emptyRow(second: number, target: string): OpenRow {
  const counts = Object.fromEntries(outcomeKinds.map(kind => [kind, 0])) as Record<OutcomeKind, number>;
  return { second, target, due: 0, sent: 0, counts, outputTokens: 0, inFlight: 0 };
}
