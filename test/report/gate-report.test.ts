import { describe, expect, it } from 'vitest';
import { type GateReport, judgeGate } from '../../src/analysis/gate/judge.ts';
import { defaultPolicy } from '../../src/analysis/gate/policy.ts';
import { gateAnnotations, gateJunit } from '../../src/report/gate-outputs.ts';
import { gateReport } from '../../src/report/gate-report.ts';
import { markdown } from '../../src/report/markdown.ts';
import { terminal } from '../../src/report/terminal.ts';
import { madeRuns } from '../analysis/gate/made-runs.ts';

const title = { id: 'g1', scenario: 'made', simulated: true, baseline: 'main', candidate: 'http://new' };
const options = { policy: defaultPolicy, design: { kind: 'unpaired' }, today: '2026-06-01' } as const;
const slower = judgeGate(madeRuns(5, { slower: 1.25 }), options);
const open = judgeGate(madeRuns(3, {}, { noise: 0.2 }), options);

describe('the report of a gate', () => {
  it('says first that it failed, and by how much between which bounds, in terminal and Markdown', () => {
    const document = gateReport(slower, title);
    for (const text of [terminal(document, { width: 100, colour: false }), markdown(document)]) {
      expect(text).toMatch(/^.*gate made · g1\n+REGRESSED: the candidate is worse than allowed/);
      expect(text).toMatch(/\+2\d\.\d %\s+\|?\s*\+2\d\.\d % to \+2\d\.\d %/);
      expect(text).toContain('http:'.concat(text.startsWith('#') ? '&#47;&#47;new' : '//new'));
      expect(text).toContain('Simulated');
    }
  });

  it('puts ~ where a change cannot be told from none', () => {
    const text = terminal(gateReport(open, title), { width: 200, colour: false });
    expect(text).toContain('INCONCLUSIVE');
    expect(text).toMatch(/p95\(ttftMs\) +\d+ +\d+ +~ +−/);
  });

  it('is golden for pairs, an alarm and its confirmation', async () => {
    const report = judgeGate(madeRuns(10, { slower: 1.25 }), { ...options, design: { kind: 'paired', planned: 5 } });
    await expect(markdown(gateReport(report, title))).toMatchFileSnapshot('golden/gate.md');
    await expect(gateJunit(report, defaultPolicy)).toMatchFileSnapshot('golden/junit.xml');
  });
});

describe('a gate as JUnit XML', () => {
  const casesOf = (report: GateReport, onInconclusive?: 'pass') =>
    gateJunit(report, { onInconclusive })
      .split('\n')
      .filter(line => line.includes('<testcase'));

  it('has one case a check, a failure for each that failed', () => {
    const cases = casesOf(slower);
    expect(cases).toHaveLength(slower.checks.length);
    const failures = slower.checks.filter(({ result }) => result === 'failed').length;
    expect(failures).toBe(4);
    expect(cases.filter(line => line.includes('<failure'))).toHaveLength(failures);
    expect(gateJunit(slower, defaultPolicy)).toContain(`failures="${failures}" errors="0" skipped="0"`);
  });

  it('fails what is inconclusive, unless the policy lets it pass: then it is skipped', () => {
    const inconclusive = open.checks.filter(({ result }) => result === 'inconclusive').length;
    expect(inconclusive).toBeGreaterThan(0);
    expect(casesOf(open).filter(line => line.includes('<failure'))).toHaveLength(inconclusive);
    expect(casesOf(open, 'pass').filter(line => line.includes('<skipped'))).toHaveLength(inconclusive);
  });

  it('calls what has no data an error', () => {
    const report = judgeGate(madeRuns(3, { failed: 100 }), options);
    expect(casesOf(report).every(line => line.includes('<error message="no data: '))).toBe(true);
  });

  it('takes no text for markup', () => {
    const text = '<b>&"\u001b[31m\ud800</b>]]>';
    const check = { stage: 'validity', name: text, where: text, result: 'failed', text, code: 6 } as const;
    const xml = gateJunit({ ...slower, checks: [check] }, defaultPolicy);
    expect(xml).toContain('&lt;b&gt;&amp;&quot;\\u001b[31m\ufffd&lt;/b&gt;]]&gt;');
    expect(xml).not.toContain('\u001b');
  });
});

describe('annotations', () => {
  it('are errors for what fails a gate and warnings for what does not', () => {
    expect(
      gateAnnotations(slower).filter(line => line.startsWith('::error title=gate%3A failed::p95(ttftMs)')),
    ).toHaveLength(1);
    expect(gateAnnotations(open).every(line => line.startsWith('::error title=gate%3A inconclusive::'))).toBe(true);
    const lenient = judgeGate(madeRuns(3, {}, { noise: 0.2 }), {
      ...options,
      policy: { ...defaultPolicy, onInconclusive: 'pass' },
    });
    expect(gateAnnotations(lenient).every(line => line.startsWith('::warning '))).toBe(true);
  });

  it('let no text begin another command', () => {
    const text = 'a\n::error::b %0A';
    const check = { stage: 'validity', name: 'n', result: 'failed', text, code: 6 } as const;
    const lines = gateAnnotations({ ...slower, checks: [check] });
    expect(lines).toEqual(['::error title=gate%3A failed::n: a ::error::b %250A']);
  });
});
