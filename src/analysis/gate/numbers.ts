/** The last stage of a gate: which numbers changed, by how much, and how sure that is. */
import { exitCodes } from '../../errors.ts';
import { plural } from '../../units.ts';
import { fewestRuns } from './change.ts';
import { type Check, failed, fine, noData } from './check.ts';
import { alphas, type Decision, decide, type Finding, look } from './decide.ts';
import type { Design, GateOptions } from './judge.ts';
import type { Policy, Waiver } from './policy.ts';
import { changesOf, limitOf, type Runs, readingIn, type Subject, subjectsOf } from './subjects.ts';
import { inWords } from './words.ts';

/** What is said of one number. */
export interface NumberResult {
  readonly subject: Pick<Subject, 'name' | 'cell' | 'better' | 'allowance' | 'severity' | 'kind'>;
  /** Its mean on both sides, over as many runs as were looked at; null where it has no value in a run. */
  readonly baseline: number | null;
  readonly candidate: number | null;
  /** Undefined where there was nothing to look at. */
  readonly finding?: Finding;
  /** Of the fresh pairs, where it gave the alarm. */
  readonly confirmation?: Finding;
  readonly result: Check['result'];
  readonly waiver?: Waiver;
}

export interface Numbers {
  readonly results: readonly NumberResult[];
  readonly checks: readonly Check[];
  /** How often a bound of the table is wrong. */
  readonly alpha: number;
  /** How many runs a side the decision rests on, and how many fresh ones confirmed or did not confirm it. */
  readonly runs: number;
  readonly fresh: number;
  readonly pairsWanted?: number;
}

/** Looks at every number of the policy. */
export function judgeNumbers(runs: Runs, { policy, design, today }: GateOptions): Numbers {
  const [first] = runs.baseline;
  const subjects = (first === undefined ? [] : subjectsOf(policy, first)).map(subject => ({
    subject,
    waiver: policy.waivers.find(({ metric }) => metric === subject.name),
    missing: missingIn(runs, subject),
  }));
  const gating = subjects.filter(
    ({ subject, waiver, missing }) =>
      subject.severity === 'critical' && !isInForce(waiver, today) && missing === undefined,
  );
  const few = Math.min(runs.baseline.length, runs.candidate.length);
  const decision =
    few < fewestRuns
      ? undefined
      : decisionOf(
          gating.map(each => each.subject),
          runs,
          design,
        );
  const looked = decision?.findings.length ? lookedAt(decision, design) : few;
  const over = upTo(runs, design.planned === undefined ? undefined : looked);
  const alpha = decision?.alpha ?? alphas.single;
  const results = subjects.map(({ subject, waiver, missing }): NumberResult & { check: Check } => {
    const index = gating.findIndex(each => each.subject === subject);
    const finding =
      missing !== undefined || few < fewestRuns
        ? undefined
        : (decision?.findings[index] ?? look(changesOf([subject], over, design.kind), [limitOf(subject)], alpha)[0]);
    const confirmation = decision?.confirmation?.[index];
    const known = {
      subject: plain(subject),
      ...meansOf(over, subject),
      ...(finding && { finding }),
      ...(confirmation && { confirmation }),
    };
    const check = checkOf({ subject, waiver, missing, today, few, finding, confirmation, decision });
    return { ...known, ...(waiver && { waiver }), result: check.result, check };
  });
  return {
    results: results.map(({ check: _, ...result }) => result),
    checks: [
      ...results.map(({ check }) => check),
      ...unmatched(
        policy,
        subjects.map(each => each.subject),
      ),
    ],
    alpha,
    runs: looked,
    fresh: decision?.confirmation === undefined ? 0 : decision.pairs - looked,
    ...(decision?.verdict === 'more' ? { pairsWanted: decision.pairs } : {}),
  };
}

/** A number that speaks of no cell would pass by not being asked. */
function unmatched({ metrics }: Policy, subjects: readonly Subject[]): Check[] {
  return metrics
    .filter(({ metric }) => !subjects.some(({ name }) => name === metric.text))
    .map(({ metric }) =>
      noData({ stage: 'regression', name: metric.text, text: 'expected a cell that it speaks of, got none' }),
    );
}

/** Which side, and which of its runs, has no value of a number; undefined where all have one. */
function missingIn({ baseline, candidate }: Runs, subject: Subject): string | undefined {
  const lacking = [
    ...baseline.filter(run => readingIn(run, subject).value === null).map(({ id }) => `baseline ${id}`),
    ...candidate.filter(run => readingIn(run, subject).value === null).map(({ id }) => `candidate ${id}`),
  ];
  if (lacking.length === 0) return undefined;
  const more = lacking.length > 1 ? ` and ${lacking.length - 1} more` : '';
  return `expected a value in every run, got none in ${lacking[0]}${more}: it was not measured, or by too few requests`;
}

function isInForce(waiver: Waiver | undefined, today: string): boolean {
  return waiver !== undefined && today <= waiver.until;
}

function decisionOf(subjects: readonly Subject[], runs: Runs, design: Design): Decision {
  const limits = subjects.map(limitOf);
  const pairs = Math.min(runs.baseline.length, runs.candidate.length);
  if (design.planned !== undefined)
    return decide({ planned: design.planned, pairs, limits }, (from, to) =>
      changesOf(
        subjects,
        { baseline: runs.baseline.slice(from, to), candidate: runs.candidate.slice(from, to) },
        'paired',
      ),
    );
  const findings = look(changesOf(subjects, runs, design.kind), limits, alphas.single);
  const verdict = findings.some(each => each.verdict === 'regressed')
    ? 'regressed'
    : findings.every(each => each.verdict === 'passed')
      ? 'passed'
      : 'inconclusive';
  return { verdict, pairs, findings, alpha: alphas.single };
}

/** How many pairs the findings of a decision rest on. */
function lookedAt({ alpha, pairs }: Decision, design: Design): number {
  if (design.planned === undefined) return pairs;
  return alpha === alphas.first ? design.planned : 2 * design.planned;
}

function upTo({ baseline, candidate }: Runs, count: number | undefined): Runs {
  return { baseline: baseline.slice(0, count), candidate: candidate.slice(0, count) };
}

/** The geometric mean of each side; of shares, the mean. */
function meansOf(runs: Runs, subject: Subject): { baseline: number | null; candidate: number | null } {
  const mean = (side: Runs['baseline']): number | null => {
    const values = side.map(run => readingIn(run, subject).value);
    if (values.length === 0 || values.some(value => value === null)) return null;
    const known = values as number[];
    if (subject.kind === 'points') return known.reduce((a, b) => a + b, 0) / known.length;
    return Math.exp(known.reduce((sum, value) => sum + Math.log(value), 0) / known.length);
  };
  return { baseline: mean(runs.baseline), candidate: mean(runs.candidate) };
}

function plain({ name, cell, better, allowance, severity, kind }: Subject): NumberResult['subject'] {
  return { name, cell, better, allowance, severity, kind };
}

interface ToCheck {
  readonly subject: Subject;
  readonly waiver: Waiver | undefined;
  readonly missing: string | undefined;
  readonly today: string;
  readonly few: number;
  readonly finding: Finding | undefined;
  readonly confirmation: Finding | undefined;
  readonly decision: Decision | undefined;
}

/** What one number means for the gate. */
function checkOf({ subject, waiver, missing, today, few, finding, confirmation, decision }: ToCheck): Check {
  const check = { stage: 'regression' as const, name: subject.name, where: subject.cell.label };
  const judged = finding === undefined ? '' : inWords(subject, finding, confirmation);
  if (isInForce(waiver, today)) {
    const text = `waived until ${waiver?.until}: ${waiver?.reason}${judged === '' ? '' : `; ${judged}`}`;
    return fine({ ...check, text }, 'waived');
  }
  const expired = waiver === undefined ? '' : `; its waiver ended on ${waiver.until}`;
  if (missing !== undefined) {
    return subject.severity === 'critical'
      ? noData({ ...check, text: missing })
      : fine({ ...check, text: missing }, 'warned');
  }
  if (finding === undefined) {
    const text = `expected at least ${plural(fewestRuns, 'run')} a side, got ${few}: no change can be told from noise${expired}`;
    return { ...check, result: 'inconclusive', text, code: exitCodes.inconclusive };
  }
  const text = judged + expired;
  if (subject.severity === 'warn') return fine({ ...check, text }, finding.verdict === 'passed' ? 'passed' : 'warned');
  const isUnconfirmed = decision?.confirmation !== undefined && confirmation?.verdict !== 'regressed';
  const isAlarm = finding.verdict === 'regressed' && decision?.verdict !== 'more' && !isUnconfirmed;
  if (isAlarm) return failed({ ...check, text });
  if (finding.verdict === 'passed' && decision?.verdict !== 'more') return fine({ ...check, text });
  return { ...check, result: 'inconclusive', text, code: exitCodes.inconclusive };
}
