/**
 * The engine: TGI's batching over a step-time model, in virtual time. It knows no HTTP and reads no clock; whoever
 * holds it says what time it is. The embedded service drives it in real time, the engine driver in virtual time.
 *
 * Invariant: times handed in never go back, and every token is reported once, in order of time.
 */

import { exitCodes, HarnessError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { Batcher } from './batcher.ts';
import { gpuPresets } from './gpu.ts';
import { kvCapacityTokens } from './gpu-memory.ts';
import { KvCache } from './kv-cache.ts';
import { type TgiVersion, withDefaults } from './limits.ts';
import { modelPresets } from './model.ts';
import { Stalls } from './stalls.ts';
import { type CostScale, type HostTime, stepCosts } from './step-time.ts';
import { VirtualEngine } from './virtual-engine.ts';

/** One request as the engine sees it: lengths only. */
export interface EngineRequest {
  /** Unique among the requests in the engine. */
  readonly id: number;
  /** Tokens of the prompt, images included. */
  readonly inputTokens: number;
  /** Pictures in the prompt; each costs a pass through the vision tower. */
  readonly images: number;
  /** What is reserved for the answer (`max_new_tokens`). */
  readonly maxNewTokens: number;
  /** What the answer will really have, 1 … maxNewTokens. */
  readonly outputTokens: number;
  /** How the prompt begins, where other prompts begin so too; only a v3 engine for text makes use of it. */
  readonly prefix?: SharedPrefix;
}

/** A beginning that prompts share: those with the same id have their first tokens in common. */
export interface SharedPrefix {
  readonly id: number | string;
  /** How many tokens this prompt shares with the earlier ones of this id. */
  readonly tokens: number;
}

/**
 * Called for each token: which request, the how-manieth (from 1), when, and whether it is the last one. It may submit
 * and cancel, which then counts as done at that time.
 */
export type OnToken = (id: number, index: number, atMs: number, last: boolean) => void;

export interface Engine {
  /**
   * Offers a request that arrives at `atMs` (what is due before is carried out first). `overloaded` when
   * `maxConcurrentRequests` are in the engine already; such a request leaves no trace but a count. Throws a RangeError
   * for one that breaks a limit (`brokenLimit`): TGI takes the permit first and validates then, and so must the holder.
   */
  submit(request: EngineRequest, atMs: number): 'accepted' | 'overloaded';
  /** Takes a request out, because its client went away; it gives no more tokens. Unknown ids are ignored. */
  cancel(id: number, atMs: number): void;
  /**
   * When the next thing happens; undefined while the engine is idle. What the batcher does at an instant is settled
   * when it is first asked for, so requests submitted at one instant before this is called share a batch. Where only
   * first and last tokens are reported, steps without either are passed over.
   */
  nextMs(): number | undefined;
  /** Carries out everything that is due up to and including `untilMs`. */
  advance(untilMs: number): void;
  /** What goes on at the time last handed in. */
  state(): EngineState;
  /**
   * Holds every step that begins in [atMs, atMs + durationMs) until the end of it: a stall, on demand. A step already
   * begun ends on time.
   */
  stall(atMs: number, durationMs: number): void;
}

/** What an engine is doing, and what it has done since it began; the counters never go back. */
export interface EngineState {
  readonly queued: number;
  readonly running: number;
  /** Permits taken, of maxConcurrentRequests: a client that went away gives its back before its sequence leaves. */
  readonly permits: number;
  /** KV-cache tokens reserved, and how many there are. */
  readonly kvTokens: number;
  readonly kvCapacityTokens: number;
  /** Time spent in steps, and of it in prefill. */
  readonly busyMs: number;
  readonly prefillMs: number;
  /** Bytes read from GPU memory and floating-point operations done, for utilisation and power. */
  readonly bytesRead: number;
  readonly flops: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly accepted: number;
  readonly overloaded: number;
  readonly finished: number;
  readonly cancelled: number;
}

/** The launcher's limits of one TGI container; what is undefined has TGI's default. */
export interface EngineLimits {
  readonly maxConcurrentRequests: number;
  readonly maxInputTokens: number;
  readonly maxTotalTokens: number;
  readonly maxBatchSize?: number;
  readonly maxBatchPrefillTokens?: number;
  readonly waitingServedRatio?: number;
  readonly maxWaitingTokens?: number;
}

export interface EngineOptions {
  /** A name of `gpuPresets`, such as `A100-80G`. */
  readonly gpu: string;
  /** A name of `modelPresets`, such as `mistral-7b`. */
  readonly model: string;
  readonly limits: EngineLimits;
  /** 1 is the preset as it is; 0.8 takes 25 % longer for every step. */
  readonly speed?: number;
  readonly seed?: number;
  /** v2 (default) pauses decoding for prefills; v3 mixes pieces of prompts into decode steps and keeps prefixes. */
  readonly tgi?: TgiVersion;
  /** Whether steps vary about their mean, as measured ones do (default), or take exactly the mean. */
  readonly jitter?: 'step' | 'none';
  /** What is reported: every token (default), or the first and last of each request, which takes far less time. */
  readonly reports?: 'every token' | 'first and last';
  /** Time on the host; TGI 1.0 took 1.45 ms a sequence. */
  readonly host?: HostTime;
  /** Factors on the step times of the preset. */
  readonly scale?: CostScale;
  /** Tokens of KV cache, in place of what the GPU's memory allows. */
  readonly kvCapacityTokens?: number;
  readonly onToken: OnToken;
  /** Called when a request leaves the queue for its first batch, where what TGI calls queue time ends. */
  readonly onStart?: (id: number, atMs: number) => void;
}

/**
 * An engine at rest at time 0. Throws a HarnessError for an unknown preset, a model that does not fit the GPU, and
 * limits that TGI would refuse to start with.
 */
export function createEngine(options: EngineOptions): Engine {
  const gpu = preset(gpuPresets, options.gpu, 'GPU');
  const model = preset(modelPresets, options.model, 'model');
  const chunked = options.tgi === 'v3' && !model.wholePrompts;
  const limits = withDefaults(options.limits, options.tgi ?? 'v2');
  const capacityTokens = options.kvCapacityTokens ?? kvCapacityTokens(gpu, model);
  if (capacityTokens < limits.maxTotalTokens) {
    throw refusal(
      `${options.model} on ${options.gpu} leaves ${capacityTokens} tokens of KV cache, maxTotalTokens asks ${limits.maxTotalTokens}`,
    );
  }
  if (!chunked && limits.maxBatchPrefillTokens < limits.maxInputTokens) {
    throw refusal(
      `maxBatchPrefillTokens ${limits.maxBatchPrefillTokens} is less than maxInputTokens ${limits.maxInputTokens}`,
    );
  }
  const cache = new KvCache(capacityTokens, chunked);
  return new VirtualEngine({
    model,
    costs: stepCosts(gpu, model, options.host, options.speed, options.scale),
    limits,
    cache,
    batcher: new Batcher(limits, chunked, cache),
    stalls: new Stalls(),
    random: options.jitter === 'none' ? undefined : seededRandom(options.seed ?? 0, 'engine', 'jitter'),
    everyToken: options.reports !== 'first and last',
    onToken: options.onToken,
    onStart: options.onStart,
  });
}

function preset<T>(presets: Readonly<Record<string, T>>, name: string, kind: string): T {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (found !== undefined) return found;
  throw new HarnessError(`no ${kind} preset is called ${name}`, {
    hint: `there are ${Object.keys(presets).join(', ')}`,
    exitCode: exitCodes.usage,
  });
}

function refusal(message: string): HarnessError {
  return new HarnessError(message, { hint: 'TGI would not start with these limits', exitCode: exitCodes.usage });
}
