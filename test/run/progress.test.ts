import { describe, expect, it } from 'vitest';
import type { Progress } from '../../src/record/progress.ts';
import { virtualRun } from './virtual-run.ts';

const scenario = (load: string, gpus = '[0, 1]') => `
name: virtual
targets: [{ model: m, gpus: ${gpus}, workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: 20 } } }
load: ${load}
`;

const drivenOf = ({ endpoints }: Progress) => endpoints.filter(({ isDriven }) => isDriven);

describe('the progress of a run', () => {
  it.each([0, 2])('tells of each endpoint what its records and samples tell, from %i threads', async lanes => {
    const { run, records, progress, samples } = await virtualRun(
      scenario('{ steps: [{ concurrency: 4, duration: 16s, order: parallel }] }'),
      { lanes },
    );
    expect(progress.length).toBeGreaterThan(16);
    for (const [i, each] of progress.entries()) {
      expect(each.endpoints.map(({ target }) => target)).toEqual(['m/gpu0', 'm/gpu1']);
      const inFlight = each.endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0);
      expect(inFlight).toBe(samples[i]?.inFlight);
    }
    const measuring = progress.filter(({ part }) => part === 'measuring');
    expect(measuring.length).toBeGreaterThan(13);
    for (const each of measuring.slice(12)) {
      for (const { target, outputTokensPerS, ttftP95Ms } of drivenOf(each)) {
        const cell = run.cells.find(other => other.target.name === target);
        expect(Math.abs((outputTokensPerS ?? 0) / (cell?.rates.outputTokensPerS ?? 1) - 1)).toBeLessThan(0.1);
        expect(Math.abs((ttftP95Ms.value ?? 0) / (cell?.metrics.ttftMs.p95 ?? 1) - 1)).toBeLessThan(0.5);
      }
    }
    const last = progress.at(-1);
    expect(last?.endpoints.map(({ ttftP95Ms }) => ttftP95Ms.value)).toEqual(
      run.cells.map(({ metrics }) => metrics.ttftMs.p95),
    );
    expect(records.length).toBeGreaterThan(300);
  });

  it('shows no p95 before there are requests enough for one, nor of a warm-up', async () => {
    const { progress } = await virtualRun(
      scenario('{ warmup: 5s, steps: [{ ratePerS: 10, arrivals: constant, duration: 20s }] }', '[0]'),
    );
    const shown = progress.filter(({ endpoints }) => endpoints[0]?.ttftP95Ms.value != null);
    expect(progress.filter(({ part }) => part === 'warm-up').length).toBeGreaterThan(3);
    expect(shown.every(({ part }) => part !== 'warm-up')).toBe(true);
    expect(shown[0]?.elapsedMs).toBeGreaterThan(10_900); // 59 at ten a second
  });

  it('keeps what an endpoint showed last when another is driven', async () => {
    const { progress } = await virtualRun(
      scenario('{ steps: [{ concurrency: 8, duration: 10s, order: sequential }] }'),
    );
    const second = progress.filter(each => drivenOf(each)[0]?.target === 'm/gpu1').at(-1);
    expect(second?.endpoints[0]).toMatchObject({ target: 'm/gpu0', isDriven: false, inFlight: 0 });
    expect(second?.endpoints[0]?.ttftP95Ms.value).toBeGreaterThan(0);
    expect(progress.every(each => each.stages === 2 && drivenOf(each).length <= 1)).toBe(true);
  });
});

describe('the time left', () => {
  /** By how much of the whole run each estimate was wrong. */
  async function errorsOf(text: string): Promise<{ progress: readonly Progress[]; errors: number[]; endMs: number }> {
    const { progress } = await virtualRun(text);
    const endMs = progress.at(-1)?.elapsedMs ?? 0;
    const errors = progress.flatMap(({ left, elapsedMs }) =>
      left === undefined || left.isBound ? [] : [Math.abs(left.ms - (endMs - elapsedMs)) / endMs],
    );
    return { progress, errors, endMs };
  }

  it('is close from the start where the scenario says how long it takes', async () => {
    const { errors, progress } = await errorsOf(
      scenario('{ warmup: 2s, steps: [{ concurrency: [1, 8], duration: 20s }, { ratePerS: 5, requests: 100 }] }'),
    );
    expect(errors.length).toBeGreaterThan(progress.length - 3);
    expect(Math.max(...errors)).toBeLessThan(0.1);
  });

  it('of what ends by requests is known once the same step was seen, and not before', async () => {
    const { progress, errors } = await errorsOf(
      scenario('{ repetitions: 3, steps: [{ concurrency: 2, requests: 200 }] }'),
    );
    expect(progress.find(({ endpoints }) => endpoints.some(({ isDriven }) => isDriven))?.left).toBeUndefined();
    expect(errors.length).toBeGreaterThan(progress.length / 2);
    expect(Math.max(...errors)).toBeLessThan(0.1);
  });

  it('is a bound, and one that holds, where a step ends by requests or a time', async () => {
    const { progress, endMs } = await errorsOf(
      scenario('{ steps: [{ concurrency: [1, 2, 4, 8], requests: 50, atMost: 60s }] }'),
    );
    const bounds = progress.filter(({ left }) => left?.isBound);
    expect(bounds.length).toBeGreaterThan(5);
    for (const { left, elapsedMs } of bounds) expect(left?.ms).toBeGreaterThan(endMs - elapsedMs);
  });
});
