/** The verdict of a gate where CI looks for it: test cases and annotations. */
import type { Check } from '../analysis/gate/check.ts';
import type { GateReport } from '../analysis/gate/judge.ts';
import type { Policy } from '../analysis/gate/policy.ts';
import { visible } from './document.ts';
import { checkText } from './gate-report.ts';
import { junit, type TestCase } from './junit.ts';

/** A gate as JUnit XML: a suite a stage, a case a check. What is inconclusive fails its case as the policy has it. */
export function gateJunit({ checks }: GateReport, policy: Pick<Policy, 'onInconclusive'>): string {
  const stages = [...new Set(checks.map(({ stage }) => stage))];
  return junit(
    stages.map(stage => ({
      name: `gate ${stage}`,
      cases: checks
        .filter(check => check.stage === stage)
        .map(check => ({
          name: check.name,
          classname: check.where ?? stage,
          result: caseResult(check, policy),
          text: check.result === 'passed' || check.result === 'failed' ? check.text : `${check.result}: ${check.text}`,
        })),
    })),
  );
}

function caseResult({ result }: Check, { onInconclusive }: Pick<Policy, 'onInconclusive'>): TestCase['result'] {
  switch (result) {
    case 'passed':
    case 'warned':
      return 'passed';
    case 'waived':
      return 'skipped';
    case 'failed':
      return 'failure';
    case 'no data':
      return 'error';
    case 'inconclusive':
      return onInconclusive === 'pass' ? 'skipped' : 'failure';
  }
}

/** Workflow commands that GitHub shows beside a job: an error for what fails the gate, a warning for what does not. */
export function gateAnnotations({ checks, exitCode }: GateReport): string[] {
  return checks
    .filter(({ result }) => result !== 'passed')
    .map(check => {
      const fails =
        check.result === 'failed' || check.result === 'no data' || (check.result === 'inconclusive' && exitCode !== 0);
      return `::${fails ? 'error' : 'warning'} title=${property(`gate: ${check.result}`)}::${data(checkText(check))}`;
    });
}

/** The escapes of GitHub's toolkit, so that no text can end the line or begin another command. */
function data(text: string): string {
  return visible(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
