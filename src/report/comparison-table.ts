import type { ComparedCell, ComparedNumber, ComparedVerdict } from '../analysis/comparison/comparison.ts';
import type { AnswerLength } from '../analysis/comparison/lengths.ts';
import type { Reading } from '../analysis/measure.ts';
import { formatChange, formatNumber, formatRatio, missing } from '../units.ts';
import type { Table, TableCell, Tone } from './document.ts';
import { cellNotes } from './remarks.ts';
import { count, left, number, right, share } from './table-cells.ts';

/** One condition: how long the answers were, and every number on both sides. */
export function cellTable(cell: ComparedCell): Table {
  return {
    kind: 'table',
    caption: '',
    columns: [
      left('times in ms'),
      right('base'),
      right('candidate'),
      right('change'),
      left('result'),
      left('95 % interval'),
      right('longer'),
    ],
    rows: [...lengthRows(cell), ...cell.numbers.map(numberRow)],
  };
}

const nothing: TableCell = { text: missing };

function lengthRows({ lengths, base, candidate, unjudged }: ComparedCell): TableCell[][] {
  const { base: ours, candidate: theirs, isAlike } = lengths;
  const known = ours.tokens !== null && theirs.tokens !== null;
  const result: TableCell = !known
    ? nothing
    : isAlike
      ? { text: 'same', tone: 'plain' }
      : { text: 'DIFFERS', tone: 'doubt' };
  const row = (label: string, of: (side: AnswerLength) => TableCell, change: string, verdict: TableCell) => [
    { text: label },
    of(ours),
    of(theirs),
    { text: change },
    verdict,
    nothing,
    nothing,
  ];
  const notes = (cells: ComparedCell['base']) => {
    const found = [...new Set(cells.flat().flatMap(cellNotes))];
    return found.length === 0 ? {} : { notes: found };
  };
  const change =
    known && ours.tokens !== 0 ? formatChange((theirs.tokens as number) / (ours.tokens as number) - 1) : missing;
  const [a, b] = [ours.endedByLengthRatio, theirs.endedByLengthRatio];
  return [
    [
      { text: 'answers' },
      { ...count(ours.answers), ...notes(base) },
      { ...count(theirs.answers), ...notes(candidate) },
      nothing,
      unjudged === undefined ? nothing : { text: missing, notes: [`no verdict: ${unjudged}`] },
      nothing,
      nothing,
    ],
    row('answer tokens', side => number(side.tokens), change, result),
    row(
      'cut by length',
      side => share(side.endedByLengthRatio),
      a === null || b === null ? missing : points(b - a),
      nothing,
    ),
  ];
}

const tones: Readonly<Record<ComparedVerdict, Tone>> = {
  improved: 'good',
  regressed: 'bad',
  same: 'plain',
  unknown: 'plain',
};

function numberRow(each: ComparedNumber): TableCell[] {
  return [
    { text: each.name },
    reading(each, each.base),
    reading(each, each.candidate),
    { text: changeText(each), value: plainRise(each) },
    { text: each.verdict, tone: tones[each.verdict] },
    { text: intervalText(each) },
    { ...share(each.longerRatio) },
  ];
}

function reading({ kind }: ComparedNumber, { value, censored }: Reading): TableCell {
  if (value === null) return { text: missing, value };
  const text = kind === 'points' ? formatRatio(value) : formatNumber(value);
  return { text: censored ? `≥ ${text}` : text, value };
}

/** The change, or `~` where noise covers it. */
function changeText(each: ComparedNumber): string {
  const { interval } = each;
  return interval !== null && interval.low <= 0 && interval.high >= 0 ? '~' : changeOf(each);
}

/** The change, a bound where requests that never ended reach a side. */
export function changeOf(each: ComparedNumber): string {
  const { rise, kind, base, candidate } = each;
  if (rise === null) return missing;
  const bound = candidate.censored ? '≥ ' : base.censored ? '≤ ' : '';
  return bound + (kind === 'points' ? points(rise) : formatChange(Math.expm1(rise)));
}

/** Both ends of the interval: `+1.20 to +3.40 %`. */
export function intervalText({ interval, kind }: Pick<ComparedNumber, 'interval' | 'kind'>): string {
  if (interval === null) return missing;
  const unit = kind === 'points' ? ' pt' : ' %';
  const ends = [interval.low, interval.high].map(end =>
    Number.isFinite(end)
      ? (kind === 'points' ? points(end) : formatChange(Math.expm1(end))).replace(unit, '')
      : 'unknown',
  );
  return `${ends.join(' to ')}${unit}`;
}

/** The change as a share of the base, or as a difference of shares. */
export function plainRise({ rise, kind }: Pick<ComparedNumber, 'rise' | 'kind'>): number | null {
  return rise === null || kind === 'points' ? rise : Math.expm1(rise);
}

/** A difference of shares, in percentage points. */
function points(difference: number): string {
  return formatChange(difference).replace(/%$/, 'pt');
}
