/**
 * What a gate says of runs of a baseline and of a candidate: validity, correctness, objectives, regression, in this
 * order. A pure function of the runs, so a gate can be judged again from its run directories.
 */
import { type ExitCode, exitCodes, worstExitCode } from '../../errors.ts';
import { plural } from '../../units.ts';
import { judgeObjectives } from '../objectives.ts';
import { pooled } from '../pooled.ts';
import { type Check, failed, fine } from './check.ts';
import { checkGreedy, type GreedyAsked } from './greedy.ts';
import { type Difference, differences, unlikeError } from './likeness.ts';
import { judgeNumbers, type Numbers } from './numbers.ts';
import type { Policy } from './policy.ts';
import { checkAnswersAlike, checkValidity } from './soundness.ts';
import { cellsOf, type Runs, repetitionsOf } from './subjects.ts';

export interface GateOptions {
  readonly policy: Policy;
  readonly design: Design;
  /** Today, as an ISO date, which waivers are held against. */
  readonly today: string;
  /** What both sides said to greedy prompts; none where nobody asked. */
  readonly greedy?: GreedyAsked;
}

/** How the runs were made: in pairs or each by itself. Where pairs are planned more may be made; else there is one look. */
export type Design =
  | { readonly kind: 'paired'; readonly planned: number }
  | { readonly kind: 'paired' | 'unpaired'; readonly planned?: undefined };

export type GateVerdict =
  | 'passed'
  | 'regressed'
  | 'inconclusive'
  | 'invalid'
  | 'no data'
  | 'wrong answers'
  | 'objective missed';

export interface GateReport {
  readonly verdict: GateVerdict;
  readonly exitCode: ExitCode;
  readonly checks: readonly Check[];
  /** What was compared; undefined where it did not come to that. */
  readonly numbers?: Numbers;
  /** What differs between the sides and was allowed to. */
  readonly allowed: readonly Difference[];
  /** How many pairs there must be to go on; undefined where it is settled. */
  readonly pairsWanted?: number;
}

/** Judges runs. Throws a HarnessError (exit 2) where the two sides differ in what the policy does not allow. */
export function judgeGate(runs: Runs, options: GateOptions): GateReport {
  const allowed = refuseUnlike(runs, options.policy);
  const validity = checkValidity(runs);
  if (isStopped(validity)) return concluded({ checks: validity, allowed }, options);
  const { policy, greedy } = options;
  const correctness = [
    ...checkAnswersAlike(runs, policy),
    ...(greedy === undefined ? [] : checkGreedy(greedy, policy)),
  ];
  if (isStopped(correctness)) return concluded({ checks: [...validity, ...correctness], allowed }, options);
  const objectives = checkObjectives(runs);
  const numbers = judgeNumbers(runs, options);
  return concluded(
    { checks: [...validity, ...correctness, ...objectives, ...numbers.checks], numbers, allowed },
    options,
  );
}

function isStopped(checks: readonly Check[]): boolean {
  return checks.some(({ code }) => code !== exitCodes.done);
}

/** Throws where the sides are not alike; gives the differences that were allowed. */
function refuseUnlike({ baseline, candidate }: Runs, { allow }: Policy): Difference[] {
  const found = differences(baseline, candidate);
  const refused = found.filter(({ part }) => !allow.includes(part));
  if (refused.length === 0) return found;
  throw unlikeError(refused);
}

/** The objectives of the scenario, held against all runs of the candidate together. */
function checkObjectives({ candidate }: Runs): Check[] {
  const [first] = candidate;
  if (first === undefined || first.scenario.objectives.length === 0) return [];
  return cellsOf(first).flatMap(cell => {
    const results = candidate.flatMap(run => repetitionsOf(run, cell));
    const [one] = results;
    if (one === undefined) return [];
    const { target, workload, load } = one;
    return judgeObjectives(first.scenario.objectives, { target, workload, load, ...pooled(results) }).map(
      ({ text, measured, held }): Check => {
        const check = { stage: 'objectives' as const, name: text, where: cell.label };
        const figure =
          measured === null ? 'too few requests to measure it' : `measured ${Number(measured.toPrecision(3))}`;
        if (held === true) return fine({ ...check, text: `held: ${figure}` });
        if (held === false) return failed({ ...check, text: `missed: ${figure}` });
        return { ...check, result: 'inconclusive', text: `not enough data: ${figure}`, code: exitCodes.inconclusive };
      },
    );
  });
}

function concluded(
  { checks, numbers, allowed }: Pick<GateReport, 'checks' | 'numbers' | 'allowed'>,
  { policy }: GateOptions,
): GateReport {
  const codes = checks.map(({ code }) => code);
  const worst = worstExitCode(codes);
  // Where anything is settled for the worse, more pairs would change nothing.
  const pairsWanted = worst === exitCodes.inconclusive ? numbers?.pairsWanted : undefined;
  return {
    verdict: verdictOf(worst, checks),
    exitCode: worst === exitCodes.inconclusive ? inconclusiveCode(policy) : worst,
    checks,
    ...(numbers === undefined ? {} : { numbers }),
    allowed,
    ...(pairsWanted === undefined ? {} : { pairsWanted }),
  };
}

/** No CI knows a neutral exit: what to do where nothing is proven is for the policy to say. */
function inconclusiveCode({ onInconclusive }: Policy): ExitCode {
  if (onInconclusive === undefined) return exitCodes.inconclusive;
  return onInconclusive === 'pass' ? exitCodes.done : exitCodes.regression;
}

function verdictOf(code: ExitCode, checks: readonly Check[]): GateVerdict {
  switch (code) {
    case exitCodes.done:
      return 'passed';
    case exitCodes.regression:
      return 'regressed';
    case exitCodes.inconclusive:
      return 'inconclusive';
    case exitCodes.invalid:
      return 'invalid';
    case exitCodes.noData:
      return 'no data';
    case exitCodes.objectiveMissed:
      return checks.some(({ stage, result }) => stage === 'correctness' && result === 'failed')
        ? 'wrong answers'
        : 'objective missed';
    default:
      throw new RangeError(`${plural(checks.length, 'check')} with an exit code that no check has: ${code}`);
  }
}
