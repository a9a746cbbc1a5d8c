/**
 * One model on one GPU in real time: the engine says when each token is due, a clock wakes it then, and whoever asked
 * is told. Invariant: the engine is driven by absolute deadlines, so lateness never adds up; it is measured.
 */

import type { Clock } from '../clock.ts';
import { createEngine, type Engine, type EngineRequest, type EngineState } from '../engine/engine.ts';
import type { ServedModel } from './catalogue.ts';
import type { Permits } from './permits.ts';
import { Punctuality, type PunctualityStatistics } from './punctuality.ts';
import { RouterMetrics } from './router-metrics.ts';

/** Whoever waits for the tokens of one request. */
export interface TokenListener {
  /** Its prompt left the queue for its first batch. */
  started(atMs: number): void;
  /** The token at `index`, from 1, was due at `atMs`. */
  token(index: number, atMs: number, last: boolean): void;
  /** The GPU is gone, and the request with it. */
  lost(): void;
}

/** What an engine did, and how far the service kept up with it. */
export interface EndpointStatistics extends PunctualityStatistics {
  readonly model: string;
  readonly gpu: number;
  readonly engine: EngineState;
}

export interface EndpointOptions {
  readonly served: ServedModel;
  readonly gpu: number;
  readonly gpuPreset: string;
  readonly speed: number;
  readonly seed: number;
  readonly permits: Permits;
  readonly clock: Clock;
}

export class Endpoint {
  readonly served: ServedModel;
  readonly gpu: number;
  readonly permits: Permits;
  readonly metrics: RouterMetrics;
  readonly #clock: Clock;
  readonly #engine: Engine;
  readonly #listeners = new Map<number, TokenListener>();
  readonly #punctuality = new Punctuality();
  #nextId = 1;
  #gone = false;
  #alarmMs: number | undefined;
  #callOff: () => void = () => {};

  constructor(options: EndpointOptions) {
    const { served, clock } = options;
    this.served = served;
    this.gpu = options.gpu;
    this.permits = options.permits;
    this.metrics = new RouterMetrics(served);
    this.#clock = clock;
    this.#engine = createEngine({
      gpu: options.gpuPreset,
      model: served.model,
      limits: served,
      speed: options.speed,
      seed: options.seed,
      onToken: (id, index, atMs, last) => this.#tell(id, index, atMs, last),
      onStart: (id, atMs) => this.#start(id, atMs),
    });
  }

  /** True while its GPU is gone. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Asks the engine; gives the id to cancel with, or undefined where the engine is full. */
  submit(lengths: Omit<EngineRequest, 'id'>, listener: TokenListener): number | undefined {
    const id = this.#nextId++;
    this.#listeners.set(id, listener);
    const accepted = this.#carryOut(nowMs => this.#engine.submit({ ...lengths, id }, nowMs)) === 'accepted';
    if (!accepted) this.#listeners.delete(id);
    return accepted ? id : undefined;
  }

  /** Takes a request out; it gets no more tokens. */
  cancel(id: number): void {
    if (this.#listeners.delete(id)) this.#carryOut(nowMs => this.#engine.cancel(id, nowMs));
  }

  stall(atMs: number, durationMs: number): void {
    this.#carryOut(() => this.#engine.stall(atMs, durationMs));
  }

  /** Loses the GPU: everything in the engine fails, until it is brought back. */
  lose(): void {
    this.#gone = true;
    for (const [id, listener] of [...this.#listeners]) {
      this.cancel(id);
      listener.lost();
    }
  }

  bringBack(): void {
    this.#gone = false;
  }

  /** What the engine is doing at this moment. */
  state(): EngineState {
    return this.#carryOut(nowMs => {
      this.#engine.advance(nowMs);
      return this.#engine.state();
    });
  }

  statistics(): EndpointStatistics {
    return { model: this.served.route, gpu: this.gpu, engine: this.state(), ...this.#punctuality.statistics() };
  }

  /** The container's `/metrics` page. */
  metricsPage(): string {
    return this.metrics.page(this.state(), this.#punctuality.passes());
  }

  close(): void {
    this.#callOff();
    this.#listeners.clear();
  }

  /** Does something to the engine at the present moment, then sees to it that the next thing happens in its time. */
  #carryOut<Result>(action: (nowMs: number) => Result): Result {
    const result = action(this.#clock.nowMs());
    this.#setAlarm();
    return result;
  }

  #setAlarm(): void {
    const nextMs = this.#engine.nextMs();
    if (nextMs === this.#alarmMs) return;
    this.#callOff();
    this.#alarmMs = nextMs;
    if (nextMs !== undefined) this.#callOff = this.#clock.at(nextMs, () => this.#wake());
  }

  #wake(): void {
    this.#alarmMs = undefined;
    this.#carryOut(nowMs => this.#engine.advance(nowMs));
  }

  #start(id: number, atMs: number): void {
    this.#punctuality.prefillBegan(atMs);
    this.#listeners.get(id)?.started(atMs);
  }

  #tell(id: number, index: number, atMs: number, last: boolean): void {
    const listener = this.#listeners.get(id);
    if (listener === undefined) return;
    if (last) this.#listeners.delete(id);
    listener.token(index, atMs, last);
    this.#punctuality.tokenWritten(atMs, this.#clock.nowMs());
  }
}
