/**
 * The engine in virtual time: permits, stretches of steps, and who is told of which token. It goes from event to
 * event, which are an arrival, the end of a sequence and a change of the batch; between two of them lies a stretch,
 * in closed form.
 *
 * Invariant: the batch changes only between stretches, and a stretch begins only when time moves on past its start.
 */

import type { Random } from '../random.ts';
import type { Batcher } from './batcher.ts';
import type { Engine, EngineOptions, EngineRequest, EngineState, OnToken } from './engine.ts';
import type { KvCache } from './kv-cache.ts';
import { type BatchLimits, brokenLimit } from './limits.ts';
import type { Model } from './model.ts';
import { arrivedSequence, presentCount, type Sequence } from './sequence.ts';
import type { Stalls } from './stalls.ts';
import { jitter, type StepCosts } from './step-time.ts';
import { addPartOfStep, addSteps, cutAt, type Stretch, stepEndMs, stepsEndedBy, stretchOf } from './stretch.ts';

/** What a virtual engine is made of: the engine's options with presets looked up and defaults filled in. */
export interface EngineParts {
  readonly model: Model;
  readonly costs: StepCosts;
  readonly limits: BatchLimits;
  readonly cache: KvCache;
  readonly batcher: Batcher;
  readonly stalls: Stalls;
  /** Draws how far each step lies off the mean; undefined for not at all. */
  readonly random: Random | undefined;
  readonly everyToken: boolean;
  readonly onToken: OnToken;
  readonly onStart: EngineOptions['onStart'];
}

export class VirtualEngine implements Engine {
  readonly #parts: EngineParts;
  /** Everyone who holds a permit. */
  readonly #permits = new Map<number, Sequence>();
  #stretch: Stretch | undefined;
  /** While there is no stretch: when queue and batch are looked at next. */
  #boundaryMs = 0;
  /** The time last handed in. */
  #nowMs = 0;
  /** The holder is being told of tokens; it may submit and cancel meanwhile. */
  #telling = false;
  readonly #totals = {
    busyMs: 0,
    prefillMs: 0,
    bytesRead: 0,
    flops: 0,
    inputTokens: 0,
    outputTokens: 0,
    accepted: 0,
    overloaded: 0,
    finished: 0,
  };

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  submit(request: EngineRequest, atMs: number): 'accepted' | 'overloaded' {
    this.advance(atMs);
    const { batcher, limits } = this.#parts;
    if (this.#permits.size >= limits.maxConcurrentRequests) {
      this.#totals.overloaded++;
      return 'overloaded';
    }
    const broken = brokenLimit(request, limits);
    if (broken !== undefined) throw new RangeError(`request ${request.id} is over ${broken}`);
    if (!this.#hasWork()) this.#boundaryMs = Math.max(this.#boundaryMs, atMs);
    const sequence = arrivedSequence(request);
    this.#permits.set(request.id, sequence);
    this.#totals.accepted++;
    batcher.append(sequence);
    this.#cut(atMs);
    return 'accepted';
  }

  cancel(id: number, atMs: number): void {
    this.advance(atMs);
    const sequence = this.#permits.get(id);
    if (sequence === undefined) return;
    this.#permits.delete(id);
    this.#parts.batcher.leave(sequence);
    this.#cut(atMs);
  }

  nextMs(): number | undefined {
    if (this.#stretch === undefined) {
      if (!this.#hasWork()) return undefined;
      const startMs = this.#parts.stalls.after(this.#boundaryMs);
      if (startMs > this.#nowMs) return startMs;
      this.#begin(startMs);
    }
    if (this.#stretch === undefined) return undefined;
    return stepEndMs(this.#stretch, this.#parts.everyToken ? this.#stretch.done + 1 : this.#stretch.steps);
  }

  advance(untilMs: number): void {
    // Whoever is being told of a token is at the time of that token already.
    if (this.#telling) return;
    while (this.#hasWork()) {
      if (this.#stretch === undefined) {
        const startMs = this.#parts.stalls.after(this.#boundaryMs);
        if (startMs >= untilMs) break;
        this.#begin(startMs);
      }
      if (this.#stretch === undefined || !this.#carryOut(this.#stretch, untilMs)) break;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  state(): EngineState {
    const { batcher, cache } = this.#parts;
    const totals = { ...this.#totals };
    if (this.#stretch !== undefined) addPartOfStep(totals, this.#stretch, this.#nowMs);
    return {
      ...totals,
      cancelled: batcher.cancelled,
      queued: batcher.queued,
      running: batcher.running,
      permits: this.#permits.size,
      kvTokens: cache.reservedTokens,
      kvCapacityTokens: cache.capacityTokens,
    };
  }

  stall(atMs: number, durationMs: number): void {
    this.#parts.stalls.add(atMs, durationMs);
    this.#cut(Math.max(atMs, this.#nowMs));
  }

  #hasWork(): boolean {
    return this.#stretch !== undefined || this.#parts.batcher.running > 0 || this.#parts.batcher.queued > 0;
  }

  /** Settles what is done next and begins it; nothing where all who waited went away. */
  #begin(startMs: number): void {
    const { batcher, costs, model, onStart, random, stalls } = this.#parts;
    const plan = batcher.next();
    if (plan === undefined) return;
    const stretch = stretchOf(startMs, plan, model, costs, random === undefined ? 1 : jitter(random));
    if (random !== undefined) stretch.steps = 1;
    const stallMs = stalls.nextMs(startMs);
    if (stallMs !== undefined) cutAt(stretch, stallMs);
    this.#stretch = stretch;
    for (const { request } of plan.started) onStart?.(request.id, startMs);
  }

  /** Has queue and batch looked at when the step in progress ends. */
  #cut(atMs: number): void {
    if (this.#stretch === undefined) return;
    cutAt(this.#stretch, atMs);
    if (!this.#telling) this.#closeIfOver(this.#stretch);
  }

  #closeIfOver(stretch: Stretch): void {
    if (this.#stretch !== stretch || stretch.done < stretch.steps) return;
    this.#boundaryMs = stepEndMs(stretch, stretch.done);
    this.#stretch = undefined;
  }

  /** Carries out a stretch's steps up to a time; true when it is over then. */
  #carryOut(stretch: Stretch, untilMs: number): boolean {
    if (this.#parts.everyToken) {
      // Whoever is told of a token may cut the stretch, so its length is read anew each time.
      while (stretch.done < stretch.steps && stepEndMs(stretch, stretch.done + 1) <= untilMs) this.#end(stretch, 1);
    } else {
      const ended = stepsEndedBy(stretch, untilMs);
      if (ended > stretch.done) this.#end(stretch, ended - stretch.done);
    }
    this.#closeIfOver(stretch);
    return this.#stretch === undefined;
  }

  /** Counts steps that have ended, and tells of their tokens. */
  #end(stretch: Stretch, steps: number): void {
    addSteps(this.#totals, stretch, steps);
    stretch.done += steps;
    const atMs = stepEndMs(stretch, stretch.done);
    this.#nowMs = Math.max(this.#nowMs, atMs);
    const { decoded, joined, finished } = this.#parts.batcher.progress(stretch, steps, stretch.done === stretch.steps);
    this.#totals.outputTokens += steps * presentCount(decoded) + presentCount(joined);
    for (const { request } of joined) this.#totals.inputTokens += request.inputTokens;
    for (const sequence of finished) {
      if (sequence.gone) continue;
      this.#permits.delete(sequence.request.id);
      this.#totals.finished++;
    }
    this.#closeIfOver(stretch);
    this.#tell(decoded, atMs);
    this.#tell(joined, atMs);
  }

  #tell(sequences: readonly Sequence[], atMs: number): void {
    const { batcher, everyToken, onToken } = this.#parts;
    this.#telling = true;
    try {
      for (const sequence of sequences) {
        const { id, outputTokens } = sequence.request;
        const index = batcher.given(sequence);
        const last = index === outputTokens;
        if (!sequence.gone && (everyToken || index === 1 || last)) onToken(id, index, atMs, last);
      }
    } finally {
      this.#telling = false;
    }
  }
}
