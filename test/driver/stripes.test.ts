import { describe, expect, it } from 'vitest';
import { arrivals, warmupLaw } from '../../src/arrival/arrivals.ts';
import { type Clock, virtualClock } from '../../src/clock.ts';
import { dispatch } from '../../src/driver/dispatch.ts';
import { type Attempt, type Part, type Phase, type Send, StageFinish, StageStart } from '../../src/driver/driver.ts';
import { PhaseCounts } from '../../src/driver/phase-counts.ts';
import type { Cell, Load } from '../../src/scenario/expand.ts';
import { closed, Diary } from './diary.ts';

const poisson = (ratePerS: number, rest: Partial<Load> = {}): Load =>
  ({ kind: 'open', arrivals: 'poisson', ratePerS, whenFull: 'drop', ...rest }) as Load;

interface Asked {
  readonly load: Load;
  readonly end: Cell['end'];
  readonly warmup?: Cell['warmup'];
  readonly staggerMs?: number;
  readonly serviceMs?: number;
}

/** What was sent: which request, and when it was due. */
interface Sent {
  readonly part: Part;
  readonly index: number;
  readonly dueMs: number;
}

/** Drives a phase in so many stripes, in virtual time, each by a driver of its own; the service takes the same time for all. */
async function inStripes(n: number, { load, end, warmup = { turnovers: 1 }, staggerMs, serviceMs = 100 }: Asked) {
  const clock = virtualClock();
  const sent: Sent[] = [];
  const memory = PhaseCounts.shared();
  const start = new StageStart(n);
  const finish = new StageFinish(1);
  const diaries = await clock.run(
    Promise.all(
      Array.from({ length: n }, async (_, k) => {
        const cell: Cell = {
          index: 0,
          stage: 0,
          target: { name: 'm/gpu0', model: 'm', gpu: 0, protocol: 'tgi', path: '/generate', workloads: ['chat'] },
          workload: 'chat',
          load,
          end,
          warmup,
          order: 'interleaved',
          driver: 'undici',
          step: 0,
          repetition: 1,
        };
        const diary = new Diary();
        const phase: Phase = {
          cell,
          arrivals: (law, part) => arrivals(warmupLaw(law), 42, part),
          requestOf(part, index) {
            sent.push({ part, index, dueMs: clock.nowMs() });
            return { prompt: `${part} ${index}`, images: [], maxNewTokens: 1, parameters: {}, stream: true };
          },
          drainMs: 30_000,
          staggerMs,
          stopIf: [],
          start,
          finish,
          stripe: { k, n, counts: new PhaseCounts(memory) },
        };
        await dispatch(steady(clock, serviceMs), clock).drive(phase, diary, new AbortController().signal);
        return diary;
      }),
    ),
  );
  return { diaries, sent, records: diaries.flatMap(({ records }) => records) };
}

/** A service that takes the same time for every request. */
function steady(clock: Clock, serviceMs: number): Send {
  return () =>
    new Promise<Attempt>(resolve => {
      const sentMs = clock.nowMs();
      const endMs = sentMs + serviceMs;
      clock.at(endMs, () =>
        resolve({ sentMs, tokenTimesMs: [], endMs, requestId: '', requestBytes: 0, outcome: { kind: 'ok' } }),
      );
    });
}

const measured = (sent: readonly Sent[]) =>
  sent.filter(({ part }) => part === 'measured').toSorted((a, b) => a.index - b.index);

/** The window that all stripes have: of a step that is complete, the earliest end. */
const windowsOf = (diaries: readonly Diary[]) => diaries.map(({ openings, closings }) => [openings, closings[0]?.atMs]);

describe('the stripes of an open loop', () => {
  it.each([
    ['that ends by time', { durationMs: 5_000 }],
    ['that ends by a number of requests', { requests: 101 }],
  ])('%s send together what one would, each request at its time', async (_, end) => {
    const whole = await inStripes(1, { load: poisson(20), end });
    expect(measured(whole.sent).map(({ index }) => index)).toEqual(measured(whole.sent).map((_, index) => index));
    for (const n of [2, 3, 7]) {
      const striped = await inStripes(n, { load: poisson(20), end });
      expect(measured(striped.sent)).toEqual(measured(whole.sent));
      expect(windowsOf(striped.diaries)).toEqual(new Array(n).fill(windowsOf(whole.diaries)[0]));
      for (const [k, diary] of striped.diaries.entries())
        expect(diary.measured).toHaveLength(measured(whole.sent).filter(({ index }) => index % n === k).length);
    }
  });

  it('share the places in flight: nothing is dropped while any is free', async () => {
    const load = poisson(50, { maxInFlight: 5, effectiveMaxInFlight: 5 });
    const dropped = async (n: number) => {
      const { records } = await inStripes(n, { load, end: { durationMs: 20_000 }, warmup: 1_000 });
      return records.filter(({ outcome }) => outcome.kind === 'dropped').map(({ dueMs }) => dueMs);
    };
    const whole = await dropped(1);
    expect(whole.length).toBeGreaterThan(50);
    for (const n of [2, 3]) expect((await dropped(n)).toSorted((a, b) => a - b)).toEqual(whole);
  });
});

describe('the stripes of a closed loop', () => {
  it('have the slots of one, and send as many requests as were asked for, each once', async () => {
    for (const n of [1, 2, 3]) {
      const { sent, diaries } = await inStripes(n, { load: closed(8), end: { requests: 101 }, staggerMs: 100 });
      expect(measured(sent).map(({ index }) => index)).toEqual(Array.from({ length: 101 }, (_, index) => index));
      expect(sent.every(({ part }) => part !== 'cooldown')).toBe(true);
      // Eight slots take 12.5 ms a request; what ends the step is the first slot that finds nothing left.
      expect(Math.min(...diaries.map(({ closings }) => closings[0]?.atMs ?? Number.NaN))).toBe(
        (diaries[0]?.openings[0] ?? Number.NaN) + 101 * 12.5,
      );
    }
  });

  it('end by time together', async () => {
    const { diaries, records } = await inStripes(3, { load: closed(8), end: { durationMs: 1_000 }, staggerMs: 100 });
    const [opened] = diaries[0]?.openings ?? [];
    expect(windowsOf(diaries)).toEqual(new Array(3).fill([[opened], (opened ?? Number.NaN) + 1_000]));
    expect(records.filter(({ phase }) => phase === 'measured')).toHaveLength(80);
  });

  it('have slots that come in later, also where a stripe begins with none', async () => {
    const load = { ...closed(4), ramp: { from: 1, to: 4, steps: 4, durationMs: 4_000 } } as Load;
    const inWhole = await inStripes(1, { load, end: { durationMs: 4_000 } });
    const { records, diaries } = await inStripes(3, { load, end: { durationMs: 4_000 } });
    expect(windowsOf(diaries)).toEqual(new Array(3).fill(windowsOf(inWhole.diaries)[0]));
    expect(records).toHaveLength(inWhole.records.length);
    expect(records.length).toBeGreaterThanOrEqual(100);
  });
});
