/**
 * How far a host's clock seems to be ahead of ours, in ms, from the local time it printed (`2026/07/14 08:12:53.353`)
 * and our own wall clock as that arrived: its time zone and the way here are in it. Undefined where no day was printed.
 */
export function clockAheadMs(printed: string | undefined, nowMs: number): number | undefined {
  const match = /^(\d{4})[/-](\d\d)[/-](\d\d)[ T](\d\d):(\d\d):(\d\d)\.(\d{3})$/.exec(printed ?? '');
  if (match === null) return undefined;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  const [day, hour, minute, second, ms] = rest;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms) - nowMs;
}
