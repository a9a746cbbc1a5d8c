/**
 * The only place where text meets quantity: durations and sizes are read here, and every number that a person sees
 * is formatted here.
 */

const durationUnitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** `30s`, `250ms`, `5m`, `1.5h` in milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/.exec(text);
  const unit = match?.[2] ?? '';
  return match === null || !Object.hasOwn(durationUnitsMs, unit)
    ? undefined
    : Number(match[1]) * (durationUnitsMs[unit] as number);
}

/** What stands where there is no number: missing is never zero. */
export const missing = '–';

/** Three significant digits without an exponent, thousands separated by a thin comma: `0.123`, `12.3`, `1,234`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return missing;
  const magnitude = Math.abs(value);
  if (magnitude >= 99.95) return Math.round(value).toLocaleString('en-US');
  if (magnitude >= 9.995) return value.toFixed(1);
  if (magnitude >= 0.9995 || magnitude === 0) return value.toFixed(2);
  return value.toFixed(3);
}

/** A length of time with its unit, as coarse as a reader wants it: `850 µs`, `12.3 ms`, `1.25 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return missing;
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${formatNumber(ms)} ms`;
  if (ms < 60_000) return `${formatNumber(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A share of one as a percentage: `0 %`, `0.25 %`, `12.5 %`. */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return missing;
  const percent = ratio * 100;
  // All and nothing are said only of all and nothing.
  if (percent > 0 && percent < 0.005) return '< 0.01 %';
  if (percent < 100 && percent >= 99.95) return '> 99.9 %';
  const digits = percent === 0 || percent >= 99.95 ? 0 : percent >= 10 ? 1 : 2;
  return `${percent.toFixed(digits)} %`;
}

/** How far a number moved, as a share of itself with its sign: `+24.8 %`, `−3.10 %`, `+140 %`, `0 %`. */
export function formatChange(ratio: number): string {
  if (!Number.isFinite(ratio)) return missing;
  if (ratio === 0) return '0 %';
  const percent = Math.abs(ratio) * 100;
  const size = percent < 0.9995 ? percent.toFixed(2) : formatNumber(percent);
  return `${ratio < 0 ? '−' : '+'}${size} %`;
}

/** A size in decimal units: `512 B`, `25.3 kB`, `1.20 MB`. */
export function formatBytes(bytes: number): string {
  for (const [unit, scale] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= scale) return `${formatNumber(bytes / scale)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

/** `1 request`, `3 requests`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
