import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/analysis/capacity/assessment.ts';
import { parseDemand } from '../../src/analysis/capacity/demand-file.ts';
import { forecastOf } from '../../src/analysis/capacity/forecast.ts';
import { parseChosen } from '../../src/analysis/capacity/objective-sets.ts';
import { capacityReport } from '../../src/report/capacity-report.ts';
import { page } from '../../src/report/html/page.ts';
import { markdown } from '../../src/report/markdown.ts';
import { terminal } from '../../src/report/terminal.ts';
import { type MadeCurve, madeCurve } from '../analysis/capacity/made-curves.ts';
import { madeCapacity } from './made-capacity.ts';

const { assessment, forecast } = madeCapacity();

/** What is said before anything else of a demand, a list of flow mappings, to a made endpoint that gives 4 to 6 requests a second. */
function answer(demand: string, made: MadeCurve = {}, rest = '') {
  const text = `objectives: "p95(ttftMs) <= 500"\ndemand: [${demand}]\n${rest}`;
  const file = parseDemand({ file: 'd.yaml', text });
  const measured = assess([madeCurve(made)], parseChosen(['p95(ttftMs) <= 500']));
  const document = capacityReport(measured, forecastOf(measured, file));
  const [block] = document.blocks;
  return { document, block, text: terminal(document, { width: 200, colour: false }) };
}

const chat = '{ model: hermes, workload: chat, requestsPerS: 30 }';

describe('the report of a capacity', () => {
  it('is as it was, in Markdown', async () => {
    await expect(markdown(capacityReport(assessment, forecast))).toMatchFileSnapshot('golden/capacity.md');
  });

  it('is as it was, on a terminal of 80 columns', async () => {
    const text = terminal(capacityReport(assessment, forecast), { width: 80, colour: false });
    await expect(text).toMatchFileSnapshot('golden/capacity.txt');
  });

  it('stands in docs/capacity.md as it is', () => {
    const text = terminal(capacityReport(assessment, forecast), { width: 80, colour: false }).split('\n');
    const shown =
      /```made\n([\s\S]*?)```/.exec(readFileSync('docs/capacity.md', 'utf8'))?.[1]?.trim().split('\n') ?? [];
    expect(shown.length).toBeGreaterThan(10);
    for (const line of shown) expect(text).toContain(line);
  });

  it('says that the gateway binds before any GPU does', () => {
    const { block, text } = answer(chat, {}, 'policy: { gateway: { perAddressPerS: 10, addresses: 2 } }');
    expect(block).toMatchObject({ tone: 'bad', text: '9–12 GPUs; the gateway binds; interpolated' });
    expect(text).toContain(
      'it lets 20.0 requests/s through, and 30.0/s are asked for in the busiest hour; more GPUs change nothing',
    );
  });

  it('says that the limit of requests in flight binds before the GPUs do', () => {
    const { block, text } = answer('{ model: hermes, workload: chat, requestsPerS: 400 }');
    expect(block).toMatchObject({
      tone: 'bad',
      text: '97–144 GPUs; the limit of 100 requests in flight binds; interpolated',
    });
    expect(text).toContain("by Little's law it lets 147–263 requests/s through, however many GPUs there are");
  });

  it('says that requests are planned to be of another length, and scales nothing to it', () => {
    const { block } = answer('{ model: hermes, workload: chat, requestsPerS: 30, tokens: { input: 500, output: 10 } }');
    expect(block).toMatchObject({
      text: '9–12 GPUs; TTFT binds; interpolated',
      items: [expect.stringContaining('nothing was scaled')],
    });
  });

  it('has no number of GPUs of what no load meets, and none of what was not measured', () => {
    const { block } = answer(chat, { ttftMs: () => 900 });
    expect(block).toMatchObject({ tone: 'bad', text: 'No plan, and no number of GPUs:' });
    expect(block).toMatchObject({ items: [expect.stringContaining('missed at 2/s, the lowest load measured')] });
    expect(answer(`${chat}, { model: other, workload: chat, requestsPerS: 1 }`).block).toMatchObject({
      tone: 'bad',
      text: '9–12 GPUs; TTFT binds; interpolated; for a part of the demand only',
    });
    expect(answer('{ model: herms, workload: chat, requestsPerS: 1 }').block).toMatchObject({
      items: [expect.stringContaining('did you mean hermes chat?')],
    });
  });

  it('names no money of a model of a GPU, and says what is simulated wherever it stands', () => {
    const { document, text } = answer(chat, { simulated: true }, 'prices: { currency: EUR, gpu: { perHour: 2 } }');
    expect(document.stamp).toBe('simulated');
    expect(text).toContain('No money is named');
    expect(text).not.toContain('EUR');
  });

  it('shows names as text, whatever they hold', () => {
    const hostile = '</script><img src=x onerror=harm()>\u202egnp\u001b[31m';
    const endpoints = assessment.endpoints.map(each => ({
      ...each,
      curve: { ...each.curve, label: hostile },
      capacity: { ...each.capacity, label: hostile, binding: hostile, why: hostile, signs: [hostile] },
      objectives: { ...each.objectives, source: hostile },
    }));
    const [model] = forecast.plan.models;
    if (model === undefined) throw new Error('no model');
    const plan = { ...forecast.plan, binding: hostile, models: [{ ...model, model: hostile, binding: hostile }] };
    const document = capacityReport({ ...assessment, endpoints, noted: [hostile] }, { ...forecast, plan });
    for (const text of [
      page(document, { text: '', sha256: '' }),
      markdown(document),
      terminal(document, { width: 100, colour: false }),
    ]) {
      expect(text).not.toMatch(/[\u001b\u202e]/);
      expect(text).toContain('\\u202egnp');
    }
    expect(page(document, { text: '', sha256: '' })).not.toContain('<img');
  });
});
