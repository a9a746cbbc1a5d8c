import type { Comparison } from '../analysis/comparison/comparison.ts';
import { measureText } from '../analysis/measure.ts';
import { plainRise } from './comparison-table.ts';
import { csv } from './csv.ts';

/** `comparison.csv`: one row a number, condition and candidate; changes as shares of the base, or differences of shares. */
export function comparisonCsv(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap(({ base, candidate, cells }) =>
    cells.flatMap(({ label, repetitions, unjudged, lengths, numbers }) =>
      numbers.map(({ interval, ...number }) => ({
        condition: label,
        base: base.name,
        candidate: candidate.name,
        number: measureText(number),
        better: number.better,
        baseValue: number.base.value,
        baseCensored: number.base.censored,
        candidateValue: number.candidate.value,
        candidateCensored: number.candidate.censored,
        changeIn: number.kind === 'points' ? 'points' : 'share',
        change: plainRise(number),
        changeLow: interval === null ? null : finite(plainRise({ ...number, rise: interval.low })),
        changeHigh: interval === null ? null : finite(plainRise({ ...number, rise: interval.high })),
        longerRatio: number.longerRatio,
        verdict: number.verdict,
        repetitions,
        unjudged,
        baseAnswers: lengths.base.answers,
        candidateAnswers: lengths.candidate.answers,
        baseOutputTokensMean: lengths.base.tokens,
        candidateOutputTokensMean: lengths.candidate.tokens,
        baseEndedByLengthRatio: lengths.base.endedByLengthRatio,
        candidateEndedByLengthRatio: lengths.candidate.endedByLengthRatio,
        simulated: [...base.runs, ...candidate.runs].some(({ environment }) => environment.service.simulated),
      })),
    ),
  );
  return csv(rows, { header: true });
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
