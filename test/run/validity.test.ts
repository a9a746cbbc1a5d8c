import { describe, expect, it } from 'vitest';
import { type Clock, sleepUntil } from '../../src/clock.ts';
import type { Send } from '../../src/driver/driver.ts';
import { virtualRun } from './virtual-run.ts';

const scenario = (steps: string) => `
name: virtual
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads: { chat: { kind: text, prompt: { tokens: 64 }, output: { maxNewTokens: 20 } } }
load: { steps: ${steps} }
`;
const closed = scenario('[{ concurrency: 4, duration: 20s }]');

/** Loses the second token of every k-th answer, as a parser would that drops an event. */
const losing =
  (every: number) =>
  (send: Send): Send => {
    let answers = 0;
    return async (...request) => {
      const attempt = await send(...request);
      const isHit = ++answers % every === 0;
      return isHit ? { ...attempt, tokenTimesMs: attempt.tokenTimesMs.filter((_, i) => i !== 1) } : attempt;
    };
  };

/** Keeps every request for so many ms before it is sent, as a program that is busy would. */
const slowToSend =
  (ms: number) =>
  (send: Send, clock: Clock): Send =>
  async (...request) => {
    await sleepUntil(clock, clock.nowMs() + ms);
    return send(...request);
  };

describe('the verdict on a run', () => {
  it('is that a generator which did all it was asked to is valid, in closed and open loops', async () => {
    const { run } = await virtualRun(
      scenario(
        '[{ concurrency: [1, 16], duration: 10s }, { ratePerS: 5, duration: 10s }, { concurrency: 4, thinkTime: 1s, duration: 10s }]',
      ),
    );
    expect(run.validity).toEqual({ verdict: 'valid', reasons: [] });
    for (const { evidence, load, scheduled, counts } of run.cells) {
      if (load.kind !== 'closed') {
        expect(scheduled).toBe(counts.due);
        continue;
      }
      const { inFlight = 0, thinking = 0, heldBack = 0 } = evidence.slots ?? {};
      expect(inFlight + thinking + heldBack).toBeCloseTo(load.effectiveConcurrency, 1);
    }
  });

  it('catches lost tokens', async () => {
    const { run: few } = await virtualRun(closed, { between: losing(250) });
    expect(few.validity.verdict).toBe('suspect');
    const { run } = await virtualRun(closed, { between: losing(20) });
    expect(run.validity.verdict).toBe('invalid');
    expect(run.validity.reasons[1]).toMatchObject({
      subject: expect.stringContaining('tokens were counted'),
      figure: expect.closeTo(0.05, 2),
      advice: expect.stringMatching(/./),
    });
  });

  it('catches a clock that is set', async () => {
    const set = (atMs: number) => (Math.round(atMs / 1000) === 10 ? { clockStepMs: 3_600_000 } : {});
    const { run, samples } = await virtualRun(closed, { sampleProcess: set });
    expect(samples.filter(({ clockStepMs }) => clockStepMs !== undefined)).toHaveLength(1);
    expect(run.validity).toMatchObject({
      verdict: 'suspect',
      reasons: [{ text: '1 of 1 cells are suspect' }, { text: expect.stringMatching(/set forward: 1 h/) }],
    });
  });

  it('catches slots that were not kept busy', async () => {
    const { run } = await virtualRun(closed, { between: slowToSend(80) });
    expect(run.validity.reasons.map(({ subject }) => subject)).toContain('slots stood idle instead of sending');
  });
});

describe('a service that stalls', () => {
  it('is a finding in a valid run, with when and for how long', async () => {
    const { run } = await virtualRun(closed, { prepare: engine => engine.stall(8_000, 2_500) });
    expect(run.validity.verdict).toBe('valid');
    const [cell] = run.cells;
    const [found] = cell?.findings ?? [];
    expect(found?.text).toMatch(
      /^all streams were silent in the middle of answers for 2\.5\d? s, [78]\.\d+ s into the run$/,
    );
    expect(cell?.evidence.silences).toHaveLength(1);
  });

  it('is none where it only computes the first token', async () => {
    const { run } = await virtualRun(closed);
    expect(run.cells[0]?.findings).toEqual([]);
  });
});
