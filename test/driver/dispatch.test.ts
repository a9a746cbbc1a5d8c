import { describe, expect, it } from 'vitest';
import { arrivals, warmupLaw } from '../../src/arrival/arrivals.ts';
import { type Clock, virtualClock } from '../../src/clock.ts';
import { dispatch } from '../../src/driver/dispatch.ts';
import {
  type Attempt,
  type EndReason,
  type Observer,
  type Phase,
  type Send,
  StageFinish,
  StageStart,
} from '../../src/driver/driver.ts';
import { simulatedSend } from '../../src/driver/simulated.ts';
import type { Outcome } from '../../src/protocol/outcome.ts';
import type { GenerationRequest } from '../../src/protocol/protocol.ts';
import { seededRandom } from '../../src/random.ts';
import { Recorder } from '../../src/record/recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Cell, Load } from '../../src/scenario/expand.ts';
import { parseStopRule, type StopRule } from '../../src/scenario/objective.ts';

const request: GenerationRequest = {
  prompt: 'one two three',
  images: [],
  maxNewTokens: 20,
  parameters: {},
  stream: true,
};

const closed = (concurrency: number, thinkTimeMs = 0): Load => ({
  kind: 'closed',
  concurrency,
  effectiveConcurrency: concurrency,
  thinkTimeMs,
});

const constant = (ratePerS: number, inFlight?: number, whenFull: 'drop' | 'queue' = 'drop'): Load => ({
  kind: 'open',
  arrivals: 'constant',
  ratePerS,
  whenFull,
  ...(inFlight === undefined ? {} : { maxInFlight: inFlight, effectiveMaxInFlight: inFlight }),
});

const poisson = (ratePerS: number): Load => ({ kind: 'open', arrivals: 'poisson', ratePerS, whenFull: 'drop' });

function cellOf(load: Load, end: Cell['end'], warmup: Cell['warmup']): Cell {
  const path = '/m/gpu0/generate';
  const target = { name: 'm/gpu0', model: 'm', gpu: 0, protocol: 'tgi', path, workloads: ['chat'] } as const;
  return {
    index: 0,
    stage: 0,
    target,
    workload: 'chat',
    load,
    end,
    warmup,
    order: 'interleaved',
    driver: 'undici',
    step: 2,
    repetition: 1,
  };
}

interface Given {
  readonly load: Load;
  readonly end: Cell['end'];
  /** None where it is not given: what is due is measured from the beginning. */
  readonly warmup?: Cell['warmup'];
  /** All slots at once where it is not given; `unknown` as in the first cell of an endpoint. */
  readonly staggerMs?: number | 'unknown';
  readonly drainMs?: number;
  readonly stopIf?: string;
  readonly seed?: number;
  readonly start?: StageStart;
  /** Which cell of a stage it is, and how they end together. */
  readonly index?: number;
  readonly finish?: StageFinish;
  readonly signal?: AbortSignal;
}

/** Everything a driver said while it drove. */
class Diary implements Observer {
  readonly records: RequestRecord[] = [];
  readonly openings: number[] = [];
  readonly closings: { atMs: number; reason: EndReason }[] = [];
  readonly stopRules: string[] = [];
  /** The names of the requests, in the order they were made. */
  readonly names: string[] = [];
  dueCount = 0;
  sentCount = 0;
  doneMs = Number.NaN;

  opened(atMs: number): void {
    this.openings.push(atMs);
  }

  closed(atMs: number, reason: EndReason): void {
    this.closings.push({ atMs, reason });
  }

  stopped(rule: StopRule): void {
    this.stopRules.push(rule.text);
  }

  due(sent: boolean): number {
    if (sent) this.sentCount++;
    return this.dueCount++;
  }

  ended(record: RequestRecord): void {
    this.records.push(record);
  }

  get window(): [number | undefined, number | undefined] {
    return [this.openings[0], this.closings[0]?.atMs];
  }

  /** In the order they were due. */
  get measured(): RequestRecord[] {
    return this.records
      .filter(record => record.phase === 'measured')
      .toSorted((a, b) => a.dueMs - b.dueMs || a.seq - b.seq);
  }

  get warmup(): RequestRecord[] {
    return this.records
      .filter(record => record.phase === 'warmup')
      .toSorted((a, b) => a.dueMs - b.dueMs || a.seq - b.seq);
  }
}

/** Drives one phase to its end and gives what was said of it. */
async function drive(clock: Clock, send: Send, given: Given): Promise<Diary> {
  const diary = new Diary();
  const cell = { ...cellOf(given.load, given.end, given.warmup ?? { turnovers: 0 }), index: given.index ?? 0 };
  const phase: Phase = {
    cell,
    arrivals: (load, part) => arrivals(warmupLaw(load), given.seed ?? 42, part, cell.step, cell.repetition),
    requestOf: (part, index) => {
      diary.names.push(`${part} ${index}`);
      return request;
    },
    drainMs: given.drainMs ?? 30_000,
    stopIf: given.stopIf === undefined ? [] : [parseStopRule(given.stopIf)],
    staggerMs: given.staggerMs === 'unknown' ? undefined : (given.staggerMs ?? 0),
    start: given.start ?? new StageStart(1),
    finish: given.finish,
  };
  await dispatch(send, clock).drive(phase, diary, given.signal ?? new AbortController().signal);
  diary.doneMs = clock.nowMs();
  return diary;
}

/** Drives one phase in virtual time against a service made for it. */
async function driveVirtually(given: Given, serviceOf: (clock: Clock) => Send): Promise<Diary> {
  const clock = virtualClock();
  return clock.run(drive(clock, serviceOf(clock), given));
}

const ok: Outcome = { kind: 'ok' };

/** A service without limits that ends the k-th request (from 0), sent at a time, when and how `fate` says. */
function service(clock: Clock, fate: (sentMs: number, k: number) => { endMs: number; outcome?: Outcome }): Send {
  let count = 0;
  return (_, signal) =>
    new Promise<Attempt>(resolve => {
      const sentMs = clock.nowMs();
      const { endMs, outcome = ok } = fate(sentMs, count++);
      const end = (how: Outcome) => {
        cancel();
        signal.removeEventListener('abort', abandon);
        resolve({ sentMs, tokenTimesMs: [], endMs: clock.nowMs(), requestId: '', requestBytes: 0, outcome: how });
      };
      const abandon = () => end({ kind: 'abandoned' });
      const cancel = clock.at(endMs, () => end(outcome));
      signal.addEventListener('abort', abandon, { once: true });
      if (signal.aborted) abandon();
    });
}

/** A service that takes the same time for every request. */
const steady = (serviceMs: number) => (clock: Clock) => service(clock, sentMs => ({ endMs: sentMs + serviceMs }));

/** One that does the same but for a time in which it does nothing: whoever is there then waits that long more. */
const stalling = (serviceMs: number, fromMs: number, untilMs: number) => (clock: Clock) =>
  service(clock, sentMs => {
    if (sentMs + serviceMs <= fromMs || sentMs >= untilMs) return { endMs: sentMs + serviceMs };
    return {
      endMs:
        Math.max(sentMs, fromMs) + (serviceMs - Math.max(0, fromMs - sentMs)) + (untilMs - Math.max(sentMs, fromMs)),
    };
  });

/** A service that answers nothing, ever. */
const silent = (clock: Clock) => service(clock, () => ({ endMs: Number.MAX_SAFE_INTEGER }));

const dueTimes = (records: readonly RequestRecord[]) => records.map(record => record.dueMs);
const sentTimes = (records: readonly RequestRecord[]) => records.map(record => record.sentMs);
const responseMs = (record: RequestRecord) => record.endMs - record.dueMs;
const sendLagMs = (record: RequestRecord) => (record.sentMs ?? Number.NaN) - record.dueMs;
const every = (fromMs: number, gapMs: number, count: number) =>
  Array.from({ length: count }, (_, i) => fromMs + i * gapMs);

/** The most that were in flight at once. */
function mostInFlight(records: readonly RequestRecord[]): number {
  const changes = records
    .filter(record => record.sentMs !== undefined)
    .flatMap(({ sentMs = 0, endMs }) => [
      { atMs: sentMs, by: 1 },
      { atMs: endMs, by: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || a.by - b.by);
  let inFlight = 0;
  return Math.max(0, ...changes.map(({ by }) => (inFlight += by)));
}

describe('a service that stalls for one second', () => {
  const stall = { fromMs: 3_030, untilMs: 4_030 };
  const stalled = stalling(100, stall.fromMs, stall.untilMs);

  it('in an open loop charges everyone who was due while it stalled, from when they were due', async () => {
    const { measured } = await driveVirtually({ load: constant(20), end: { durationMs: 8_000 } }, stalled);
    expect(dueTimes(measured)).toEqual(every(0, 50, 160));
    for (const record of measured) {
      expect(sendLagMs(record)).toBe(0);
      const { dueMs } = record;
      const wasThere = dueMs + 100 > stall.fromMs && dueMs < stall.untilMs;
      expect(responseMs(record)).toBe(wasThere ? 100 + stall.untilMs - Math.max(dueMs, stall.fromMs) : 100);
    }
    // Two in flight as it began and twenty that came meanwhile.
    expect(measured.filter(record => responseMs(record) > 100)).toHaveLength(22);
  });

  it.each([1, 4])(
    'in a closed loop of %d charges only those in flight: the others were never asked',
    async concurrency => {
      const given = { load: closed(concurrency), end: { durationMs: 8_000 }, staggerMs: 100 };
      const { measured } = await driveVirtually(given, stalled);
      const charged = measured.filter(record => responseMs(record) > 100);
      expect(charged).toHaveLength(concurrency);
      for (const record of charged) expect(responseMs(record)).toBe(1_100);
      expect(measured.filter(({ dueMs }) => dueMs >= stall.fromMs && dueMs < stall.untilMs)).toHaveLength(0);
      expect(measured).toHaveLength(concurrency * 70);
    },
  );

  it('shows in the p95 of an open loop and hides from that of a closed one', async () => {
    const p95 = async (load: Load) => {
      const { records, window } = await driveVirtually({ load, end: { durationMs: 8_000 }, staggerMs: 100 }, stalled);
      const recorder = new Recorder({ goodput: undefined, requestTimeoutMs: 30_000 });
      recorder.open(window[0] ?? 0);
      recorder.close(window[1] ?? 0);
      for (const record of records) recorder.add(record);
      return recorder.summary().metrics.responseTimeMs.p95 ?? Number.NaN;
    };
    expect(await p95(constant(20))).toBeGreaterThan(500);
    expect(await p95(closed(4))).toBeLessThan(101);
  });

  it('does so with the engine behind it, too', async () => {
    const limits = { maxConcurrentRequests: 128, maxInputTokens: 1_024, maxTotalTokens: 2_048 };
    const run = async (load: Load, stallMs: number) => {
      const clock = virtualClock();
      const { send, engine } = simulatedSend({
        clock,
        gpu: 'A100-80G',
        model: 'mistral-7b',
        limits,
        requestTimeoutMs: 30_000,
      });
      if (stallMs > 0) engine.stall(stall.fromMs, stallMs);
      const { measured } = await clock.run(drive(clock, send, { load, end: { durationMs: 8_000 }, staggerMs: 300 }));
      expect(measured.every(record => record.outcome.kind === 'ok')).toBe(true);
      return measured;
    };
    const [open, calm, closedLoop] = [
      await run(constant(10), 1_000),
      await run(constant(10), 0),
      await run(closed(4), 1_000),
    ];
    const slowest = Math.max(...calm.map(responseMs));
    expect(slowest).toBeLessThan(600);
    const dueMeanwhile = open.filter(({ dueMs }) => dueMs >= stall.fromMs && dueMs < stall.untilMs);
    expect(dueMeanwhile).toHaveLength(10);
    for (const record of dueMeanwhile) {
      const twin = calm.find(({ dueMs }) => dueMs === record.dueMs);
      expect(responseMs(record)).toBeGreaterThan(stall.untilMs - record.dueMs);
      expect(responseMs(record)).toBeGreaterThan(twin === undefined ? Number.NaN : responseMs(twin));
    }
    expect(closedLoop.filter(record => responseMs(record) > slowest + 400)).toHaveLength(4);
    expect(open.filter(record => responseMs(record) > slowest + 400).length).toBeGreaterThan(4);
  });
});

describe('every request', () => {
  const kinds = ['ok', 'rate_limited', 'overloaded', 'timeout', 'server_error', 'connection', 'protocol'] as const;

  /** A service whose requests take any time and end in any way. */
  const erratic = (seed: number) => (clock: Clock) => {
    const random = seededRandom('erratic', seed);
    return service(clock, sentMs => {
      const kind = kinds[random.integer(0, kinds.length - 1)] ?? 'ok';
      return {
        endMs: sentMs + random.exponential(1 / 400),
        outcome: { kind, ...(kind === 'rate_limited' ? { retryAfterMs: random.integer(0, 3) * 500 } : {}) },
      };
    });
  };

  const loads: Load[] = [
    closed(1),
    closed(7),
    closed(3, 200),
    constant(20),
    poisson(15),
    constant(25, 4, 'drop'),
    constant(25, 4, 'queue'),
  ];
  const warmups: Cell['warmup'][] = [{ turnovers: 0 }, { turnovers: 1 }, { turnovers: 2 }, 700];
  const ends: Cell['end'][] = [{ durationMs: 3_000 }, { requests: 40 }, { requests: 40, durationMs: 1_500 }];
  const cases = loads.flatMap((load, i) =>
    warmups.flatMap((warmup, j) => ends.map((end, k) => ({ load, warmup, end, seed: i * 100 + j * 10 + k }))),
  );

  function expectConsistent(diary: Diary): void {
    const { records, dueCount, sentCount, names, openings, closings, window } = diary;
    expect(records).toHaveLength(dueCount);
    expect(new Set(records.map(record => record.seq)).size).toBe(dueCount);
    expect(records.filter(record => record.sentMs !== undefined)).toHaveLength(sentCount);
    expect(names).toHaveLength(sentCount);
    expect(new Set(names).size).toBe(sentCount);
    expect(openings.length).toBeLessThanOrEqual(1);
    expect(closings).toHaveLength(openings.length);
    for (const record of records) {
      expect(record.outcome.kind === 'dropped').toBe(record.sentMs === undefined);
      expect(record.endMs).toBeGreaterThanOrEqual(record.sentMs ?? record.dueMs);
      expect(sendLagMs(record) < 0).toBe(false);
      // Times in records are rounded to the microsecond.
      expect(record.phase === 'measured').toBe(window[0] !== undefined && record.dueMs >= window[0] - 0.001);
    }
  }

  it('is reported exactly once, whatever the load, the answers and the end', async () => {
    for (const { seed, ...given } of cases) {
      const diary = await driveVirtually(
        { ...given, staggerMs: seed % 2 === 0 ? 'unknown' : 200, drainMs: seed % 3 === 0 ? 300 : 30_000 },
        erratic(seed),
      );
      expectConsistent(diary);
      expect(diary.closings[0]?.reason).toBe('complete');
      expect(diary.measured.length).toBeGreaterThan(0);
      if (given.end.requests !== undefined) expect(diary.measured.length).toBeLessThanOrEqual(given.end.requests);
      const { durationMs } = given.end;
      if (durationMs !== undefined)
        expect((diary.window[1] ?? 0) - (diary.window[0] ?? 0)).toBeLessThanOrEqual(durationMs + 1e-9);
    }
  });

  it('is reported exactly once also when the phase is interrupted, at whatever time', async () => {
    for (const { seed, ...given } of cases) {
      const clock = virtualClock();
      const controller = new AbortController();
      const atMs = seededRandom('interrupt', seed).uniform() * 3_000;
      clock.at(atMs, () => controller.abort());
      const diary = await clock.run(
        drive(clock, erratic(seed)(clock), { ...given, staggerMs: 'unknown', signal: controller.signal }),
      );
      expectConsistent(diary);
      expect(diary.doneMs).toBeLessThanOrEqual(Math.max(atMs, diary.window[1] ?? 0) + 30_000);
    }
  });

  it('has its times and counts as they were told, to the microsecond', async () => {
    const diary = await driveVirtually({ load: closed(1), end: { requests: 2 } }, clock => {
      const send = service(clock, sentMs => ({ endMs: sentMs + 100 / 3 }));
      return async (...args) => {
        const attempt = await send(...args);
        const told = {
          ...attempt,
          headersMs: attempt.sentMs + 1,
          tokenTimesMs: [attempt.sentMs + 10, attempt.sentMs + 20],
          inputTokens: 7,
          requestId: 'x',
          requestBytes: 99,
        };
        return attempt.sentMs === 0 ? { ...told, outputTokens: 5, finishReason: 'length' } : told;
      };
    });
    expect(diary.measured[0]).toEqual({
      seq: 0,
      cell: 0,
      phase: 'measured',
      target: 'm/gpu0',
      workload: 'chat',
      dueMs: 0,
      sentMs: 0,
      headersMs: 1,
      tokenTimesMs: [10, 20],
      endMs: 33.333,
      inputTokens: 7,
      outputTokens: 5,
      tokensFrom: 'server',
      finishReason: 'length',
      requestId: 'x',
      requestBytes: 99,
      outcome: ok,
    });
    expect(diary.measured[1]).toMatchObject({ outputTokens: 2, tokensFrom: 'events' });
  });

  it('without tokens has no count of them', async () => {
    const { measured } = await driveVirtually({ load: closed(1), end: { requests: 1 } }, steady(100));
    expect(measured[0]).not.toHaveProperty('outputTokens');
    expect(measured[0]).not.toHaveProperty('tokensFrom');
  });
});

describe('a closed loop', () => {
  it('takes N·R for N requests of R at concurrency 1, one right after the other', async () => {
    const { window, measured, closings } = await driveVirtually(
      { load: closed(1), end: { requests: 30 } },
      steady(200),
    );
    expect(window).toEqual([0, 6_000]);
    expect(dueTimes(measured)).toEqual(every(0, 200, 30));
    expect(closings).toEqual([{ atMs: 6_000, reason: 'complete' }]);
  });

  it('offers C/R per second at concurrency C, over a window that says so', async () => {
    const { window, measured } = await driveVirtually(
      { load: closed(4), end: { requests: 40 }, staggerMs: 100 },
      steady(100),
    );
    expect(measured).toHaveLength(40);
    expect(window).toEqual([0, 1_000]);
    expect(dueTimes(measured)).toEqual(every(0, 25, 40));
  });

  it('ends after its duration, and drains what is in flight', async () => {
    const { window, measured, doneMs } = await driveVirtually(
      { load: closed(2), end: { durationMs: 1_000 } },
      steady(300),
    );
    expect(window).toEqual([0, 1_000]);
    expect(dueTimes(measured)).toEqual([0, 0, 300, 300, 600, 600, 900, 900]);
    expect(measured.every(record => record.outcome.kind === 'ok')).toBe(true);
    expect(doneMs).toBe(1_200);
  });

  it('of so many requests ends after its duration all the same', async () => {
    const { window, measured } = await driveVirtually(
      { load: closed(1), end: { requests: 1_000, durationMs: 1_000 } },
      steady(300),
    );
    expect(window).toEqual([0, 1_000]);
    expect(measured).toHaveLength(4);
    const short = await driveVirtually({ load: closed(1), end: { requests: 2, durationMs: 1_000 } }, steady(300));
    expect(short.window).toEqual([0, 600]);
  });

  it('drives as many slots as are effective, not as many as were asked for', async () => {
    const load: Load = { kind: 'closed', concurrency: 150, effectiveConcurrency: 10, thinkTimeMs: 0 };
    const { records } = await driveVirtually({ load, end: { durationMs: 1_000 } }, steady(100));
    expect(mostInFlight(records)).toBe(10);
  });

  it('has each slot due when it is free: after its previous answer and its think time', async () => {
    const { measured, window } = await driveVirtually({ load: closed(1, 50), end: { requests: 10 } }, steady(100));
    expect(dueTimes(measured)).toEqual(every(0, 150, 10));
    for (const record of measured) {
      expect(sendLagMs(record)).toBe(0);
      expect(responseMs(record)).toBe(100);
    }
    expect(window).toEqual([0, 1_500]);
  });

  it('names its requests by their number in the warm-up and in the measured part', async () => {
    const { names } = await driveVirtually(
      { load: closed(2), end: { requests: 4 }, warmup: { turnovers: 1 }, staggerMs: 100 },
      steady(100),
    );
    expect(names).toEqual(['warmup 0', 'warmup 1', 'warmup 2', 'measured 0', 'measured 1', 'measured 2', 'measured 3']);
  });
});

describe('the slots of a closed loop', () => {
  it('begin spread over one response time, where it is known', async () => {
    const { records } = await driveVirtually(
      { load: closed(4), end: { durationMs: 1_000 }, warmup: 500, staggerMs: 100 },
      steady(100),
    );
    expect(
      sentTimes(records)
        .toSorted((a, b) => (a ?? 0) - (b ?? 0))
        .slice(0, 8),
    ).toEqual(every(0, 25, 8));
  });

  it('are all at work when a warm-up of a given time is over, however slow the answers', async () => {
    const { records, window } = await driveVirtually(
      { load: closed(30), end: { durationMs: 5_000 }, warmup: 2_000, staggerMs: 'unknown' },
      steady(3_200),
    );
    expect(window?.[0]).toBe(2_000);
    expect(mostInFlight(records.filter(({ sentMs = 0 }) => sentMs <= 2_000))).toBe(30);
  });

  it('come in over one response time also where the warm-up is a longer time', async () => {
    const { records } = await driveVirtually(
      { load: closed(4), end: { durationMs: 1_000 }, warmup: 20_000, staggerMs: 'unknown' },
      steady(100),
    );
    expect(dueTimes(records.toSorted((a, b) => a.seq - b.seq)).slice(0, 5)).toEqual([0, 100, 125, 150, 175]);
  });

  it('begin after the first answer, spread over the time it took, where it is not known', async () => {
    const { records } = await driveVirtually(
      { load: closed(4), end: { durationMs: 1_000 }, warmup: { turnovers: 3 }, staggerMs: 'unknown' },
      steady(100),
    );
    expect(
      sentTimes(records)
        .toSorted((a, b) => (a ?? 0) - (b ?? 0))
        .slice(0, 9),
    ).toEqual([0, ...every(100, 25, 8)]);
  });

  it.each([
    ['as long as the refusal says', { kind: 'rate_limited', retryAfterMs: 3_000 }, 3_000],
    ['a second where the gateway does not say', { kind: 'rate_limited' }, 1_000],
    ['a second where the model server is overloaded', { kind: 'overloaded' }, 1_000],
    ['a second where they are forbidden', { kind: 'forbidden' }, 1_000],
  ] as const)('wait %s when refused', async (_, outcome, waitMs) => {
    const { measured } = await driveVirtually({ load: closed(1), end: { requests: 5 } }, clock =>
      service(clock, sentMs => ({ endMs: sentMs + 10, outcome })),
    );
    expect(dueTimes(measured)).toEqual(every(0, 10 + waitMs, 5));
    expect(measured.every(record => sendLagMs(record) === 0)).toBe(true);
  });

  it('wait as well when the first of all requests is refused', async () => {
    const refused: Outcome = { kind: 'rate_limited', retryAfterMs: 3_000 };
    const { records } = await driveVirtually({ load: closed(2), end: { requests: 6 }, staggerMs: 'unknown' }, clock =>
      service(clock, (sentMs, k) => (k === 0 ? { endMs: sentMs + 10, outcome: refused } : { endMs: sentMs + 100 })),
    );
    const sent = sentTimes(records).toSorted((a, b) => (a ?? 0) - (b ?? 0));
    // The slot that was refused sends again at 3 010; the other one may send before.
    const meanwhile = records.filter(({ sentMs = 0 }) => sentMs > 0 && sentMs < 3_010);
    expect(mostInFlight(meanwhile)).toBeLessThanOrEqual(1);
    expect(sent[0]).toBe(0);
  });

  it('keep their think time after the first of all requests', async () => {
    const { records } = await driveVirtually(
      { load: closed(2, 500), end: { requests: 6 }, staggerMs: 'unknown' },
      steady(100),
    );
    const perSlot = records.filter(({ sentMs = 0 }) => sentMs > 0 && sentMs < 600);
    expect(mostInFlight(perSlot)).toBeLessThanOrEqual(1);
  });

  it.each(['timeout', 'server_error', 'protocol', 'rejected'] as const)('do not wait after a %s', async kind => {
    const { measured } = await driveVirtually({ load: closed(1), end: { requests: 5 } }, clock =>
      service(clock, sentMs => ({ endMs: sentMs + 10, outcome: { kind } })),
    );
    expect(dueTimes(measured)).toEqual(every(0, 10, 5));
  });

  it('wait a second where nobody answers, so that a dead service is not stormed', async () => {
    const { measured } = await driveVirtually({ load: closed(1), end: { requests: 3 } }, clock =>
      service(clock, sentMs => ({ endMs: sentMs + 10, outcome: { kind: 'connection' } })),
    );
    expect(dueTimes(measured)).toEqual(every(0, 1_010, 3));
  });
});

describe('the warm-up of a closed loop', () => {
  it('lasts until every slot has turned over', async () => {
    const { window, warmup, measured } = await driveVirtually(
      { load: closed(4), end: { durationMs: 1_000 }, warmup: { turnovers: 1 }, staggerMs: 100 },
      steady(100),
    );
    // The slots begin at 0, 25, 50 and 75; the last has its first answer at 175.
    expect(window).toEqual([175, 1_175]);
    expect(dueTimes(warmup)).toEqual(every(0, 25, 7));
    expect(dueTimes(measured)).toEqual(every(175, 25, 40));
  });

  it('lasts as many turnovers as it should', async () => {
    const { window } = await driveVirtually(
      { load: closed(4), end: { durationMs: 1_000 }, warmup: { turnovers: 3 }, staggerMs: 100 },
      steady(100),
    );
    expect(window).toEqual([375, 1_375]);
  });

  it('counts the request that showed the response time', async () => {
    const { window } = await driveVirtually(
      { load: closed(4), end: { durationMs: 1_000 }, warmup: { turnovers: 1 }, staggerMs: 'unknown' },
      steady(100),
    );
    expect(window).toEqual([275, 1_275]);
  });

  it('waits for the slowest slot', async () => {
    const { window } = await driveVirtually(
      { load: closed(2), end: { durationMs: 1_000 }, warmup: { turnovers: 1 } },
      clock => service(clock, (sentMs, k) => ({ endMs: sentMs + (k === 1 ? 2_500 : 100) })),
    );
    expect(window).toEqual([2_500, 3_500]);
  });

  it('can be a time', async () => {
    const { window, warmup, measured } = await driveVirtually(
      { load: closed(1), end: { durationMs: 1_000 }, warmup: 450 },
      steady(100),
    );
    expect(window).toEqual([450, 1_450]);
    expect(dueTimes(warmup)).toEqual([0, 100, 200, 300, 400]);
    expect(dueTimes(measured)).toEqual(every(500, 100, 10));
  });

  it('does not count among the requests a step asks for', async () => {
    const { measured, warmup, window } = await driveVirtually(
      { load: closed(1), end: { requests: 10 }, warmup: { turnovers: 2 } },
      steady(100),
    );
    expect(warmup).toHaveLength(2);
    expect(measured).toHaveLength(10);
    expect(window).toEqual([200, 1_200]);
  });
});

describe('an open loop', () => {
  it('sends on schedule, whatever the answers do', async () => {
    const given = { load: constant(10), end: { durationMs: 2_000 } };
    for (const serviceOf of [steady(1), steady(5_000), silent]) {
      const { measured, window } = await driveVirtually({ ...given, drainMs: 10_000 }, serviceOf);
      expect(window).toEqual([0, 2_000]);
      expect(dueTimes(measured)).toEqual(every(0, 100, 20));
      expect(measured.every(record => sendLagMs(record) === 0)).toBe(true);
    }
  });

  it('follows the arrivals of its measured part from when it was opened', async () => {
    const { measured, window } = await driveVirtually(
      { load: poisson(10), end: { durationMs: 5_000 }, warmup: 300, seed: 7 },
      steady(50),
    );
    expect(window).toEqual([300, 5_300]);
    const expected: number[] = [];
    for (const { dueMs: offsetMs } of arrivals({ arrivals: 'poisson', ratePerS: 10 }, 7, 'measured', 2, 1)) {
      if (offsetMs >= 5_000) break;
      expected.push(300 + offsetMs);
    }
    expect(measured).toHaveLength(expected.length);
    measured.forEach(({ dueMs }, i) => expect(dueMs).toBeCloseTo(expected[i] ?? Number.NaN, 2));
  });

  it('measures the same schedule however long the warm-up took', async () => {
    const offsets = async (serviceMs: number) => {
      const { measured, window } = await driveVirtually(
        { load: poisson(10), end: { durationMs: 5_000 }, warmup: { turnovers: 2 } },
        steady(serviceMs),
      );
      return measured.map(({ dueMs }) => dueMs - (window[0] ?? Number.NaN));
    };
    const [quick, slow] = [await offsets(20), await offsets(1_700)];
    expect(slow).toHaveLength(quick.length);
    slow.forEach((offsetMs, i) => expect(offsetMs).toBeCloseTo(quick[i] ?? Number.NaN, 2));
  });

  it('of N constant arrivals takes N/rate', async () => {
    const { measured, window, closings } = await driveVirtually(
      { load: constant(10), end: { requests: 20 } },
      steady(50),
    );
    expect(dueTimes(measured)).toEqual(every(0, 100, 20));
    expect(window).toEqual([0, 2_000]);
    expect(closings[0]?.reason).toBe('complete');
  });

  it('of N random arrivals ends its window no earlier than the last of them was due', async () => {
    const early: number[] = [];
    for (let seed = 0; seed < 20; seed++) {
      const { measured, window } = await driveVirtually({ load: poisson(10), end: { requests: 25 }, seed }, steady(50));
      expect(measured).toHaveLength(25);
      // Times in records are rounded to the microsecond.
      if (Math.max(...dueTimes(measured)) - 0.001 > (window[1] ?? 0)) early.push(seed);
    }
    expect(early).toEqual([]);
  });

  it('lasts for its duration, be the last request due before its end or at it', async () => {
    for (const load of [constant(3), poisson(0.2), poisson(3), poisson(50)]) {
      const { window } = await driveVirtually({ load, end: { durationMs: 10_100 } }, steady(50));
      expect(window).toEqual([0, 10_100]);
    }
  });

  it('of so many requests ends after its duration all the same', async () => {
    const { measured, window } = await driveVirtually(
      { load: constant(10), end: { requests: 1_000, durationMs: 1_000 } },
      steady(50),
    );
    expect(measured).toHaveLength(10);
    expect(window).toEqual([0, 1_000]);
  });

  it('warms up for as long as the first answer takes, or as many times that', async () => {
    const given = { load: constant(10), end: { durationMs: 1_000 } };
    const once = await driveVirtually({ ...given, warmup: { turnovers: 1 } }, steady(250));
    expect(once.window).toEqual([250, 1_250]);
    expect(dueTimes(once.warmup)).toEqual([0, 100, 200]);
    expect(dueTimes(once.measured)).toEqual(every(250, 100, 10));
    expect((await driveVirtually({ ...given, warmup: { turnovers: 3 } }, steady(250))).window).toEqual([750, 1_750]);
  });

  it('warms up for a time', async () => {
    const { window, warmup, measured } = await driveVirtually(
      { load: constant(10), end: { durationMs: 1_000 }, warmup: 350 },
      steady(50),
    );
    expect(window).toEqual([350, 1_350]);
    expect(dueTimes(warmup)).toEqual([0, 100, 200, 300]);
    expect(dueTimes(measured)).toEqual(every(350, 100, 10));
  });

  it('charges everyone who was due while the generator itself stood still, and no one who was not', async () => {
    const clock = virtualClock();
    const late = standingStill(clock, 500, 1_500);
    const { measured, window } = await clock.run(
      drive(late, steady(50)(late), { load: constant(10), end: { durationMs: 1_000 } }),
    );
    expect(window).toEqual([0, 1_000]);
    expect(dueTimes(measured)).toEqual(every(0, 100, 10));
    for (const record of measured) {
      const lateMs = record.dueMs >= 500 ? 1_500 - record.dueMs : 0;
      expect(sendLagMs(record)).toBeCloseTo(lateMs, 1);
    }
  });
});

/** A clock whose callbacks come late, in their order, where they fall into an interval: a program that does not get to run. */
function standingStill(clock: Clock, fromMs: number, untilMs: number): Clock {
  const when = (atMs: number) => (atMs < fromMs || atMs >= untilMs ? atMs : untilMs + (atMs - untilMs) * 1e-9);
  return {
    nowMs: () => clock.nowMs(),
    at: (atMs, callback) => clock.at(Math.max(when(atMs), clock.nowMs()), callback),
  };
}

describe('an open loop with as many in flight as may be', () => {
  /** Three at once of 950 ms each, ten due per second: three of ten find room. */
  const bounded = (whenFull: 'drop' | 'queue', more: Partial<Given> = {}): Given => ({
    load: constant(10, 3, whenFull),
    end: { durationMs: 3_000 },
    ...more,
  });

  it('drops what is due then, and counts it', async () => {
    const { measured, records } = await driveVirtually(bounded('drop'), steady(950));
    expect(dueTimes(measured)).toEqual(every(0, 100, 30));
    expect(mostInFlight(records)).toBe(3);
    const sent = measured.filter(record => record.outcome.kind === 'ok');
    expect(dueTimes(sent)).toEqual([0, 100, 200, 1_000, 1_100, 1_200, 2_000, 2_100, 2_200]);
    const dropped = measured.filter(record => record.outcome.kind === 'dropped');
    expect(dropped).toHaveLength(21);
    for (const record of dropped)
      expect(record).toMatchObject({ tokenTimesMs: [], endMs: record.dueMs, outcome: { kind: 'dropped' } });
  });

  it('asks the same at each place of the schedule, whatever was dropped before it', async () => {
    const { names, measured } = await driveVirtually(bounded('drop'), steady(950));
    const places = measured.flatMap((record, place) => (record.sentMs === undefined ? [] : [`measured ${place}`]));
    expect(names).toEqual(places);
  });

  it('queues what is due then, and charges it from when it was due', async () => {
    const { measured, records, window } = await driveVirtually(bounded('queue'), steady(950));
    expect(window).toEqual([0, 3_000]);
    expect(dueTimes(measured)).toEqual(every(0, 100, 30));
    expect(mostInFlight(records)).toBe(3);
    expect(measured.every(record => record.outcome.kind === 'ok')).toBe(true);
    measured.forEach((record, i) => {
      // First come, first served: three streams, each one request after the other.
      const expected = (i % 3) * 100 + Math.floor(i / 3) * 950;
      expect(record.sentMs).toBe(Math.max(expected, record.dueMs));
      expect(responseMs(record)).toBe(expected + 950 - record.dueMs);
    });
  });

  it('drops and counts what is left in the queue when the drain ends', async () => {
    const { measured, doneMs, dueCount } = await driveVirtually(bounded('queue', { drainMs: 990 }), steady(950));
    expect(doneMs).toBe(3_990);
    expect(dueCount).toBe(30);
    expect(dueTimes(measured)).toEqual(every(0, 100, 30));
    const count = (kind: string) => measured.filter(record => record.outcome.kind === kind).length;
    // Sent by 3 990: at 0, 950, 1 900, 2 850 and 3 800, as many 100 later, and all but the last 200 later.
    expect([count('ok'), count('abandoned'), count('dropped')]).toEqual([11, 3, 16]);
  });

  it('queues no more than the requests a step asks for', async () => {
    const { measured, window } = await driveVirtually(
      { load: constant(10, 1, 'queue'), end: { requests: 10 } },
      steady(500),
    );
    expect(dueTimes(measured)).toEqual(every(0, 100, 10));
    expect(window).toEqual([0, 1_000]);
  });

  it('drops no more than the requests a step asks for', async () => {
    const { measured, window } = await driveVirtually(
      { load: constant(10, 1, 'drop'), end: { requests: 10 } },
      steady(450),
    );
    expect(measured).toHaveLength(10);
    expect(measured.filter(record => record.outcome.kind === 'dropped')).toHaveLength(8);
    expect(window).toEqual([0, 1_000]);
  });
});

describe('the drain', () => {
  it('lets what is in flight end, and counts it', async () => {
    const { measured, window, doneMs } = await driveVirtually(
      { load: constant(10), end: { durationMs: 1_000 }, drainMs: 5_000 },
      steady(2_000),
    );
    expect(window).toEqual([0, 1_000]);
    expect(measured.every(record => record.outcome.kind === 'ok' && responseMs(record) === 2_000)).toBe(true);
    expect(doneMs).toBe(2_900);
  });

  it.each([
    ['open', constant(5)],
    ['closed', closed(5)],
  ])('abandons what is in flight when it ends (%s loop)', async (_, load) => {
    const { measured, window, doneMs } = await driveVirtually(
      { load, end: { durationMs: 1_000 }, drainMs: 2_000 },
      silent,
    );
    expect(window).toEqual([0, 1_000]);
    expect(measured).toHaveLength(5);
    for (const record of measured) expect(record).toMatchObject({ endMs: 3_000, outcome: { kind: 'abandoned' } });
    expect(doneMs).toBe(3_000);
  });

  it('leaves no timer behind', async () => {
    for (const load of [closed(3), constant(10), constant(10, 1, 'queue')]) {
      const { clock, waiting } = counting(virtualClock());
      await clock.run(drive(clock, steady(150)(clock), { load, end: { durationMs: 1_000 }, warmup: { turnovers: 1 } }));
      expect(waiting()).toBe(0);
    }
  });
});

/** A clock that knows how many callbacks it still owes. */
function counting(clock: ReturnType<typeof virtualClock>) {
  const open = new Set<symbol>();
  return {
    waiting: () => open.size,
    clock: {
      nowMs: () => clock.nowMs(),
      at(atMs: number, callback: () => void) {
        const id = Symbol();
        open.add(id);
        const cancel = clock.at(atMs, () => {
          open.delete(id);
          callback();
        });
        return () => {
          open.delete(id);
          cancel();
        };
      },
      run: <T>(work: Promise<T>) => clock.run(work),
    },
  };
}

describe('an interruption', () => {
  async function interrupted(atMs: number, given: Given, serviceOf: (clock: Clock) => Send) {
    const { clock, waiting } = counting(virtualClock());
    const controller = new AbortController();
    clock.at(atMs, () => controller.abort());
    const diary = await clock.run(drive(clock, serviceOf(clock), { ...given, signal: controller.signal }));
    return {
      ...{ records: diary.records, measured: diary.measured, window: diary.window, doneMs: diary.doneMs },
      ends: diary.closings,
      waiting: waiting(),
    };
  }

  it.each([
    ['open', constant(10)],
    ['closed', closed(2)],
  ])('ends the window at once, sends nothing more and keeps what ends in the drain (%s loop)', async (_, load) => {
    const { records, measured, window, ends } = await interrupted(
      1_050,
      { load, end: { durationMs: 60_000 } },
      steady(300),
    );
    expect(window).toEqual([0, 1_050]);
    expect(ends).toEqual([{ atMs: 1_050, reason: 'interrupted' }]);
    expect(Math.max(...sentTimes(records).map(sentMs => sentMs ?? 0))).toBeLessThan(1_050);
    expect(measured.every(record => record.outcome.kind === 'ok')).toBe(true);
    expect(Math.max(...records.map(record => record.endMs))).toBeGreaterThan(1_050);
  });

  it('waits only briefly for what is in flight, however long the drain', async () => {
    const { records, doneMs } = await interrupted(
      1_050,
      { load: constant(10), end: { durationMs: 60_000 }, drainMs: 30_000 },
      silent,
    );
    expect(doneMs).toBeLessThanOrEqual(1_050 + 5_000);
    expect(records).toHaveLength(11);
    expect(records.every(record => record.outcome.kind === 'abandoned')).toBe(true);
  });

  it('sends nothing of what is queued, and counts it as dropped', async () => {
    const given: Given = { load: constant(10, 1, 'queue'), end: { durationMs: 60_000 } };
    const { records, measured } = await interrupted(1_050, given, steady(400));
    expect(dueTimes(measured)).toEqual(every(0, 100, 11));
    expect(Math.max(...sentTimes(records).map(sentMs => sentMs ?? 0))).toBeLessThan(1_050);
    expect(records.filter(record => record.outcome.kind === 'dropped')).toHaveLength(8);
  });

  it.each([
    ['open', constant(10)],
    ['closed', closed(2)],
  ])('in the warm-up ends the phase without a window (%s loop)', async (_, load) => {
    for (const warmup of [{ turnovers: 3 }, 20_000] as const) {
      const { records, window, ends, waiting } = await interrupted(
        150,
        { load, end: { durationMs: 1_000 }, warmup },
        steady(100),
      );
      expect(window).toEqual([undefined, undefined]);
      expect(ends).toEqual([]);
      expect(records.length).toBeGreaterThan(0);
      expect(records.every(record => record.phase === 'warmup')).toBe(true);
      expect(waiting).toBe(0);
    }
  });

  it('before it began sends nothing', async () => {
    for (const load of [constant(10), poisson(10), closed(2)]) {
      for (const warmup of [{ turnovers: 0 }, { turnovers: 1 }, 500] as const) {
        const { clock, waiting } = counting(virtualClock());
        const diary = await clock.run(
          drive(clock, steady(100)(clock), {
            load,
            end: { requests: 5 },
            warmup,
            staggerMs: 'unknown',
            signal: AbortSignal.abort(),
          }),
        );
        expect(diary.dueCount).toBe(0);
        expect(diary.openings).toEqual([]);
        expect(clock.nowMs()).toBe(0);
        expect(waiting()).toBe(0);
      }
    }
  });
});

describe('an engine behind the driver', () => {
  const limits = { maxConcurrentRequests: 2, maxInputTokens: 1_024, maxTotalTokens: 2_048 };
  const options = { gpu: 'A100-80G', model: 'mistral-7b', limits };

  it('refuses who comes beyond its permits, and those slots wait a second', async () => {
    const clock = virtualClock();
    const { send } = simulatedSend({ clock, ...options, requestTimeoutMs: 30_000 });
    const { measured } = await clock.run(drive(clock, send, { load: closed(4), end: { durationMs: 5_000 } }));
    const refused = measured.filter(record => record.outcome.kind === 'overloaded');
    expect(new Set(measured.map(record => record.outcome.kind))).toEqual(new Set(['ok', 'overloaded']));
    // Two slots of four, once a second each.
    expect(dueTimes(refused)).toEqual([0, 1, 2, 3, 4].flatMap(second => [second * 1_000, second * 1_000]));
    expect(mostInFlight(measured.filter(record => record.outcome.kind === 'ok'))).toBe(2);
  });

  it('is given up on when the time of a request is over', async () => {
    const clock = virtualClock();
    const { send, engine } = simulatedSend({ clock, ...options, requestTimeoutMs: 250 });
    engine.stall(0, 60_000);
    const { measured } = await clock.run(drive(clock, send, { load: closed(1), end: { requests: 3 } }));
    expect(measured.map(record => [record.sentMs, record.endMs, record.outcome.kind])).toEqual([
      [0, 250, 'timeout'],
      [250, 500, 'timeout'],
      [500, 750, 'timeout'],
    ]);
    expect(engine.state().permits).toBe(0);
  });

  it('tells every token of an answer, and gives its permit back when the drain ends', async () => {
    const clock = virtualClock();
    const { send, engine } = simulatedSend({ clock, ...options, requestTimeoutMs: 30_000 });
    const { measured } = await clock.run(drive(clock, send, { load: closed(1), end: { requests: 2 } }));
    for (const record of measured) {
      expect(record).toMatchObject({ inputTokens: 3, outputTokens: 20, tokensFrom: 'server', finishReason: 'length' });
      expect(record.tokenTimesMs).toHaveLength(20);
      expect(record.tokenTimesMs.at(-1)).toBe(record.endMs);
    }
    engine.stall(clock.nowMs(), 60_000);
    const cutOff = await clock.run(drive(clock, send, { load: closed(1), end: { durationMs: 100 }, drainMs: 200 }));
    expect(cutOff.measured.map(record => record.outcome.kind)).toEqual(['abandoned']);
    expect(engine.state().permits).toBe(0);
  });
});

describe('the cells of a stage', () => {
  it('are measured from the same time on, when the last of them is warm', async () => {
    const clock = virtualClock();
    const start = new StageStart(3);
    const end = { durationMs: 2_000 };
    const diaries = await clock.run(
      Promise.all([
        drive(clock, steady(100)(clock), { load: closed(2), end, warmup: { turnovers: 1 }, start }),
        drive(clock, steady(700)(clock), { load: closed(2), end, warmup: { turnovers: 1 }, start }),
        drive(clock, steady(50)(clock), { load: constant(10), end, warmup: 300, start }),
      ]),
    );
    expect(diaries.map(diary => diary.window)).toEqual(new Array(3).fill([700, 2_700]));
    // Who is warm already goes on meanwhile.
    expect(diaries[0]?.warmup.length).toBeGreaterThan(10);
    expect(diaries[2]?.warmup.length).toBeGreaterThan(6);
    expect(diaries[2]?.measured).toHaveLength(20);
  });

  it.each([
    ['of some time', 5_000],
    ['of some turnovers', { turnovers: 1_000 }],
  ])('do not wait for one that a stop rule ended in its warm-up %s', async (_, warmup) => {
    const clock = virtualClock();
    const start = new StageStart(2);
    const controller = new AbortController();
    // Without it, the wait for the other cell could go on for ever.
    clock.at(30_000, () => controller.abort());
    const given = {
      load: closed(2),
      end: { durationMs: 2_000 },
      stopIf: 'errorRatio > 0.2 for 1s',
      start,
      signal: controller.signal,
    };
    const failing = service(clock, sentMs => ({ endMs: sentMs + 100, outcome: { kind: 'server_error' } }));
    const [broken, sound] = await clock.run(
      Promise.all([
        drive(clock, failing, { ...given, warmup }),
        drive(clock, steady(100)(clock), { ...given, warmup: { turnovers: 1 } }),
      ]),
    );
    expect(broken.doneMs).toBeLessThan(5_000);
    expect(broken.openings).toEqual([]);
    expect(sound.measured.length).toBeGreaterThan(0);
    expect((sound.window[1] ?? Number.NaN) - (sound.window[0] ?? Number.NaN)).toBe(2_000);
  });
});

describe('the cells of a stage that ends by requests', () => {
  const inFlightAt = (records: readonly RequestRecord[], timeMs: number) =>
    records.filter(({ sentMs = Number.NaN, endMs }) => sentMs <= timeMs && timeMs < endMs).length;
  const together = async (
    fast: Omit<Given, 'finish' | 'index'>,
    slow: Omit<Given, 'finish' | 'index'> & { readonly serviceMs: number },
  ) => {
    const clock = virtualClock();
    const finish = new StageFinish(2);
    return clock.run(
      Promise.all([
        drive(clock, steady(100)(clock), { ...fast, finish }),
        drive(clock, steady(slow.serviceMs)(clock), { ...slow, index: 1, finish }),
      ]),
    );
  };
  const end = { requests: 10 };

  it('go on, uncounted, until the last of them has been measured', async () => {
    const [fast, slow] = await together({ load: closed(2), end }, { load: closed(2), end, serviceMs: 1_000 });
    expect([fast.window, slow.window]).toEqual([
      [0, 500],
      [0, 5_000],
    ]);
    expect([fast.measured.length, slow.measured.length]).toEqual([10, 10]);
    const after = fast.records.filter(({ phase }) => phase === 'cooldown');
    expect(after).toHaveLength(90);
    for (const timeMs of every(50, 100, 50)) expect(inFlightAt(fast.records, timeMs)).toBe(2);
    expect(Math.max(...dueTimes(fast.records))).toBeLessThan(5_000);
    expect(slow.records.every(({ phase }) => phase === 'measured')).toBe(true);
    expect(fast.names.slice(-90)).toEqual(every(0, 1, 90).map(index => `cooldown ${index}`));
  });

  it('go on by their own law in an open loop', async () => {
    const [fast, slow] = await together(
      { load: constant(20), end: { requests: 20 } },
      { load: closed(1), end, serviceMs: 500 },
    );
    expect([fast.window, slow.window]).toEqual([
      [0, 1_000],
      [0, 5_000],
    ]);
    expect(fast.measured).toHaveLength(20);
    expect(dueTimes(fast.records.toSorted((a, b) => a.seq - b.seq))).toEqual(every(0, 50, 100));
  });

  it('send what they had queued of what counts, and drop what is not counted', async () => {
    const queued = { load: constant(20, 1, 'queue'), end };
    const [fast] = await together(queued, { load: closed(1), end: { requests: 3 }, serviceMs: 600 });
    expect(fast.measured.map(({ outcome }) => outcome.kind)).toEqual(new Array(10).fill('ok'));
    const uncounted = fast.records.filter(({ phase }) => phase === 'cooldown');
    expect(new Set(uncounted.map(({ outcome }) => outcome.kind))).toEqual(new Set(['ok', 'dropped']));
    expect(fast.doneMs).toBeLessThan(2_000);
  });

  it('do not wait for one that a stop rule ended', async () => {
    const clock = virtualClock();
    const finish = new StageFinish(2);
    const failing = service(clock, sentMs => ({ endMs: sentMs + 100, outcome: { kind: 'server_error' } }));
    const stopIf = 'errorRatio > 0.2 for 2s';
    const [sound, broken] = await clock.run(
      Promise.all([
        drive(clock, steady(100)(clock), { load: closed(2), end, finish }),
        drive(clock, failing, { load: closed(2), end: { requests: 1_000 }, stopIf, index: 1, finish }),
      ]),
    );
    expect(broken.stopRules).toEqual([stopIf]);
    expect(broken.closings[0]?.reason).toBe('stop rule');
    expect(sound.closings).toEqual([{ atMs: 500, reason: 'complete' }]);
    expect(Math.max(...dueTimes(sound.records))).toBeLessThanOrEqual(broken.closings[0]?.atMs ?? 0);
    expect(sound.doneMs).toBeLessThan(2_300);
  });

  it('are measured to their end also where a stop rule ends what comes after', async () => {
    const clock = virtualClock();
    const finish = new StageFinish(2);
    const later = service(clock, sentMs => ({
      endMs: sentMs + 100,
      outcome: sentMs < 1_000 ? ok : { kind: 'server_error' },
    }));
    const [first, second] = await clock.run(
      Promise.all([
        drive(clock, later, { load: closed(2), end, stopIf: 'errorRatio > 0.2 for 2s', finish }),
        drive(clock, steady(1_000)(clock), { load: closed(1), end, index: 1, finish }),
      ]),
    );
    expect(first.closings).toEqual([{ atMs: 500, reason: 'complete' }]);
    expect(first.stopRules).toEqual([]);
    expect(Math.max(...dueTimes(first.records))).toBeLessThan(4_000);
    expect(second.window).toEqual([0, 10_000]);
  });

  it('end together at their time', async () => {
    const bounded = { load: closed(2), end: { requests: 10, durationMs: 3_000 } };
    const [fast, slow] = await together(bounded, { ...bounded, serviceMs: 1_000 });
    expect([fast.window, slow.window]).toEqual([
      [0, 500],
      [0, 3_000],
    ]);
    expect(Math.max(...dueTimes(fast.records))).toBeLessThan(3_000);
  });

  it('stop at an interruption, whichever part they are in', async () => {
    const clock = virtualClock();
    const finish = new StageFinish(2);
    const controller = new AbortController();
    clock.at(1_050, () => controller.abort());
    const given = { load: closed(2), end, finish, signal: controller.signal };
    const [fast, slow] = await clock.run(
      Promise.all([
        drive(clock, steady(100)(clock), given),
        drive(clock, steady(1_000)(clock), { ...given, index: 1 }),
      ]),
    );
    expect([fast.closings[0]?.reason, slow.closings[0]?.reason]).toEqual(['complete', 'interrupted']);
    expect(Math.max(...dueTimes(fast.records))).toBeLessThanOrEqual(1_050);
    expect(fast.doneMs).toBe(1_100);
  });

  it('send nothing beyond what was asked for where there is only one', async () => {
    const { records, names } = await driveVirtually({ load: closed(2), end }, steady(100));
    expect(records).toHaveLength(10);
    expect(names).toHaveLength(10);
  });
});

describe('the cells of a stage that is interrupted', () => {
  it('have no window, not even an empty one, where one of them was not warm yet', async () => {
    for (const turnovers of [
      [1, 1_000],
      [1_000, 1],
    ]) {
      const clock = virtualClock();
      const start = new StageStart(2);
      const controller = new AbortController();
      clock.at(1_050, () => controller.abort());
      const given = { load: closed(2), end: { durationMs: 2_000 }, start, signal: controller.signal };
      const diaries = await clock.run(
        Promise.all(
          turnovers.map(count => drive(clock, steady(100)(clock), { ...given, warmup: { turnovers: count } })),
        ),
      );
      expect(diaries.map(diary => [diary.openings, diary.closings])).toEqual([
        [[], []],
        [[], []],
      ]);
    }
  });
});

describe('a stop rule', () => {
  /** Fails from one time until another, in the given share of cases. */
  const failing =
    (fromMs: number, untilMs: number, outcome: Outcome, ofTen = 10) =>
    (clock: Clock) =>
      service(clock, (sentMs, k) => ({
        endMs: sentMs + 100,
        outcome: sentMs >= fromMs && sentMs < untilMs && k % 10 < ofTen ? outcome : ok,
      }));
  const given: Given = { load: constant(20), end: { durationMs: 20_000 }, stopIf: 'errorRatio > 0.2 for 2s' };
  const error: Outcome = { kind: 'server_error' };

  it('ends a step in which too much fails for too long', async () => {
    const { closings, measured, dueCount, stopRules } = await driveVirtually(given, failing(5_000, 20_000, error));
    expect(closings).toHaveLength(1);
    expect(closings[0]?.reason).toBe('stop rule');
    expect(stopRules).toEqual([given.stopIf]);
    const endedMs = closings[0]?.atMs ?? 0;
    expect(endedMs).toBeGreaterThan(5_000);
    expect(endedMs).toBeLessThan(8_000);
    expect(Math.max(...dueTimes(measured))).toBeLessThanOrEqual(endedMs);
    expect(measured).toHaveLength(dueCount);
  });

  it('does not end one from the first failure on', async () => {
    const { closings } = await driveVirtually(given, failing(0, 20_000, error));
    expect(closings[0]?.reason).toBe('stop rule');
    expect(closings[0]?.atMs).toBeGreaterThanOrEqual(2_000);
    expect(closings[0]?.atMs).toBeLessThan(3_000);
  });

  it('lets a step go on in which not too much fails', async () => {
    const { closings, window } = await driveVirtually(given, failing(0, 20_000, error, 1));
    expect(closings[0]?.reason).toBe('complete');
    expect(window).toEqual([0, 20_000]);
  });

  it('looks at its own kind of failure only', async () => {
    const limited: Outcome = { kind: 'rate_limited' };
    expect((await driveVirtually(given, failing(0, 20_000, limited))).closings[0]?.reason).toBe('complete');
    const rule = { ...given, stopIf: 'rateLimitedRatio > 0.2 for 2s' };
    expect((await driveVirtually(rule, failing(0, 20_000, limited))).closings[0]?.reason).toBe('stop rule');
    expect((await driveVirtually(rule, failing(0, 20_000, error))).closings[0]?.reason).toBe('complete');
  });

  it('ends a closed loop as well', async () => {
    const { closings } = await driveVirtually(
      { ...given, load: closed(2) },
      failing(5_000, 20_000, { kind: 'timeout' }),
    );
    expect(closings[0]?.reason).toBe('stop rule');
    expect(closings[0]?.atMs).toBeLessThan(8_000);
  });
});
