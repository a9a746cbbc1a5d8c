import { beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../src/record/run.ts';
import { virtualRun } from './virtual-run.ts';

/** Endpoints whose prompts are long and whose answers are short, so that a search is soon over. */
const scenario = (search: string, rest = '', gpus = '0') => `
name: search
targets: [{ model: m, gpus: [${gpus}], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { text: ${'word '.repeat(1000)} }, output: { maxNewTokens: 4 } } }
load: { search: { ${search} } }
${rest}`;

const rate = 'objective: p95(ttftMs) <= 400, over: ratePerS, from: 4, to: 64, requests: 200, probes: 2';
const found = ({ searches }: Run) => (searches ?? [])[0];

describe('a run with a search', { timeout: 20_000 }, () => {
  let whole: Run;
  beforeAll(async () => {
    whole = (await virtualRun(scenario(rate))).run;
  }, 30_000);

  it('finds an interval, and says what that cost', () => {
    const search = found(whole);
    expect(whole.status).toBe('complete');
    expect(search).toMatchObject({
      target: 'm/gpu0',
      workload: 'chat',
      over: 'ratePerS',
      kind: 'found',
      confidence: 0.9,
    });
    expect(search?.low).toBeGreaterThan(4);
    expect(search?.low).toBeLessThan(search?.estimate as number);
    expect(search?.high).toBeGreaterThan(search?.estimate as number);
    expect(search?.requests).toBe(search?.probes.reduce((sum, { requests }) => sum + requests, 0));
    expect(search?.tookMs).toBeGreaterThan(60_000);
  });

  it('has a cell for each probe, with all that any other cell has', () => {
    expect(whole.cells.map(({ index }) => index)).toEqual(found(whole)?.probes.map(({ cell }) => cell));
    for (const probe of found(whole)?.probes ?? []) {
      const cell = whole.cells[probe.cell];
      expect(cell?.load).toMatchObject({ kind: 'open', ratePerS: probe.load });
      expect(cell?.counts.due).toBeGreaterThanOrEqual(probe.requests);
      expect(cell?.windowMs).not.toBeNull();
      expect(cell?.warmupRequests).toBeGreaterThan(0);
    }
  });

  it('breaks a probe off that has no hope, and says why', () => {
    const probe = found(whole)?.probes.find(({ verdict }) => verdict === 'hopeless');
    expect(probe?.reason).toMatch(/requests in flight grew by .* and waits by \d+ ms a second/);
    expect(whole.cells[probe?.cell ?? -1]).toMatchObject({
      endedBy: 'stop rule',
      stopRule: `search: no hope, ${probe?.reason}`,
    });
  });

  it('goes on where an earlier one was interrupted, and comes to the same', async () => {
    const text = scenario('objective: p90(ttftMs) <= 400, over: ratePerS, from: 8, to: 32, requests: 80, probes: 1');
    const { run: whole } = await virtualRun(text);
    const { run: first } = await virtualRun(text, { interruptAtMs: 20_000 });
    expect(first.status).toBe('interrupted');
    expect(found(first)).toMatchObject({ kind: 'unknown', reason: 'it was broken off before it was done' });
    const before = found(first)?.probes ?? [];
    expect(before.length).toBeGreaterThan(1);
    const resumed = { run: 'earlier', searches: JSON.parse(JSON.stringify(first.searches)) };
    const { run: second } = await virtualRun(text, { resumed });
    expect(second.resumes).toBe('earlier');
    const loads = ({ searches }: Run) => searches?.[0]?.probes.map(({ load, part }) => [part, load]);
    expect(loads(second)?.slice(0, before.length + 1)).toEqual(loads(whole)?.slice(0, before.length + 1));
    expect(found(second)?.probes.filter(({ run }) => run === 'earlier')).toHaveLength(before.length);
    expect(second.cells).toHaveLength((found(second)?.probes.length ?? 0) - before.length);
    expect(found(second)?.kind).toBe(found(whole)?.kind);
  });

  it('takes endpoints one after another, and finds of each its own', async () => {
    const quick =
      'objective: "m/gpu1: p90(ttftMs) <= 400", over: concurrency, from: 2, to: 64, requests: 120, probes: 2';
    const { run } = await virtualRun(scenario(quick, '', '0, 1'));
    expect(run.searches?.map(({ target }) => target)).toEqual(['m/gpu1']);
    const { low = 0, high = 0, estimate = 0 } = found(run) ?? {};
    for (const slots of [low, estimate, high]) expect(Number.isInteger(slots)).toBe(true);
    expect(high - low).toBeLessThanOrEqual(4);
  });

  it('sets aside a probe that the generator could not keep up with, and tries it again', async () => {
    const { run } = await virtualRun(scenario('objective: p90(ttftMs) <= 9000, over: ratePerS, from: 8, to: 16'), {
      sampleProcess: atMs => (atMs < 5_000 ? { loopDelayMs: { mean: 900, p99: 900, max: 900 } } : {}),
    });
    expect(found(run)?.probes.map(({ load, verdict }) => [load, verdict])).toEqual([
      [8, 'invalid'],
      [8, 'held'],
      [16, 'held'],
    ]);
    expect(found(run)).toMatchObject({ kind: 'at least', low: 16 });
    expect(run.cells[0]?.validity.verdict).toBe('invalid');
    expect(run.validity.verdict).toBe('valid');
  });

  it('is the same over several threads', async () => {
    const text = scenario('objective: p90(ttftMs) <= 9000, over: ratePerS, from: 8, to: 16');
    const [one, several] = [await virtualRun(text), await virtualRun(text, { lanes: 2 })];
    expect(found(several.run)).toMatchObject({ kind: 'at least', low: 16 });
    expect(found(several.run)?.requests).toBe(found(one.run)?.requests);
  });

  it('knows nothing of a limit beyond what the generator could hold', async () => {
    const { run } = await virtualRun(scenario(rate), {
      sampleProcess: atMs => ({ loopDelayMs: { mean: 900, p99: 900, max: 900 }, atMs }),
    });
    expect(found(run)).toMatchObject({ kind: 'unknown', reason: 'the generator could not keep up at 4' });
    expect(found(run)?.probes.map(({ verdict }) => verdict)).toEqual(['invalid', 'invalid']);
  });
});
