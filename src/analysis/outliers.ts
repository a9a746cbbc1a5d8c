/**
 * Whether one GPU of a model is slower or faster than the others by more than the noise. Endpoints of one model and
 * workload are set side by side block by block, a block being one step in one repetition, so that load and time of day
 * cancel out; what is left to vary between blocks is the noise that a difference has to stand out from.
 */
import type { CellResult } from '../record/run.ts';
import { holm } from '../stats/holm.ts';
import { chanceOfRise, lowerBound, pairedShift, type Shift, upperBound } from '../stats/mean-shift.ts';
import { median } from '../stats/quantile.ts';
import { type Measure, read } from './measure.ts';

/** A number that endpoints are compared by, and which way it is good. */
export interface Yardstick extends Measure {
  readonly symbol: string;
  readonly better: 'lower' | 'higher';
}

/** Medians and throughput: what can be told from few requests. */
const yardsticks: readonly Yardstick[] = [
  { symbol: 'TTFT p50', metric: 'ttftMs', statistic: 0.5, better: 'lower' },
  { symbol: 'TPOT p50', metric: 'tpotMs', statistic: 0.5, better: 'lower' },
  { symbol: 'response p50', metric: 'responseTimeMs', statistic: 0.5, better: 'lower' },
  { symbol: 'tokens/s', metric: 'outputTokensPerS', statistic: undefined, better: 'higher' },
];

/** Differences of less than this matter to nobody. */
export const leastChangeRatio = 0.05;
export const leastBlocks = 3;
const alpha = 0.05;

/** How one number of an endpoint stands to the median of its like. */
export interface Deviation {
  readonly yardstick: Yardstick;
  readonly blocks: number;
  /** Its mean over the blocks, as a ratio less one: 0.1 is a tenth more. null: no block has it for all. */
  readonly changeRatio: number | null;
  /** 95 % confidence; null for fewer than three blocks, which say nothing of the noise. */
  readonly interval: readonly [number, number] | null;
  /** Whether it is more than the least that matters, and more than the noise. */
  readonly stands: boolean;
}

export interface Siblings {
  readonly model: string;
  readonly workload: string;
  readonly endpoints: readonly { readonly target: string; readonly deviations: readonly Deviation[] }[];
}

/** Every model and workload that was asked of several endpoints, with how each of them differs from the others. */
export function siblings(cells: readonly CellResult[]): Siblings[] {
  const groups = new Map<string, CellResult[]>();
  for (const cell of cells) {
    const key = JSON.stringify([cell.target.model, cell.workload]);
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()].flatMap(own => {
    const targets = [...new Set(own.map(({ target }) => target.name))].sort((a, b) =>
      a.localeCompare(b, 'en', { numeric: true }),
    );
    const [{ target, workload }] = own as [CellResult];
    return targets.length < 2 ? [] : [{ model: target.model, workload, endpoints: compared(own, targets) }];
  });
}

function compared(cells: readonly CellResult[], targets: readonly string[]): Siblings['endpoints'] {
  const all = yardsticks.flatMap(yardstick => {
    const blocks = differencesOf(cells, targets, yardstick);
    return targets.map(target => {
      const differences = blocks.map(block => block.get(target) as number);
      const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
      return {
        target,
        yardstick,
        blocks: differences.length,
        changeRatio: differences.length === 0 ? null : Math.expm1(mean),
        shift: differences.length < leastBlocks ? undefined : pairedShift(differences),
      };
    });
  });
  const tested = all.filter(({ shift }) => shift !== undefined);
  const adjusted = new Map(holm(tested.map(({ shift }) => twoSided(shift as Shift))).map((p, i) => [tested[i], p]));
  return targets.map(target => ({
    target,
    deviations: all
      .filter(each => each.target === target)
      .map(each => ({
        yardstick: each.yardstick,
        blocks: each.blocks,
        changeRatio: each.changeRatio,
        interval: each.shift === undefined ? null : intervalOf(each.shift),
        stands: (adjusted.get(each) ?? 1) < alpha && Math.abs(each.changeRatio ?? 0) > leastChangeRatio,
      })),
  }));
}

/** Block by block, the logarithm of each endpoint's ratio to the median of all, or of two to the other. */
function differencesOf(
  cells: readonly CellResult[],
  targets: readonly string[],
  yardstick: Yardstick,
): Map<string, number>[] {
  const blocks = new Map<string, Map<string, number>>();
  for (const cell of cells) {
    const value = logOf(cell, yardstick);
    if (value === null) continue;
    const key = blockOf(cell);
    blocks.set(key, (blocks.get(key) ?? new Map<string, number>()).set(cell.target.name, value));
  }
  // A block that not all of them have would compare some with others at another load.
  const whole = [...blocks.values()].filter(({ size }) => size === targets.length);
  return whole.map(values => {
    // The median of all is not moved by the one that is odd; between two there is only the other.
    const middle = median([...values.values()]) as number;
    const scale = targets.length === 2 ? 2 : 1;
    return new Map([...values].map(([target, value]) => [target, scale * (value - middle)]));
  });
}

function blockOf({ step, repetition }: CellResult): string {
  return `${step} ${repetition}`;
}

function logOf(cell: CellResult, yardstick: Yardstick): number | null {
  if (cell.validity.verdict === 'invalid') return null;
  const { value, censored } = read(cell, yardstick);
  return value === null || censored || value <= 0 ? null : Math.log(value);
}

function twoSided(shift: Shift): number {
  return Math.min(1, 2 * Math.min(chanceOfRise(shift), chanceOfRise({ ...shift, estimate: -shift.estimate })));
}

function intervalOf(shift: Shift): readonly [number, number] {
  return [Math.expm1(lowerBound(shift, alpha / 2)), Math.expm1(upperBound(shift, alpha / 2))];
}
