import { expect, it } from 'vitest';
import { clockAheadMs } from '../../src/telemetry/clock-ahead.ts';

it('tells how far a clock is ahead, its time zone included, and nothing where no day was printed', () => {
  const now = Date.UTC(2026, 6, 14, 8, 26, 34, 900);
  expect(clockAheadMs('2026/07/14 10:26:34.977', now)).toBe(7_200_077);
  expect(clockAheadMs('2026/07/14 08:26:34.000', now)).toBe(-900);
  expect(clockAheadMs('08:26:34.000', now)).toBeUndefined();
  expect(clockAheadMs(undefined, now)).toBeUndefined();
});
