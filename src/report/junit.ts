/** JUnit XML, as CI servers read it: one suite a stage, one case a check. */
import { visible } from './document.ts';

export interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

export interface TestCase {
  readonly name: string;
  /** Groups cases in a CI server: the cell, or the stage where there is none. */
  readonly classname: string;
  /** `error`: it could not be judged. What `skipped` and `passed` say stands beside them. */
  readonly result: 'passed' | 'failure' | 'error' | 'skipped';
  readonly text: string;
}

/** The document of some suites. */
export function junit(suites: readonly TestSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${counts(all)}>`,
    ...suites.map(suite),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite({ name, cases }: TestSuite): string {
  return [`  <testsuite name="${xml(name)}"${counts(cases)}>`, ...cases.map(testCase), '  </testsuite>'].join('\n');
}

function counts(cases: readonly TestCase[]): string {
  const having = (result: TestCase['result']) => cases.filter(each => each.result === result).length;
  return ` tests="${cases.length}" failures="${having('failure')}" errors="${having('error')}" skipped="${having('skipped')}"`;
}

function testCase({ name, classname, result, text }: TestCase): string {
  const open = `    <testcase name="${xml(name)}" classname="${xml(classname)}"`;
  if (result === 'passed') return `${open}><system-out>${xml(text)}</system-out></testcase>`;
  return `${open}><${result} message="${xml(text)}">${xml(text)}</${result}></testcase>`;
}

/** Text that stands for itself in XML; what XML has no place for is shown as an escape. */
function xml(text: string): string {
  return visible(text)
    .replaceAll(/[\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
