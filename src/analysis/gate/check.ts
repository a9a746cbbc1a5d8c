import { type ExitCode, exitCodes } from '../../errors.ts';

/** What is looked at, in this order; where one of the first two fails, the rest is not asked. */
export type Stage = 'validity' | 'correctness' | 'objectives' | 'regression';

/** One answer of a gate: what was checked, where, and what came of it, in words. */
export interface Check {
  readonly stage: Stage;
  readonly name: string;
  /** The cell or run that it speaks of; undefined for all. */
  readonly where?: string;
  readonly result: 'passed' | 'failed' | 'inconclusive' | 'no data' | 'warned' | 'waived';
  readonly text: string;
  /** What the gate exits with for it alone. */
  readonly code: ExitCode;
}

/** A check that is fine, or at least not what a gate fails by. */
export function fine(check: Omit<Check, 'result' | 'code'>, result: 'passed' | 'warned' | 'waived' = 'passed'): Check {
  return { ...check, result, code: exitCodes.done };
}

/** A check that failed, with the exit code of its stage. */
export function failed(check: Omit<Check, 'result' | 'code'>): Check {
  return { ...check, result: 'failed', code: failureCodes[check.stage] };
}

/** A check without the numbers it needs: never a pass. */
export function noData(check: Omit<Check, 'result' | 'code'>): Check {
  return { ...check, result: 'no data', code: exitCodes.noData };
}

const failureCodes: Readonly<Record<Stage, ExitCode>> = {
  validity: exitCodes.invalid,
  correctness: exitCodes.objectiveMissed,
  objectives: exitCodes.objectiveMissed,
  regression: exitCodes.regression,
};
