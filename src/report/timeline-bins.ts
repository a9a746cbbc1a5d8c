import { type OutcomeKind, outcomeKinds } from '../protocol/outcome.ts';
import type { TimelineRow } from '../record/timeline.ts';

/** Targets that are shown as one. */
export interface Group {
  readonly label: string;
  readonly colour: number;
  readonly targets: readonly string[];
}

/** A stretch of the run. */
export interface Bin {
  readonly fromS: number;
  readonly toS: number;
  /** One a group, in their order; undefined where nothing was asked of it yet or any more. */
  readonly groups: readonly (GroupBin | undefined)[];
}

/** What went on at a group of targets: means over the stretch, summed over the targets; null: not shown by any sample. */
export interface GroupBin {
  readonly inFlight: number;
  readonly sentPerS: number;
  readonly outputTokensPerS: number;
  readonly endedPerS: Readonly<Record<OutcomeKind, number>>;
  /** A mean over the targets as well. */
  readonly utilisationRatio: number | null;
  readonly powerWatts: number | null;
}

const widthsS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600];

/** A timeline in at most `most` stretches of equal length, a round number of seconds. */
export function binned(
  rows: readonly TimelineRow[],
  groups: readonly Group[],
  most: number,
): { readonly bins: readonly Bin[]; readonly widthS: number } {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (const { second } of rows) {
    if (second < first) first = second;
    if (second > last) last = second;
  }
  const length = last - first + 1;
  const widthS = widthsS.find(width => Math.ceil(length / width) <= most) ?? Math.ceil(length / most);
  const groupOf = new Map(groups.flatMap(({ targets }, i) => targets.map(target => [target, i] as const)));
  const sums = Array.from({ length: Math.ceil(length / widthS) }, () => groups.map(() => emptySum()));
  for (const row of rows) {
    const sum = sums[Math.floor((row.second - first) / widthS)]?.[groupOf.get(row.target) ?? -1];
    if (sum !== undefined) addRow(sum, row);
  }
  const bins = sums.map((own, i) => {
    const fromS = first + i * widthS;
    const toS = Math.min(fromS + widthS, last + 1);
    return { fromS, toS, groups: own.map(sum => groupBin(sum, toS - fromS)) };
  });
  return { bins, widthS };
}

interface Sum {
  rows: number;
  inFlight: number;
  sent: number;
  outputTokens: number;
  ended: Record<OutcomeKind, number>;
  utilisation: number;
  utilisationRows: number;
  /** By target: power adds up over targets, but not over the seconds of one. */
  power: Map<string, { total: number; rows: number }>;
}

function emptySum(): Sum {
  const ended = Object.fromEntries(outcomeKinds.map(kind => [kind, 0])) as Record<OutcomeKind, number>;
  return {
    rows: 0,
    inFlight: 0,
    sent: 0,
    outputTokens: 0,
    ended,
    utilisation: 0,
    utilisationRows: 0,
    power: new Map(),
  };
}

function addRow(sum: Sum, { target, sent, outputTokens, inFlight, counts, gpu }: TimelineRow): void {
  sum.rows++;
  sum.inFlight += inFlight;
  sum.sent += sent;
  sum.outputTokens += outputTokens;
  for (const kind of outcomeKinds) sum.ended[kind] += counts[kind];
  if (gpu?.utilisationRatio !== undefined && gpu.utilisationRatio !== null) {
    sum.utilisation += gpu.utilisationRatio;
    sum.utilisationRows++;
  }
  if (gpu?.powerWatts !== undefined && gpu.powerWatts !== null) {
    const power = sum.power.get(target) ?? { total: 0, rows: 0 };
    sum.power.set(target, { total: power.total + gpu.powerWatts, rows: power.rows + 1 });
  }
}

function groupBin(sum: Sum, seconds: number): GroupBin | undefined {
  if (sum.rows === 0) return undefined;
  const watts = [...sum.power.values()].map(({ total, rows }) => total / rows);
  return {
    inFlight: sum.inFlight / seconds,
    sentPerS: sum.sent / seconds,
    outputTokensPerS: sum.outputTokens / seconds,
    endedPerS: Object.fromEntries(outcomeKinds.map(kind => [kind, sum.ended[kind] / seconds])) as Record<
      OutcomeKind,
      number
    >,
    utilisationRatio: sum.utilisationRows === 0 ? null : sum.utilisation / sum.utilisationRows,
    powerWatts: watts.length === 0 ? null : watts.reduce((total, each) => total + each, 0),
  };
}
