import { z } from 'zod';
import { parseDurationMs } from '../units.ts';

/** A duration as it stands in a file; milliseconds once it is read. */
export const duration = z
  .string({ error: 'expected a duration such as 30s, 250ms or 5m' })
  .regex(/^\s*\d+(\.\d+)?\s*(ms|s|m|h)\s*$/, { error: 'expected a duration such as 30s, 250ms or 5m' })
  .transform(text => parseDurationMs(text) ?? Number.NaN)
  .describe('A duration: 250ms, 30s, 5m, 1h');
