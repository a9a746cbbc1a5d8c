/** The tables of a capacity report that stand for themselves. */
import type { EndpointAssessment } from '../analysis/capacity/assessment.ts';
import { provenanceText } from '../analysis/capacity/figure.ts';
import type { Usl } from '../analysis/capacity/usl.ts';
import type { QuantileKey } from '../record/summary.ts';
import { formatChange, formatNumber, formatRatio, missing } from '../units.ts';
import { rangeText } from './capacity-words.ts';
import type { Block, Table, TableCell } from './document.ts';
import { cellNotes } from './remarks.ts';
import { count, left, number, quantileCell, right, share } from './table-cells.ts';

const nothing: TableCell = { text: missing };

/** What each endpoint can take. */
export function capacityTable(endpoints: readonly EndpointAssessment[]): Table {
  return {
    kind: 'table',
    caption: '',
    columns: [
      left('endpoint'),
      right('requests/s'),
      left('binds'),
      left('origin'),
      right('at load'),
      right('in', 'tokens/request'),
      right('out', 'tokens/request'),
      right('response ms'),
    ],
    rows: endpoints.map(({ capacity, curve }) => {
      const { perS, load, binding, responseTimeMs, inputTokens, outputTokens, why } = capacity;
      const unit = curve.kind === 'closed' ? ' in flight' : '/s';
      return [
        { text: curve.label, notes: [`${curve.label}: ${why}`, ...capacity.doubts] },
        { text: rangeText(perS), value: perS?.value ?? null },
        binding === null ? nothing : { text: binding },
        { text: perS === null ? capacity.kind : provenanceText(perS) },
        { text: load === null ? missing : `${rangeText(load, plainNumber)}${unit}`, value: load?.value ?? null },
        number(inputTokens),
        number(outputTokens),
        number(responseTimeMs),
      ];
    }),
  };
}

const plainNumber = (value: number) => formatNumber(value).replace(/\.0+$/, '');

const times = [
  ['ttftMs', 'TTFT ms'],
  ['tpotMs', 'TPOT ms'],
  ['itlMs', 'ITL ms'],
  ['responseTimeMs', 'response ms'],
] as const;
const keys = ['p50', 'p95', 'p99'] as const satisfies readonly QuantileKey[];

/** Every load of a curve with what was measured at it. */
export function curveTable({ curve }: EndpointAssessment): Table {
  const shown = keys.filter(key =>
    curve.points.some(
      ({ measured }) => measured.metrics.ttftMs[key] !== null || measured.metrics.responseTimeMs[key] !== null,
    ),
  );
  const isWatched = curve.points.some(({ joulesPerOutputToken }) => joulesPerOutputToken !== null);
  return {
    kind: 'table',
    caption: '',
    columns: [
      left(curve.kind === 'closed' ? 'in flight' : 'due/s'),
      right('ok'),
      right('requests/s'),
      right('tokens/s'),
      right('good'),
      ...times.flatMap(([, label]) => shown.map(key => right(key, label))),
      ...(isWatched ? [right('W'), right('J/token')] : []),
    ],
    rows: curve.points.map(point => {
      const { measured, load, perS, cells, watts, joulesPerOutputToken } = point;
      const notes = [...new Set(cells.flatMap(cellNotes))];
      return [
        { text: plainNumber(load), value: load, ...(notes.length === 0 ? {} : { notes }) },
        count(measured.counts.ok),
        number(perS),
        number(measured.rates.outputTokensPerS),
        share(measured.rates.goodputRatio),
        ...times.flatMap(([metric]) => shown.map(key => quantileCell(measured.metrics[metric], key))),
        ...(isWatched ? [number(watts), number(joulesPerOutputToken)] : []),
      ];
    }),
  };
}

/** The fitted law of an endpoint with its residuals; nothing where there is none. */
export function lawBlocks({ curve, usl: result }: EndpointAssessment): Block[] {
  if (result.kind === 'none') return [];
  const { usl } = result;
  const worst = Math.max(...usl.points.map(({ residualRatio }) => Math.abs(residualRatio)));
  const between = ({ low, high }: { low: number; high: number }) => `${formatNumber(low)} to ${formatNumber(high)}`;
  const peak =
    usl.peak === null
      ? `no peak up to ${formatNumber(usl.sayableTo)} in flight, twice the largest load measured; beyond that nothing is said`
      : `most at ${rangeText(usl.peak.inFlight)} in flight: ${rangeText(usl.peak.perS)} requests/s, ${provenanceText({ ...usl.peak.perS, ...(curve.simulated ? { simulation: 'uncalibrated' as const } : {}) })}`;
  return [
    {
      kind: 'facts',
      items: [
        { label: 'one request alone', text: `${formatNumber(usl.gamma)}/s (γ, ${between(usl.intervals.gamma)})` },
        {
          label: 'contention',
          text: `${small(usl.alpha)} (α, ${small(usl.intervals.alpha.low)} to ${small(usl.intervals.alpha.high)})`,
        },
        {
          label: 'coherency',
          text: `${small(usl.beta)} (β, ${small(usl.intervals.beta.low)} to ${small(usl.intervals.beta.high)})`,
        },
        { label: 'throughput', text: peak },
        {
          label: 'residuals',
          text: `${formatRatio(worst)} at most; the largest of each load: ${largestResiduals(usl).join(', ')}`,
        },
      ],
    },
  ];
}

function largestResiduals({ points }: Usl): string[] {
  const byLoad = new Map<number, number>();
  for (const { inFlight, residualRatio } of points)
    if (Math.abs(residualRatio) >= Math.abs(byLoad.get(inFlight) ?? 0)) byLoad.set(inFlight, residualRatio);
  return [...byLoad].map(([inFlight, residualRatio]) => `${plainNumber(inFlight)}: ${formatChange(residualRatio)}`);
}

function small(value: number): string {
  return value === 0 ? '0' : Number(value.toPrecision(3)).toString();
}
