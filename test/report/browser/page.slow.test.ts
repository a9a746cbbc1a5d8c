import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../../src/analysis/comparison/comparison.ts';
import { history } from '../../../src/analysis/history.ts';
import { Timeline } from '../../../src/record/timeline.ts';
import { capacityReport } from '../../../src/report/capacity-report.ts';
import { comparisonReport } from '../../../src/report/comparison-report.ts';
import type { Document } from '../../../src/report/document.ts';
import { historyReport } from '../../../src/report/history-report.ts';
import { runReport } from '../../../src/report/run-report.ts';
import { writeDocument } from '../../../src/run/report-files.ts';
import { parseMeasure } from '../../../src/scenario/objective.ts';
import { madeRuns } from '../../analysis/gate/made-runs.ts';
import { virtualRun } from '../../run/virtual-run.ts';
import { madeCapacity } from '../made-capacity.ts';
import { findChromium, launchChromium, seriousViolations } from './chromium.ts';

const executable = findChromium();
const isSkipped = executable === undefined && process.env['CI'] !== 'true';
const reason = isSkipped ? ': not tested, for there is none on this machine' : '';

const hostile = '</script><img src=x onerror="window.harmed=1"><b>"\u202egnp\u001b[31m=1+1';

/** Two endpoints, two loads and one that is too much: every part of a page has something to show, some of it hostile. */
async function example(): Promise<Document> {
  const { run, records } = await virtualRun(`
name: page
targets: [{ model: m, gpus: [0, 1], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: 20 } } }
limits: { requestTimeout: 860ms }
load: { warmup: 1s, steps: [{ concurrency: [1, 8], requests: 60 }, { ratePerS: 150, duration: 3s, maxInFlight: 100 }] }
objectives: ["p95(ttftMs) <= 100"]
`);
  const timeline = new Timeline();
  for (const record of records) timeline.add(record);
  const harmed = run.cells.map(cell => ({
    ...cell,
    examples: [{ kind: 'timeout' as const, status: 500, by: 'unknown', detail: hostile, count: 1 }],
    target: { ...cell.target, name: cell.target.name.replace('gpu0', hostile) },
  }));
  return runReport({ ...run, cells: harmed }, timeline.rows());
}

const runs = madeRuns(3, { slower: 1.25, outputTokens: 15 });

function madeComparison() {
  return compare({ name: 'base', runs: runs.baseline }, { name: 'candidate', runs: runs.candidate });
}

function madeHistory(): Document {
  const all = [...runs.baseline, ...runs.candidate].map(run => ({ name: run.id, run }));
  const found = history(all, { measure: parseMeasure('p95(ttftMs)') });
  return historyReport(found, { place: 'reports', runs: all, problems: [hostile], charts: true });
}

describe.skipIf(isSkipped)(`report.html in Chromium${reason}`, () => {
  let browser: Browser;
  let page: Page;
  let file: string;
  let names: string[];
  const requests: string[] = [];
  const complaints: string[] = [];

  /** A chart, alive: what somebody scrolls to is drawn again. */
  async function lively(name: string, on = page) {
    const figure = on.locator(`figure[data-chart="${name}"]`);
    await figure.scrollIntoViewIfNeeded();
    const drawn = figure.locator('.drawn').first();
    await drawn.waitFor();
    return { figure, drawn };
  }

  beforeAll(async () => {
    if (executable === undefined) throw new Error('CI=true needs a Chromium: apt-get install chromium');
    const document = await example();
    names = document.blocks.flatMap(block => (block.kind === 'chart' ? [block.name] : []));
    file = await writeDocument(mkdtempSync(join(tmpdir(), 'tgi-bench-page-')), 'report', document);
    browser = await launchChromium(executable);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('request', request => void requests.push(request.url()));
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', error => void complaints.push(error.message));
    await page.goto(pathToFileURL(file).href);
    for (const name of names) await lively(name);
  });
  afterAll(() => browser?.close());

  it('opens from disk, asks nothing of any network, says nothing on the console, and is small', async () => {
    expect(names).toContain('timeline');
    expect(requests).toEqual([pathToFileURL(file).href]);
    expect(complaints).toEqual([]);
    expect(await page.locator('h1').textContent()).toBe('page');
    expect(statSync(file).size).toBeLessThan(1_000_000);
  });

  it('shows what servers and files said as text', async () => {
    expect(await page.evaluate("'harmed' in window")).toBe(false);
    expect(await page.locator('img').count()).toBe(0);
    const text = (await page.locator('main').textContent()) ?? '';
    expect(text).toContain('</script><img src=x onerror="window.harmed=1">');
    expect(text).toContain('\\u202egnp\\u001b[31m=1+1');
    expect(text).not.toMatch(/[\u001b\u202e]/);
  });

  it('reads all series of the timeline where a pointer is', async () => {
    const { drawn } = await lively('timeline');
    await drawn.hover({ position: { x: 700, y: 120 } });
    const reading = page.locator('.reading');
    await reading.waitFor();
    expect(await reading.locator('caption').textContent()).toMatch(/^\d+:\d\d$/);
    const text = (await reading.textContent()) ?? '';
    for (const title of ['requests in flight', 'requests sent /s', 'output tokens /s', 'errors /s'])
      expect(text).toContain(title);
    await page.mouse.move(5, 5);
  });

  it('zooms the timeline with buttons, and back', async () => {
    const { figure, drawn } = await lively('timeline');
    const labels = async () =>
      (await drawn.locator('svg text').allTextContents()).filter(text => /^\d+:\d\d$/.test(text)).join();
    const whole = await labels();
    await figure.getByRole('button', { name: 'Zoom in' }).click();
    await expect.poll(labels).not.toBe(whole);
    await figure.getByRole('button', { name: 'whole run' }).click();
    await expect.poll(labels).toBe(whole);
  });

  it('is read with keys, and says so to a screen reader', async () => {
    const { drawn } = await lively('timeline');
    await drawn.focus();
    for (const key of ['Home', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    await expect
      .poll(() => page.locator('[aria-live=polite]').textContent())
      .toMatch(/^0:0\d; requests in flight .* \d/);
    await page.keyboard.press('Escape');
  });

  it('takes a series away and brings it back', async () => {
    const { figure, drawn } = await lively('timeline');
    const lines = () => drawn.locator('svg path[fill="none"]').count();
    const all = await lines();
    const button = figure.locator('.legend button').first();
    await button.click();
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    await expect.poll(lines).toBeLessThan(all);
    const without = await lines();
    await button.click();
    await expect.poll(lines).toBeGreaterThan(without);
  });

  it('is light or dark as its reader likes it, with nothing that axe finds serious', async () => {
    const papers: unknown[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      papers.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      papers.push(await page.evaluate("getComputedStyle(document.querySelector('.still text')).fill"));
      // By night only colours differ.
      expect(await seriousViolations(page, colorScheme === 'dark' ? ['color-contrast'] : undefined)).toEqual([]);
    }
    expect(new Set(papers).size).toBe(4);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('prints its still pictures', async () => {
    await page.emulateMedia({ media: 'print' });
    const figure = page.locator('figure[data-chart="timeline"]');
    expect(await figure.locator('.still').isVisible()).toBe(true);
    expect(await figure.locator('.drawn').isVisible()).toBe(false);
    expect(await page.locator('nav').isVisible()).toBe(false);
    await page.emulateMedia({ media: 'screen' });
  });

  it('is as good where it answers a demand: capacity.html', async () => {
    const { assessment, forecast } = madeCapacity();
    const directory = mkdtempSync(join(tmpdir(), 'tgi-bench-page-'));
    const path = await writeDocument(directory, 'capacity', capacityReport(assessment, forecast));
    const before = requests.length;
    await page.goto(pathToFileURL(path).href);
    for (const name of ['throughput-against-load', 'limits-against-load']) await lively(name);
    expect([requests.slice(before), complaints]).toEqual([[pathToFileURL(path).href], []]);
    expect(await page.locator('main .callout').first().textContent()).toMatch(/^\s*7–8 GPUs; TTFT binds; interpolated/);
    expect(await seriousViolations(page)).toEqual([]);
    await page.goto(pathToFileURL(file).href);
  });

  it.each([
    ['comparison', comparisonReport([madeComparison()]), ['ttft-ratio', 'response-time-ratio']],
    ['history', madeHistory(), ['trend-1']],
  ] as const)('is as good where it lays runs side by side or in a row: %s.html', async (name, document, charts) => {
    const path = await writeDocument(mkdtempSync(join(tmpdir(), 'tgi-bench-page-')), name, document);
    const other = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const seen: string[] = [];
    other.on('request', request => void seen.push(request.url()));
    other.on('console', message => void seen.push(message.text()));
    other.on('pageerror', error => void seen.push(error.message));
    await other.goto(pathToFileURL(path).href);
    for (const chart of charts) await lively(chart, other);
    expect(seen).toEqual([pathToFileURL(path).href]);
    expect(await seriousViolations(other)).toEqual([]);
    await other.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousViolations(other, ['color-contrast'])).toEqual([]);
    await other.setViewportSize({ width: 390, height: 844 });
    // Its charts are drawn anew for the narrower page a moment later.
    await expect.poll(() => other.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await other.close();
  });

  it('fits a telephone 390 px wide', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const name of names) {
      const { drawn } = await lively(name);
      await expect.poll(async () => (await drawn.boundingBox())?.width ?? 1000).toBeLessThan(390);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });
});
