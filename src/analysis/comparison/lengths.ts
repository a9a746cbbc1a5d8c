import type { CellResult } from '../../record/run.ts';

/** From which difference on answers are of another length. */
const lengthTolerance = 0.05;

/** How long the answers of both sides were: a model that says less is faster, and no better. */
export interface Lengths {
  readonly base: AnswerLength;
  readonly candidate: AnswerLength;
  /** Whether both are within 5 %, of the mean and of all answers; false where one is not known. */
  readonly isAlike: boolean;
}

export interface AnswerLength {
  readonly answers: number;
  /** Mean output tokens; null: not known. */
  readonly tokens: number | null;
  /** The share of answers that ended because they had as many tokens as they may have. */
  readonly endedByLengthRatio: number | null;
}

/** The lengths of the answers of some cells of each side. */
export function lengthsOf(base: readonly CellResult[], candidate: readonly CellResult[]): Lengths {
  const [ours, theirs] = [answerLength(base), answerLength(candidate)];
  return { base: ours, candidate: theirs, isAlike: isAlike(ours, theirs) };
}

function isAlike(ours: AnswerLength, theirs: AnswerLength): boolean {
  if (ours.tokens === null || theirs.tokens === null) return false;
  const isAsLong = Math.abs(theirs.tokens - ours.tokens) <= lengthTolerance * ours.tokens;
  const [a, b] = [ours.endedByLengthRatio, theirs.endedByLengthRatio];
  return isAsLong && (a === null || b === null || Math.abs(a - b) <= lengthTolerance);
}

function answerLength(cells: readonly CellResult[]): AnswerLength {
  const mean = (of: (cell: CellResult) => number | null): number | null => {
    const known = cells.flatMap(cell => {
      const value = of(cell);
      return value === null || cell.counts.ok === 0 ? [] : [{ value, weight: cell.counts.ok }];
    });
    const weights = known.reduce((sum, { weight }) => sum + weight, 0);
    return weights === 0 ? null : known.reduce((sum, { value, weight }) => sum + value * weight, 0) / weights;
  };
  return {
    answers: cells.reduce((sum, { counts }) => sum + counts.ok, 0),
    tokens: mean(({ tokens }) => tokens.outputMean),
    endedByLengthRatio: mean(({ tokens }) => tokens.endedByLengthRatio),
  };
}
