/** The columns and cells that tables of measurements are made of. */
import { type MetricSummary, type QuantileKey, quantiles } from '../record/summary.ts';
import { smallestSample } from '../stats/quantile.ts';
import { formatNumber, formatRatio, missing } from '../units.ts';
import type { Column, TableCell } from './document.ts';

export const left = (label: string): Column => ({ label, align: 'left' });
export const right = (label: string, group?: string): Column => ({
  label,
  ...(group === undefined ? {} : { group }),
  align: 'right',
});

export const number = (value: number | null): TableCell => ({
  text: value === null ? missing : formatNumber(value),
  value,
});
export const share = (value: number | null): TableCell => ({
  text: value === null ? missing : formatRatio(value),
  value,
});
export const count = (value: number): TableCell => ({ text: value.toLocaleString('en-US'), value });

/** A quantile, `≥` before it where requests that never ended reach it, and a dash where too few requests stand behind it. */
export function quantileCell(summary: MetricSummary, key: QuantileKey): TableCell {
  const { n, [key]: value } = summary;
  if (value === null) return { text: missing, value, n, ...(n > 0 ? { notes: [tooFew(key)] } : {}) };
  if (summary.censoredQuantiles.includes(key))
    return {
      text: `≥ ${formatNumber(value)}`,
      value,
      n,
      notes: ['requests that were taken and never ended reach this quantile: it is at least this'],
    };
  return { text: formatNumber(value), value, n };
}

function tooFew(key: QuantileKey): string {
  return `too few requests for ${key}: it needs ${smallestSample(quantiles[key])}`;
}
