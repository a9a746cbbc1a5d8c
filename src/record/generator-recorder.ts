import type { GeneratorSample } from './run.ts';

/** What the generator's own samples say of one cell's window: means over its time, and the worst. */
export interface GeneratorSummary {
  /** How much time the samples tell of. */
  readonly coveredMs: number;
  readonly loopDelayP99Ms: number;
  /** The share of the time in which the event loop stood still for long at a time, and the longest such time. */
  readonly stalledRatio: number;
  readonly longestStallMs: number;
  /** Of the busiest thread. */
  readonly cpuRatio: number;
  /** The share of the time in which its thread wanted to run and others had its core; only where the system tells. */
  readonly coreWaitRatio?: number;
  readonly gcRatio: number;
  readonly longestGcMs: number;
  /** By how much the wall clock was set, the largest such step with its sign, and for how long the machine slept. */
  readonly clockStepMs: number;
  readonly suspendedMs: number;
  readonly engineLateRatio?: number;
}

/** How long a stop of the event loop is a stall: far beyond what collecting garbage or a busy second costs. */
const stallMs = 50;
/** How often samples are taken. */
const intervalMs = 1_000;

/** Takes in the samples of the generator while a cell is driven; those that tell of some of its window count. */
export class GeneratorRecorder {
  readonly #sums = { loopDelayP99Ms: 0, cpuMs: 0, gcMs: 0, stalledMs: 0, coreWaitMs: 0 };
  #tellsOfCore = false;
  readonly #engine = { sum: 0, count: 0 };
  #count = 0;
  #coveredMs = 0;
  #longestStallMs = 0;
  #longestGcMs = 0;
  #clockStepMs = 0;
  #suspendedMs = 0;
  #beforeMs: number | undefined;
  #openedMs: number | undefined;
  #closedMs: number | undefined;
  #isOver = false;

  open(atMs: number): void {
    this.#openedMs = atMs;
  }

  close(atMs: number): void {
    this.#closedMs = atMs;
    // Where this is said late, a sample has told of all of it.
    this.#isOver = this.#count > 0 && (this.#beforeMs ?? atMs) > atMs;
  }

  add(sample: GeneratorSample): void {
    const { atMs } = sample;
    const elapsedMs = this.#beforeMs === undefined ? intervalMs : atMs - this.#beforeMs;
    this.#beforeMs = atMs;
    if (this.#isOver || this.#openedMs === undefined || atMs <= this.#openedMs) return;
    // The first one after the end still tells of it.
    this.#isOver = this.#closedMs !== undefined && atMs > this.#closedMs;
    this.#count++;
    this.#coveredMs += elapsedMs;
    this.#addLoop(sample, elapsedMs);
    this.#sums.cpuMs += sample.cpuRatio * elapsedMs;
    this.#sums.gcMs += sample.gcMs;
    this.#longestGcMs = Math.max(this.#longestGcMs, sample.longestGcMs ?? 0);
    this.#suspendedMs += sample.suspendedMs ?? 0;
    const { clockStepMs = 0 } = sample;
    if (Math.abs(clockStepMs) > Math.abs(this.#clockStepMs)) this.#clockStepMs = clockStepMs;
    this.#addCoreWait(sample);
    if (sample.engineLateRatio === undefined) return;
    this.#engine.sum += sample.engineLateRatio;
    this.#engine.count++;
  }

  /** Undefined where no sample tells of the window. */
  summary(): GeneratorSummary | undefined {
    if (this.#count === 0 || this.#coveredMs <= 0) return undefined;
    return {
      coveredMs: this.#coveredMs,
      loopDelayP99Ms: this.#sums.loopDelayP99Ms / this.#count,
      stalledRatio: this.#sums.stalledMs / this.#coveredMs,
      longestStallMs: this.#longestStallMs,
      cpuRatio: this.#sums.cpuMs / this.#coveredMs,
      ...(this.#tellsOfCore ? { coreWaitRatio: this.#sums.coreWaitMs / this.#coveredMs } : {}),
      gcRatio: this.#sums.gcMs / this.#coveredMs,
      longestGcMs: this.#longestGcMs,
      clockStepMs: this.#clockStepMs,
      suspendedMs: this.#suspendedMs,
      ...(this.#engine.count === 0 ? {} : { engineLateRatio: this.#engine.sum / this.#engine.count }),
    };
  }

  /** A sample that came late tells of a stop as well, should the loop's own monitor have stood still with it. */
  #addLoop({ loopDelayMs }: GeneratorSample, elapsedMs: number): void {
    this.#sums.loopDelayP99Ms += loopDelayMs.p99;
    const longestMs = Math.max(loopDelayMs.max, elapsedMs - intervalMs);
    this.#longestStallMs = Math.max(this.#longestStallMs, longestMs);
    if (longestMs > stallMs) this.#sums.stalledMs += Math.min(longestMs, elapsedMs);
  }

  /** Of several threads the one that waited longest. */
  #addCoreWait({ coreWaitMs, threads = [] }: GeneratorSample): void {
    const waited = [coreWaitMs, ...threads.map(thread => thread.coreWaitMs)].filter(ms => ms !== undefined);
    if (waited.length === 0) return;
    this.#tellsOfCore = true;
    this.#sums.coreWaitMs += Math.max(...waited);
  }
}
