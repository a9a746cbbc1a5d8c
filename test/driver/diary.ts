import { arrivals, warmupLaw } from '../../src/arrival/arrivals.ts';
import type { Clock } from '../../src/clock.ts';
import { type Driver, type EndReason, type Observer, type StageFinish, StageStart } from '../../src/driver/driver.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Cell, Load } from '../../src/scenario/expand.ts';

/** A driver on something whose answers take longer the more tokens they have, and the way to wait for it. */
export interface Bed {
  readonly driver: Driver;
  readonly clock: Clock;
  run<T>(work: Promise<T>): Promise<T>;
}

/** What a driver is asked to drive. */
export interface Given {
  readonly load: Load;
  readonly end: Cell['end'];
  readonly stream: boolean;
  /** None where it is not given. */
  readonly warmup?: Cell['warmup'];
  /** All slots at once where it is not given. */
  readonly staggerMs?: number | 'unknown';
  readonly drainMs?: number;
  /** How long answers are. */
  readonly tokens?: number;
  readonly signal?: AbortSignal;
  readonly finish?: StageFinish;
  readonly onEnd?: (record: RequestRecord) => void;
}

/** A closed loop without pauses. */
export function closed(concurrency: number): Load {
  return { kind: 'closed', concurrency, effectiveConcurrency: concurrency, thinkTimeMs: 0 };
}

/** Everything a driver said while it drove. */
export class Diary implements Observer {
  readonly records: RequestRecord[] = [];
  readonly openings: number[] = [];
  readonly closings: { readonly atMs: number; readonly reason: EndReason }[] = [];
  /** The prompts that were made, in the order they were. */
  readonly prompts: string[] = [];
  dueCount = 0;
  readonly #onEnd: (record: RequestRecord) => void;

  constructor(onEnd: (record: RequestRecord) => void = () => {}) {
    this.#onEnd = onEnd;
  }

  opened(atMs: number): void {
    this.openings.push(atMs);
  }

  closed(atMs: number, reason: EndReason): void {
    this.closings.push({ atMs, reason });
  }

  stopped(): void {}

  due(): number {
    return this.dueCount++;
  }

  ended(record: RequestRecord): void {
    this.records.push(record);
    this.#onEnd(record);
  }

  /** In the order they were due. */
  get inOrder(): RequestRecord[] {
    return this.records.toSorted((a, b) => a.seq - b.seq);
  }

  get measured(): RequestRecord[] {
    return this.inOrder.filter(({ phase }) => phase === 'measured');
  }
}

/** Drives one phase to its end and gives what was said of it. */
export async function drive({ driver, run }: Bed, given: Given): Promise<Diary> {
  const diary = new Diary(given.onEnd);
  const path = '/m/gpu0/generate';
  const cell: Cell = {
    index: 0,
    stage: 0,
    target: { name: 'm/gpu0', model: 'm', gpu: 0, protocol: 'tgi', path, workloads: ['chat'] },
    workload: 'chat',
    load: given.load,
    end: given.end,
    warmup: given.warmup ?? { turnovers: 0 },
    order: 'interleaved',
    driver: 'undici',
    step: 0,
    repetition: 1,
  };
  const phase = {
    cell,
    arrivals: (load: Parameters<typeof warmupLaw>[0], part: string) => arrivals(warmupLaw(load), 42, part),
    requestOf: (part: string, index: number) => {
      const prompt = `${part} ${index} – Grüße`;
      diary.prompts.push(prompt);
      return { prompt, images: [], maxNewTokens: given.tokens ?? 5, parameters: {}, stream: given.stream };
    },
    drainMs: given.drainMs ?? 5_000,
    staggerMs: given.staggerMs === 'unknown' ? undefined : (given.staggerMs ?? 0),
    stopIf: [],
    start: new StageStart(1),
    finish: given.finish,
  };
  await run(driver.drive(phase, diary, given.signal ?? new AbortController().signal));
  return diary;
}
