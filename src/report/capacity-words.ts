/** How the figures of a capacity report are written. */
import type { Capacity } from '../analysis/capacity/capacity.ts';
import { type Figure, provenanceText } from '../analysis/capacity/figure.ts';
import { formatNumber, missing } from '../units.ts';

/** `8.20–10.1`, `≥ 8.20` where nothing bounds it above, `–` of nothing. */
export function rangeText(figure: Pick<Figure, 'value' | 'low' | 'high'> | null, format = formatNumber): string {
  if (figure === null) return missing;
  const { low, high, value } = figure;
  if (high === null) return `≥ ${format(low ?? value)}`;
  if (low === null) return `≤ ${format(high)}`;
  const [from, to] = [format(low), format(high)];
  return from === to ? from : `${from}–${to}`;
}

/** What an endpoint can take, on one line, the answer first. */
export function capacityText({ kind, perS, binding, gpus, why }: Capacity): string {
  const each = gpus === 1 ? 'per GPU' : `on ${gpus} GPUs`;
  switch (kind) {
    case 'unknown':
      return `not enough data: ${why}`;
    case 'below':
      return `no load measured meets the objectives; ${binding ?? missing} binds: ${why}`;
    default: {
      if (perS === null) return `its rate is not known: ${why}`;
      const what = binding === null ? 'nothing binds up to there' : `${binding} binds`;
      const within = perS.high === null || perS.low === null ? '' : ` (${rangeText(perS)})`;
      const rate = perS.high === null ? rangeText(perS) : formatNumber(perS.value);
      return `${rate}${within} requests/s ${each}; ${what}; ${provenanceText(perS)}`;
    }
  }
}
