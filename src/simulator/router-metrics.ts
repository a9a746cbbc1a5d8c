import type { EngineState } from '../engine/engine.ts';
import type { ServedModel } from './catalogue.ts';
import { BucketCounts, durationBounds, lengthBounds, sampleLines } from './prometheus.ts';
import type { Refusal } from './refusal.ts';

/** The moments of one request that was answered. */
export interface RequestTimes {
  readonly arrivedMs: number;
  readonly submittedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** TGI's names for the ways in which a request fails. */
type Failure = 'overloaded' | 'validation' | 'generation' | 'dropped';

/** What one container's router has counted since it began, under TGI's own metric names. */
export class RouterMetrics {
  #requests = 0;
  #successes = 0;
  readonly #failures: Record<Failure, number> = { overloaded: 0, validation: 0, generation: 0, dropped: 0 };
  readonly #durations = {
    tgi_request_duration: new BucketCounts(durationBounds),
    tgi_request_validation_duration: new BucketCounts(durationBounds),
    tgi_request_queue_duration: new BucketCounts(durationBounds),
    tgi_request_inference_duration: new BucketCounts(durationBounds),
    tgi_request_mean_time_per_token_duration: new BucketCounts(durationBounds),
  };
  readonly #lengths;

  constructor({ maxInputTokens, maxTotalTokens }: ServedModel) {
    this.#lengths = {
      tgi_request_input_length: new BucketCounts(lengthBounds(maxInputTokens)),
      tgi_request_generated_tokens: new BucketCounts(lengthBounds(maxTotalTokens)),
      tgi_request_max_new_tokens: new BucketCounts(lengthBounds(maxTotalTokens)),
    };
  }

  arrived(): void {
    this.#requests++;
  }

  /** A request was found valid. */
  validated(inputTokens: number, maxNewTokens: number): void {
    this.#lengths.tgi_request_input_length.record(inputTokens);
    this.#lengths.tgi_request_max_new_tokens.record(maxNewTokens);
  }

  succeeded(times: RequestTimes, generatedTokens: number): void {
    const { arrivedMs, submittedMs, startedMs, endedMs } = times;
    this.#successes++;
    this.#durations.tgi_request_duration.record((endedMs - arrivedMs) / 1000);
    this.#durations.tgi_request_validation_duration.record((submittedMs - arrivedMs) / 1000);
    this.#durations.tgi_request_queue_duration.record((startedMs - submittedMs) / 1000);
    this.#durations.tgi_request_inference_duration.record((endedMs - startedMs) / 1000);
    this.#durations.tgi_request_mean_time_per_token_duration.record((endedMs - startedMs) / 1000 / generatedTokens);
    this.#lengths.tgi_request_generated_tokens.record(generatedTokens);
  }

  dropped(): void {
    this.#failures.dropped++;
  }

  refused({ kind }: Refusal): void {
    if (kind === 'overloaded' || kind === 'generation') this.#failures[kind]++;
    else if (kind === 'invalid') this.#failures.validation++;
  }

  /** The `/metrics` page. */
  page(engine: EngineState, passes: { readonly prefill: number; readonly decode: number }): string {
    const byMethod = { 'method="prefill"': passes.prefill, 'method="decode"': passes.decode };
    const failures = Object.fromEntries(Object.entries(this.#failures).map(([why, count]) => [`err="${why}"`, count]));
    return [
      ...sampleLines('counter', 'tgi_request_count', { '': this.#requests }),
      ...sampleLines('counter', 'tgi_request_success', { '': this.#successes }),
      ...sampleLines('counter', 'tgi_request_failure', failures),
      ...sampleLines('counter', 'tgi_batch_inference_count', byMethod),
      ...sampleLines('counter', 'tgi_batch_inference_success', byMethod),
      ...sampleLines('gauge', 'tgi_queue_size', { '': engine.queued }),
      ...sampleLines('gauge', 'tgi_batch_current_size', { '': engine.running }),
      ...sampleLines('gauge', 'tgi_batch_current_max_tokens', { '': engine.kvTokens }),
      ...Object.entries({ ...this.#durations, ...this.#lengths }).flatMap(([name, counts]) => counts.lines(name)),
    ].join('\n');
  }
}
