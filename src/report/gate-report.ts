/** What a gate says: the verdict first, then what failed or is open, then every number with its bounds. */
import type { Check, Stage } from '../analysis/gate/check.ts';
import { alphas } from '../analysis/gate/decide.ts';
import type { GateReport, GateVerdict } from '../analysis/gate/judge.ts';
import type { NumberResult, Numbers } from '../analysis/gate/numbers.ts';
import { allowanceText, boundsText, changeText, estimateText, sureness } from '../analysis/gate/words.ts';
import { missing, plural } from '../units.ts';
import type { Block, Document, TableCell } from './document.ts';
import { left, number, right, share } from './table-cells.ts';

/** What is told of a gate besides its verdict. */
export interface GateTitle {
  readonly id: string;
  readonly scenario: string;
  /** Whether a side was a service with a modelled GPU. */
  readonly simulated: boolean;
  /** How each side is called: a service's address, or the name of a baseline. */
  readonly baseline: string;
  readonly candidate: string;
}

const headlines: Readonly<Record<GateVerdict, string>> = {
  passed: 'PASSED: every number is within its allowance',
  regressed: 'REGRESSED: the candidate is worse than allowed',
  inconclusive: 'INCONCLUSIVE: neither a regression nor its absence is shown',
  invalid: 'INVALID: these runs show nothing about the candidate',
  'no data': 'NO DATA: there is nothing to judge by',
  'wrong answers': 'WRONG ANSWERS: the candidate does not answer as the baseline does',
  'objective missed': 'OBJECTIVE MISSED: the candidate does not do what the scenario asks',
};

/** The report of a gate; every format is made from it. */
export function gateReport(report: GateReport, title: GateTitle): Document {
  return {
    title: `gate ${title.scenario} · ${title.id}`,
    blocks: [
      { kind: 'paragraph', text: headlines[report.verdict] },
      ...notFine(report.checks),
      { kind: 'paragraph', text: design(report, title) },
      ...(title.simulated
        ? [{ kind: 'paragraph' as const, text: 'Simulated: a target was a service with a modelled GPU, not a GPU.' }]
        : []),
      ...(report.numbers === undefined ? [] : tables(report.numbers)),
      ...otherChecks(report.checks),
      ...allowedDifferences(report),
    ],
  };
}

/** One line a check that is not a plain pass. */
function notFine(checks: readonly Check[]): Block[] {
  const items = checks.filter(({ result }) => result !== 'passed').map(check => `${check.result}: ${checkText(check)}`);
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

/** What was checked, where, and what came of it. */
export function checkText({ name, where, text }: Check): string {
  return `${name}${where === undefined ? '' : ` at ${where}`}: ${text}`;
}

function design({ numbers }: GateReport, { baseline, candidate }: GateTitle): string {
  const sides = `${candidate} against ${baseline}`;
  if (numbers === undefined) return `${sides}.`;
  const fresh = numbers.fresh === 0 ? '' : `, and ${plural(numbers.fresh, 'fresh pair')} to confirm the alarm`;
  return `${sides}: ${plural(numbers.runs, 'run')} a side${fresh}.`;
}

function tables({ results, alpha }: Numbers): Block[] {
  const cells = [...new Set(results.map(({ subject }) => subject.cell.label))];
  return cells.flatMap(label => [
    { kind: 'heading' as const, text: label },
    {
      kind: 'table' as const,
      caption: '',
      columns: [
        left('number'),
        right('baseline'),
        right('candidate'),
        right('change'),
        left(`${sureness(alpha)} bounds`),
        right('allowed'),
        right('detectable'),
        left('result'),
      ],
      rows: results.filter(({ subject }) => subject.cell.label === label).map(row),
    },
  ]);
}

function row({ subject, baseline, candidate, finding, confirmation, result }: NumberResult): TableCell[] {
  const value = subject.kind === 'points' ? share : number;
  const notes = [
    ...(confirmation === undefined
      ? []
      : [
          `fresh pairs: ${boundsText(subject, confirmation.change, alphas.confirmation)} (${sureness(alphas.confirmation)} bounds)`,
        ]),
    ...(subject.severity === 'warn' ? ['shown as a warning only: the policy does not gate by it'] : []),
  ];
  const told = { text: result, ...(notes.length === 0 ? {} : { notes }) };
  if (finding === undefined) {
    const dash = { text: missing };
    return [
      { text: subject.name },
      value(baseline),
      value(candidate),
      dash,
      dash,
      { text: allowanceText(subject) },
      dash,
      told,
    ];
  }
  const { change, alpha, detectable } = finding;
  return [
    { text: subject.name },
    value(baseline),
    value(candidate),
    { text: estimateText(subject, change, alpha) },
    { text: boundsText(subject, change, alpha) },
    { text: allowanceText(subject) },
    { text: detectable === undefined ? missing : changeText(subject, detectable) },
    told,
  ];
}

const stageNames: Readonly<Record<Stage, string>> = {
  validity: 'Validity',
  correctness: 'Correctness',
  objectives: 'Objectives',
  regression: 'Regression',
};

function otherChecks(checks: readonly Check[]): Block[] {
  const stages = (['validity', 'correctness', 'objectives'] as const).filter(stage =>
    checks.some(check => check.stage === stage),
  );
  return stages.flatMap(stage => [
    { kind: 'heading' as const, text: stageNames[stage] },
    {
      kind: 'list' as const,
      items: checks.filter(check => check.stage === stage).map(check => `${check.result}: ${checkText(check)}`),
    },
  ]);
}

function allowedDifferences({ allowed }: GateReport): Block[] {
  if (allowed.length === 0) return [];
  const items = allowed.map(
    ({ part, where, baseline, candidate }) =>
      `${part}: ${where}: ${baseline} in the baseline, ${candidate} in the candidate`,
  );
  return [
    { kind: 'heading', text: 'What differs and was allowed to' },
    { kind: 'list', items },
  ];
}
