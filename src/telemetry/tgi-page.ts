import type { ServerSample, Totals } from '../record/server-sample.ts';
import { type MetricSample, parsePrometheus } from './prometheus.ts';

type TgiValues = Omit<ServerSample, 'atMs' | 'source' | 'target' | 'simulated'>;

const gauges = {
  tgi_queue_size: 'queueSize',
  tgi_batch_current_size: 'batchSize',
  tgi_batch_current_max_tokens: 'batchMaxTokens',
} as const;

/** TGI's counters have no `_total`; a proxy of metrics may add it. */
const counters = { tgi_request_count: 'requests', tgi_request_success: 'successes' } as const;

const histograms = {
  tgi_request_duration: 'totalMs',
  tgi_request_validation_duration: 'validationMs',
  tgi_request_queue_duration: 'queueMs',
  tgi_request_inference_duration: 'inferenceMs',
} as const;

const failure = 'tgi_request_failure';
const isOfTgi = (name: string) => name.startsWith('tgi_') && !name.endsWith('_bucket');

/** What TGI's page says; undefined where it is another's page, or none. A page of a server that was never used is empty. */
export function readTgiPage(text: string): TgiValues | undefined {
  const samples = parsePrometheus(text, isOfTgi);
  if (samples === undefined || (samples.length === 0 && text.trim() !== '')) return undefined;
  const values: Record<string, unknown> = {};
  for (const [name, key] of Object.entries({ ...gauges, ...counters })) add(values, key, total(samples, name));
  for (const [name, key] of Object.entries(histograms)) add(values, key, totals(samples, name));
  const failures = samples.filter(({ name }) => isNamed(name, failure));
  if (failures.length > 0)
    values['failures'] = Object.fromEntries(failures.map(({ labels, value }) => [labels['err'] ?? 'unknown', value]));
  return values;
}

function add(values: Record<string, unknown>, key: string, value: unknown): void {
  if (value !== undefined) values[key] = value;
}

const isNamed = (name: string, wanted: string) => name === wanted || name === `${wanted}_total`;

/** Over all label sets; undefined where there is none, or one is no number. */
function total(samples: readonly MetricSample[], wanted: string): number | undefined {
  const values = samples.filter(({ name }) => isNamed(name, wanted)).map(({ value }) => value);
  const sum = values.reduce((all, value) => all + value, 0);
  return values.length === 0 || !Number.isFinite(sum) ? undefined : sum;
}

/** A histogram of seconds, in ms. */
function totals(samples: readonly MetricSample[], wanted: string): Totals | undefined {
  const [seconds, count] = [total(samples, `${wanted}_sum`), total(samples, `${wanted}_count`)];
  return seconds === undefined || count === undefined ? undefined : { sum: seconds * 1000, count };
}
