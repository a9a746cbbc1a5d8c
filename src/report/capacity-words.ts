/** How the figures of a capacity report are written. */
import type { Capacity } from '../analysis/capacity/capacity.ts';
import { provenanceText, type Range } from '../analysis/capacity/figure.ts';
import type { Count, Plan } from '../analysis/capacity/plan.ts';
import { formatNumber, missing } from '../units.ts';

/** `8.20–10.1`, `≥ 8.20` where nothing bounds it above, `–` of nothing. */
export function rangeText(figure: Range | null, format = formatNumber): string {
  if (figure === null) return missing;
  const { low, high, value } = figure;
  if (high === null) return `≥ ${format(low ?? value)}`;
  if (low === null) return `≤ ${format(high)}`;
  const [from, to] = [format(low), format(high)];
  return from === to ? from : `${from}–${to}`;
}

/** `7–9`, `≤ 9` where nothing bounds it below. */
export function countText({ value, low, high }: Count): string {
  if (low === null) return high === null ? `about ${value}` : `≤ ${high}`;
  if (high === null) return `≥ ${low}`;
  return low === high ? String(low) : `${low}–${high}`;
}

/** `7–9 GPUs; TTFT binds; measured`. */
export function planText({ gpus, certainty }: Pick<Plan, 'gpus' | 'certainty'>, binding: string | null): string {
  const many = gpus.low === 1 && gpus.high === 1 ? 'GPU' : 'GPUs';
  return `${countText(gpus)} ${many}; ${binding ?? 'nothing'} binds; ${provenanceText(certainty)}`;
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
