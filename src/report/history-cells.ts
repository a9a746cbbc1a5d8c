/** Numbers of a history as text. */
import type { History } from '../analysis/history.ts';
import type { Reading } from '../analysis/measure.ts';
import { formatChange, formatNumber, formatRatio, missing } from '../units.ts';
import type { TableCell } from './document.ts';

type Kind = Pick<History, 'kind'>;

/** A value as its kind is written; `≥` before one that is only a bound. */
export function quantityCell({ value, censored }: Reading, { kind }: Kind): TableCell {
  if (value === null) return { text: missing, value };
  const text = kind === 'points' ? formatRatio(value) : formatNumber(value);
  return { text: censored ? `≥ ${text}` : text, value };
}

/** A change as a share of what it was before, or as a difference of shares in percentage points. */
export function changeText(change: number, { kind }: Kind): string {
  return kind === 'points' ? formatChange(change).replace(/%$/, 'pt') : formatChange(change);
}
