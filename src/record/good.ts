import { metrics, valuesIn } from './metrics.ts';
import type { RequestRecord } from './request-record.ts';

/** Whether a request succeeded within every limit of `goodput`, by metric. */
export function isGood(record: RequestRecord, limits: Readonly<Record<string, number>>): boolean {
  return (
    record.outcome.kind === 'ok' &&
    metrics.every(metric => {
      const limit = limits[metric.name];
      if (limit === undefined) return true;
      const values = valuesIn(metric, record);
      // An answer of one token has no gaps to be too long; one without a first token cannot have had it in time.
      return metric.name === 'ttftMs' && values.length === 0 ? false : values.every(value => value <= limit);
    })
  );
}
