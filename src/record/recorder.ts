/**
 * Records in, the numbers of one cell out, in memory that does not grow with their number. The same recorder makes the
 * numbers of a run while it lasts and of a run directory read again.
 */
import { isUnfinished, type OutcomeKind, outcomeKinds } from '../protocol/outcome.ts';
import { Histogram } from '../stats/histogram.ts';
import { FailureExamples } from './failure-examples.ts';
import { isGood } from './good.ts';
import { metricSummary, type QuantileValue, quantileOf, type Series } from './metric-summary.ts';
import { type Metric, type MetricName, metrics } from './metrics.ts';
import { type RequestRecord, tokensPerEvent } from './request-record.ts';
import {
  type Counts,
  type MetricSummary,
  type QuantileKey,
  quantiles,
  type Rates,
  type Summary,
  type VariantSummary,
} from './summary.ts';
import { WindowSum } from './window-sum.ts';

export interface RecorderOptions {
  /** The per-request limits of `goodput:`, by metric. */
  readonly goodput: Readonly<Record<string, number>> | undefined;
  /** What an unfinished request is at least charged. */
  readonly requestTimeoutMs: number;
  /** Whether its requests come from several workloads, of each of which the numbers are wanted as well. */
  readonly isMixed?: boolean;
}

/** A series while it is added to. */
type RecordedSeries = { -readonly [Key in keyof Series]: Series[Key] } & {
  /** Counts a value. */
  readonly take: (value: number) => void;
};

function recordedSeries(metric: Metric): RecordedSeries {
  const histogram = new Histogram();
  const take = (value: number) => histogram.record(Math.max(0, value));
  return { metric, histogram, requests: 0, unfinished: 0, boundMs: Number.POSITIVE_INFINITY, take };
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #series: readonly RecordedSeries[] = metrics.map(recordedSeries);
  readonly #counts = Object.fromEntries(outcomeKinds.map(kind => [kind, 0])) as Record<OutcomeKind, number>;
  readonly #attempts = { ...this.#counts };
  readonly #retries = { requests: 0, attempts: 0, recovered: 0 };
  readonly #examples = new FailureExamples();
  readonly #arrived = { ended: new WindowSum(), outputTokens: new WindowSum(), inputTokens: new WindowSum() };
  /** A recorder for each workload of a mix. */
  readonly #byWorkload = new Map<string, Recorder>();
  /** A recorder for each kind of request, where there are several. */
  readonly #byVariant = new Map<string, Recorder>();
  #openedMs: number | undefined;
  #closedMs: number | undefined;
  readonly #uncounted = { warmup: 0, cooldown: 0 };
  #good = 0;
  #answers = {
    count: 0,
    inputTokens: 0,
    inputKnown: 0,
    askedTokens: 0,
    askedKnown: 0,
    outputTokens: 0,
    outputKnown: 0,
    empty: 0,
    byLength: 0,
    reasonKnown: 0,
  };

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** The window begins. What arrives after it counts as throughput; the caller says so before any later record is added. */
  open(atMs: number): void {
    this.#openedMs = atMs;
    for (const sum of Object.values(this.#arrived)) sum.open(atMs);
    for (const recorder of this.#byWorkload.values()) recorder.open(atMs);
  }

  /** The window ends: what arrives later is drain. */
  close(atMs: number): void {
    this.#closedMs = atMs;
    for (const sum of Object.values(this.#arrived)) sum.close(atMs);
    for (const recorder of this.#byWorkload.values()) recorder.close(atMs);
  }

  add(record: RequestRecord): void {
    this.#addArrivals(record);
    if (this.#options.isMixed) this.#workloadOf(record).add(record);
    if (record.phase !== 'measured') {
      this.#uncounted[record.phase]++;
      return;
    }
    this.#addVariant(record);
    this.#counts[record.outcome.kind]++;
    this.#addAttempts(record);
    this.#examples.add(record.outcome);
    this.#addAnswer(record);
    if (this.#options.goodput !== undefined && isGood(record, this.#options.goodput)) this.#good++;
    const unfinished = isUnfinished(record.outcome);
    if (record.outcome.kind !== 'ok' && !unfinished) return;
    for (let k = 0; k < this.#series.length; k++) this.#addTo(this.#series[k] as RecordedSeries, record, unfinished);
  }

  #addTo(series: RecordedSeries, record: RequestRecord, isUnfinished: boolean): void {
    const before = series.histogram.count;
    series.metric.each(record, series.take);
    const lost = isUnfinished && series.metric.unfinished(record);
    if (lost) {
      series.unfinished++;
      series.boundMs = Math.min(series.boundMs, this.#boundMs(record));
    }
    if (lost || series.histogram.count > before) series.requests++;
  }

  /** The numbers of the cell over its window. */
  summary(): Summary {
    const windowMs =
      this.#openedMs === undefined || this.#closedMs === undefined ? null : ([this.#openedMs, this.#closedMs] as const);
    const counts = { due: Object.values(this.#counts).reduce((a, b) => a + b, 0), ...this.#counts };
    return {
      windowMs,
      counts,
      warmupRequests: this.#uncounted.warmup,
      ...(this.#uncounted.cooldown === 0 ? {} : { cooldownRequests: this.#uncounted.cooldown }),
      rates: this.#rates(counts, windowMs),
      metrics: Object.fromEntries(
        this.#series.map(series => [series.metric.name, metricSummary(this.#known(series))]),
      ) as Record<MetricName, MetricSummary>,
      tokens: {
        askedInputMean: ratio(this.#answers.askedTokens, this.#answers.askedKnown),
        inputMean: ratio(this.#answers.inputTokens, this.#answers.inputKnown),
        outputMean: ratio(this.#answers.outputTokens, this.#answers.outputKnown),
        emptyAnswers: this.#answers.empty,
        endedByLengthRatio: ratio(this.#answers.byLength, this.#answers.reasonKnown),
      },
      ...(this.#retries.requests === 0 ? {} : { retries: { ...this.#retries } }),
      ...(this.#byWorkload.size === 0 ? {} : { byWorkload: this.#workloads() }),
      ...(this.#byVariant.size === 0 ? {} : { byVariant: this.#variants() }),
      examples: this.#examples.list(),
    };
  }

  /** A quantile so far; what it costs does not grow with the number of requests. */
  quantile(metric: MetricName, key: QuantileKey): QuantileValue {
    const series = this.#series.find(({ metric: { name } }) => name === metric);
    return series === undefined ? { value: null, censored: false } : quantileOf(this.#known(series), quantiles[key]);
  }

  /** Where answers came and none had a value, it has no meaning here (TTFT, where nothing is streamed). */
  #known(series: Series): Series {
    const isMeaningless = series.histogram.count === 0 && this.#counts.ok > 0;
    return isMeaningless ? { ...series, requests: 0, unfinished: 0 } : series;
  }

  #rates(counts: Counts, windowMs: readonly [number, number] | null): Rates {
    const seconds = windowMs === null ? 0 : (windowMs[1] - windowMs[0]) / 1000;
    const attempts = this.#attempts;
    const sent = Object.values(attempts).reduce((a, b) => a + b, 0);
    const refused = attempts.rate_limited + attempts.overloaded + attempts.forbidden;
    const goodput = this.#options.goodput !== undefined;
    return {
      offeredPerS: ratio(counts.due, seconds),
      achievedPerS: ratio(this.#arrived.ended.sum, seconds),
      outputTokensPerS: ratio(this.#arrived.outputTokens.sum, seconds),
      inputTokensPerS: ratio(this.#arrived.inputTokens.sum, seconds),
      goodputPerS: goodput ? ratio(this.#good, seconds) : null,
      goodputRatio: goodput ? ratio(this.#good, counts.due) : null,
      droppedRatio: ratio(counts.dropped, counts.due),
      rateLimitedRatio: ratio(attempts.rate_limited, sent),
      overloadedRatio: ratio(attempts.overloaded, sent),
      forbiddenRatio: ratio(attempts.forbidden, sent),
      errorRatio: ratio(sent - attempts.ok - refused, sent),
    };
  }

  /** Throughput goes by when things arrived, whenever their request was due. */
  #addArrivals(record: RequestRecord): void {
    const { tokenTimesMs, endMs, inputTokens, outputTokens } = record;
    const ok = record.outcome.kind === 'ok';
    const arrived = this.#arrived;
    if (ok) arrived.ended.add(endMs, 1, endMs);
    const perEvent = tokensPerEvent(record);
    arrived.outputTokens.addEach(tokenTimesMs, perEvent, endMs);
    if (tokenTimesMs.length === 0 && ok && outputTokens !== undefined)
      arrived.outputTokens.add(endMs, outputTokens, endMs);
    if ((ok || tokenTimesMs.length > 0) && inputTokens !== undefined)
      arrived.inputTokens.add(tokenTimesMs[0] ?? endMs, inputTokens, endMs);
  }

  #addAnswer(record: RequestRecord): void {
    if (record.outcome.kind !== 'ok') return;
    const answers = this.#answers;
    answers.count++;
    if (record.inputTokens !== undefined) {
      answers.inputKnown++;
      answers.inputTokens += record.inputTokens;
    }
    if (record.askedInputTokens !== undefined) {
      answers.askedKnown++;
      answers.askedTokens += record.askedInputTokens;
    }
    if (record.outputTokens !== undefined) {
      answers.outputKnown++;
      answers.outputTokens += record.outputTokens;
      if (record.outputTokens === 0) answers.empty++;
    }
    if (record.finishReason !== undefined) {
      answers.reasonKnown++;
      if (record.finishReason === 'length') answers.byLength++;
    }
  }

  /** What the limits of a service see are attempts: a request that is sent again is refused, or not, each time. */
  #addAttempts({ sentMs, outcome, attempts }: RequestRecord): void {
    if (sentMs === undefined || outcome.kind === 'dropped') return;
    const all = attempts ?? [{ outcome }];
    for (const attempt of all) this.#attempts[attempt.outcome.kind]++;
    if (all.length === 1) return;
    this.#retries.requests++;
    this.#retries.attempts += all.length - 1;
    if (outcome.kind === 'ok') this.#retries.recovered++;
  }

  /** A failure is charged the whole time limit; one that was given up while it drained, as long as it was waited for. */
  #boundMs({ outcome, dueMs, endMs }: RequestRecord): number {
    const limitMs = this.#options.requestTimeoutMs;
    return outcome.kind === 'abandoned' ? Math.min(limitMs, endMs - dueMs) : limitMs;
  }

  #workloadOf({ workload }: RequestRecord): Recorder {
    const known = this.#byWorkload.get(workload);
    if (known !== undefined) return known;
    const recorder = new Recorder({ ...this.#options, isMixed: false });
    if (this.#openedMs !== undefined) recorder.open(this.#openedMs);
    if (this.#closedMs !== undefined) recorder.close(this.#closedMs);
    this.#byWorkload.set(workload, recorder);
    return recorder;
  }

  #addVariant(tagged: RequestRecord): void {
    if (tagged.variant === undefined || this.#options.isMixed) return;
    const { variant, ...record } = tagged;
    const recorder = this.#byVariant.get(variant) ?? new Recorder(this.#options);
    this.#byVariant.set(variant, recorder);
    recorder.add(record);
  }

  #workloads(): Record<string, Summary> {
    const inOrder = [...this.#byWorkload].sort(([a], [b]) => a.localeCompare(b));
    return Object.fromEntries(inOrder.map(([workload, recorder]) => [workload, recorder.summary()]));
  }

  /** In the order of their names, `64x64` before `512x512`. */
  #variants(): Record<string, VariantSummary> {
    const inOrder = [...this.#byVariant].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    return Object.fromEntries(
      inOrder.map(([variant, recorder]) => {
        const { counts, metrics, tokens } = recorder.summary();
        const { ttftMs, responseTimeMs } = metrics;
        return [variant, { counts, metrics: { ttftMs, responseTimeMs }, inputTokensMean: tokens.inputMean }];
      }),
    );
  }
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
