import { createEngine, type EngineOptions } from '../../../src/engine/engine.ts';
import { seededRandom } from '../../../src/random.ts';
import type { RequestRecord } from '../../../src/record/request-record.ts';
import type { CellResult, Run } from '../../../src/record/run.ts';
import type { Load } from '../../../src/scenario/expand.ts';

export const limits = { maxConcurrentRequests: 200, maxInputTokens: 4096, maxTotalTokens: 8192 };

/** The service that is measured: an engine as it comes or with other costs, and a way to it and back. */
export type MeasuredService = Pick<EngineOptions, 'gpu' | 'model'> &
  Partial<Pick<EngineOptions, 'speed' | 'scale' | 'host' | 'limits' | 'tgi'>> & { readonly networkMs: number };

/** A number of slots, or a rate per second. */
export type MeasuredLoad = { readonly slots: number } | { readonly ratePerS: number };

export type Lengths = (index: number) => { readonly inputTokens: number; readonly outputTokens: number };

/** Chat of mixed lengths. */
function chatLengths(seed: number): Lengths {
  return index => {
    const random = seededRandom(seed, 'lengths', index);
    return { inputTokens: random.integer(40, 900), outputTokens: random.integer(20, 220) };
  };
}

/** What a run of such a service leaves: a cell a load, measured with the jitter of a real one, in virtual time. */
export function measuredRun(
  service: MeasuredService,
  loads: readonly MeasuredLoad[],
  {
    seed = 1,
    requests = 300,
    lengths = chatLengths(seed),
  }: { seed?: number; requests?: number; lengths?: Lengths } = {},
): { readonly run: Run; readonly records: readonly RequestRecord[] } {
  const records = loads.flatMap((load, cell) => measureCell(service, load, { cell, seed, requests, lengths }));
  const cells = loads.map((load, index) => ({
    index,
    target: { name: 'm/gpu0', model: 'm', gpu: 0 },
    workload: 'chat',
    load: loadOf(load),
    validity: { verdict: 'valid', reasons: [] },
  }));
  const scenario = { workloads: { chat: { kind: 'text', prompt: {}, parameters: {}, stream: true } } };
  return { run: { cells: cells as unknown as CellResult[], scenario } as unknown as Run, records };
}

function loadOf(load: MeasuredLoad): Load {
  return 'slots' in load
    ? { kind: 'closed', concurrency: load.slots, effectiveConcurrency: load.slots, thinkTimeMs: 0 }
    : { kind: 'open', arrivals: 'poisson', ratePerS: load.ratePerS, whenFull: 'drop' };
}

interface CellOptions {
  readonly cell: number;
  readonly seed: number;
  readonly requests: number;
  readonly lengths: Lengths;
}

function measureCell(service: MeasuredService, load: MeasuredLoad, { cell, seed, requests, lengths }: CellOptions) {
  const { networkMs, ...engineOptions } = service;
  const records: RequestRecord[] = [];
  const firstMs = new Map<number, number>();
  const sentMs = new Map<number, number>();
  const random = seededRandom(seed, 'sends', cell);
  const warmup = 'slots' in load ? load.slots : 20;
  const total = requests + warmup;
  const due: number[] = [];
  if ('slots' in load) for (let i = 0; i < load.slots; i++) due.push(i * 10);
  else {
    let atMs = 0;
    for (let i = 0; i < total; i++) {
      atMs += random.exponential(load.ratePerS / 1000);
      due.push(atMs);
    }
  }
  const engine = createEngine({
    limits,
    ...engineOptions,
    seed: seed * 100 + cell,
    reports: 'first and last',
    onToken(id, index, atMs, last) {
      if (index === 1) firstMs.set(id, atMs);
      if (!last) return;
      const seenMs = atMs + networkMs / 2;
      records.push({
        seq: id,
        cell,
        phase: id < warmup ? 'warmup' : 'measured',
        target: 'm/gpu0',
        workload: 'chat',
        dueMs: sentMs.get(id) as number,
        sentMs: sentMs.get(id) as number,
        tokenTimesMs: [(firstMs.get(id) as number) + networkMs / 2, seenMs],
        endMs: seenMs,
        ...lengths(id),
        requestId: String(id),
        requestBytes: 0,
        outcome: { kind: 'ok' },
      });
      if ('slots' in load) due.push(seenMs);
    },
  });
  let nowMs = 0;
  for (let id = 0; Number.isFinite(nowMs); ) {
    engine.advance(nowMs);
    while (id < total && due.length > 0 && (due[0] as number) + networkMs / 2 <= nowMs) {
      sentMs.set(id, due.shift() as number);
      const own = lengths(id);
      engine.submit({ id: id++, images: 0, maxNewTokens: own.outputTokens, ...own }, nowMs);
    }
    const nextDue = id < total ? (due[0] ?? Number.POSITIVE_INFINITY) + networkMs / 2 : Number.POSITIVE_INFINITY;
    nowMs = Math.min(nextDue, engine.nextMs() ?? Number.POSITIVE_INFINITY);
  }
  return records;
}
