import { metrics } from './metrics.ts';
import type { RequestRecord } from './request-record.ts';

/** Whether a request succeeded within every limit of `goodput`, by metric. */
export function isGood(record: RequestRecord, limits: Readonly<Record<string, number>>): boolean {
  return (
    record.outcome.kind === 'ok' &&
    metrics.every(({ name, of }) => {
      const limit = limits[name];
      if (limit === undefined) return true;
      const values = of(record);
      // An answer of one token has no gaps to be too long; one without a first token cannot have had it in time.
      return name === 'ttftMs' && values.length === 0 ? false : values.every(value => value <= limit);
    })
  );
}
