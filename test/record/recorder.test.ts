import { describe, expect, it } from 'vitest';
import { type Outcome, type OutcomeKind, outcomeKinds } from '../../src/protocol/outcome.ts';
import { seededRandom } from '../../src/random.ts';
import { Recorder, type RecorderOptions } from '../../src/record/recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import type { Summary } from '../../src/record/summary.ts';

const requestTimeoutMs = 30_000;

/** A request due at 0 and sent 1 ms later, with three tokens 10 ms apart from 50 ms on and its end at 75 ms. */
const answered: RequestRecord = {
  seq: 0,
  cell: 0,
  phase: 'measured',
  target: 'm/gpu0',
  workload: 'chat',
  dueMs: 0,
  sentMs: 1,
  tokenTimesMs: [50, 60, 70],
  endMs: 75,
  inputTokens: 100,
  outputTokens: 3,
  tokensFrom: 'server',
  requestId: 'r',
  requestBytes: 10,
  finishReason: 'length',
  outcome: { kind: 'ok' },
};

/** The same, so many ms later. */
const later = (byMs: number, given: Partial<RequestRecord> = {}): RequestRecord => ({
  ...answered,
  dueMs: answered.dueMs + byMs,
  sentMs: (answered.sentMs ?? 0) + byMs,
  tokenTimesMs: answered.tokenTimesMs.map(timeMs => timeMs + byMs),
  endMs: answered.endMs + byMs,
  ...given,
});

/** One that was sent and ended otherwise, before its first token. */
const failed = (kind: OutcomeKind, given: Partial<RequestRecord> = {}): RequestRecord => {
  const { outputTokens: _, inputTokens: _input, finishReason: _reason, ...rest } = answered;
  return { ...rest, tokenTimesMs: [], endMs: 40, outcome: { kind }, ...given };
};

const dropped = (): RequestRecord => {
  const { sentMs: _, ...rest } = failed('dropped');
  return { ...rest, endMs: 0 };
};

interface Given extends Partial<RecorderOptions> {
  readonly windowMs?: readonly [number, number];
}

/** What a recorder says of these requests, over a window of 10 s where none is given. */
function summaryOf(records: readonly RequestRecord[], { windowMs = [-1, 9_999], ...options }: Given = {}): Summary {
  const recorder = new Recorder({ goodput: undefined, requestTimeoutMs, ...options });
  recorder.open(windowMs[0]);
  recorder.close(windowMs[1]);
  for (const record of records) recorder.add(record);
  return recorder.summary();
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Requests answered after 1, 2, … count ms. */
const oneToCount = (count: number) => times(count, i => ({ ...answered, sentMs: 0, tokenTimesMs: [], endMs: i + 1 }));

describe('counts', () => {
  it('take every outcome, and add up to due', () => {
    const random = seededRandom('counts');
    const kinds = times(500, () => outcomeKinds[random.integer(0, outcomeKinds.length - 1)] as OutcomeKind);
    const { counts } = summaryOf(
      kinds.map(kind => (kind === 'ok' ? answered : kind === 'dropped' ? dropped() : failed(kind))),
    );
    const { due, ...byKind } = counts;
    expect(due).toBe(500);
    expect(Object.values(byKind).reduce((sum, count) => sum + count, 0)).toBe(due);
    for (const kind of outcomeKinds) expect(byKind[kind]).toBe(kinds.filter(each => each === kind).length);
  });

  it('are all there, at zero, where nothing happened', () => {
    const { counts, rates, metrics, windowMs, tokens, examples } = new Recorder({
      goodput: undefined,
      requestTimeoutMs,
    }).summary();
    expect(counts).toEqual({ due: 0, ...Object.fromEntries(outcomeKinds.map(kind => [kind, 0])) });
    expect(windowMs).toBeNull();
    expect(Object.values(rates)).toEqual(Object.values(rates).map(() => null));
    expect(metrics.ttftMs).toMatchObject({
      n: 0,
      mean: null,
      min: null,
      max: null,
      p50: null,
      p999: null,
      censored: false,
    });
    expect(tokens).toEqual({
      askedInputMean: null,
      inputMean: null,
      outputMean: null,
      emptyAnswers: 0,
      endedByLengthRatio: null,
    });
    expect(examples).toEqual([]);
  });

  it('leave out the warm-up, and say how long it was', () => {
    const warmup = times(7, i => later(i, { phase: 'warmup' }));
    const failures = times(2, () => failed('timeout', { phase: 'warmup' }));
    const { counts, warmupRequests, metrics, rates } = summaryOf([...warmup, ...failures, answered]);
    expect(counts).toMatchObject({ due: 1, ok: 1, timeout: 0 });
    expect(warmupRequests).toBe(9);
    expect(metrics.ttftMs.n).toBe(1);
    expect(metrics.responseTimeMs.censored).toBe(false);
    expect(rates.errorRatio).toBe(0);
  });
});

describe('quantiles', () => {
  it('are those of the nearest rank, to three digits', () => {
    const { metrics } = summaryOf(oneToCount(3000));
    const { n, mean, min, max, p50, p90, p95, p99, p999 } = metrics.responseTimeMs;
    expect({ n, min, max }).toEqual({ n: 3000, min: 1, max: 3000 });
    expect(mean).toBeCloseTo(1500.5, 6);
    for (const [measured, exact] of [
      [p50, 1500],
      [p90, 2700],
      [p95, 2850],
      [p99, 2970],
      [p999, 2997],
    ] as const) {
      expect(Math.abs((measured ?? 0) - exact)).toBeLessThanOrEqual(exact * 0.001);
    }
  });

  it.each([
    ['p50', 5],
    ['p90', 29],
    ['p95', 59],
    ['p99', 299],
    ['p999', 2995],
  ] as const)('%s is given from n = %d on, and is null below', (key, n) => {
    expect(summaryOf(oneToCount(n - 1)).metrics.responseTimeMs[key]).toBeNull();
    expect(summaryOf(oneToCount(n)).metrics.responseTimeMs[key]).toBeGreaterThan(0);
  });

  it('of the gaps between tokens are pooled over requests, and n counts requests', () => {
    const requests = (count: number) =>
      times(count, () => ({ ...answered, tokenTimesMs: times(101, i => 50 + i * 10) }));
    const four = summaryOf(requests(4)).metrics.itlMs;
    expect(four).toMatchObject({ n: 4, p50: null, min: 10, max: 10 });
    const five = summaryOf(requests(5)).metrics.itlMs;
    expect(five).toMatchObject({ n: 5, p50: 10, p90: null });
    const uneven = summaryOf([
      ...times(4, () => answered),
      { ...answered, tokenTimesMs: times(101, i => 50 + i * 40) },
    ]);
    expect(uneven.metrics.itlMs.p50).toBeCloseTo(40, 1);
  });

  it('leave out refusals, which are in the ratios', () => {
    const refused = (['rate_limited', 'overloaded', 'forbidden'] as const).flatMap(kind =>
      times(100, () => failed(kind)),
    );
    const { metrics, rates } = summaryOf([...oneToCount(100), ...refused]);
    expect(metrics.responseTimeMs).toMatchObject({ n: 100, min: 1, censored: false });
    expect(metrics.ttftMs).toMatchObject({ n: 0, p50: null, censored: false });
    expect([rates.rateLimitedRatio, rates.overloadedRatio, rates.forbiddenRatio]).toEqual([0.25, 0.25, 0.25]);
  });

  it('leave out what was dropped or rejected', () => {
    const { metrics } = summaryOf([...oneToCount(10), ...times(10, dropped), ...times(10, () => failed('rejected'))]);
    expect(metrics.responseTimeMs).toMatchObject({ n: 10, censored: false });
  });

  it('tell requests apart by whole metrics: an answer without tokens has no TTFT', () => {
    const { metrics } = summaryOf([...oneToCount(60), ...times(40, () => answered)]);
    expect(metrics.ttftMs.n).toBe(40);
    expect(metrics.responseTimeMs.n).toBe(100);
  });
});

describe('quantiles so far', () => {
  it('are those of the summary at every moment, and touch no request again', () => {
    let reads = 0;
    const watched = (record: RequestRecord) =>
      new Proxy(record, {
        get(target, key, receiver) {
          reads++;
          return Reflect.get(target, key, receiver) as unknown;
        },
      });
    const recorder = new Recorder({ goodput: undefined, requestTimeoutMs });
    for (const [i, record] of [...oneToCount(70), failed('timeout'), failed('timeout')].entries()) {
      recorder.add(watched(record));
      if (i % 6 !== 5) continue;
      reads = 0;
      for (const key of ['p50', 'p95'] as const) {
        const { value, censored } = recorder.quantile('responseTimeMs', key);
        const { [key]: expected, censoredQuantiles } = recorder.summary().metrics.responseTimeMs;
        expect(value).toBe(expected);
        expect(censored).toBe(censoredQuantiles.includes(key));
      }
      expect(reads).toBe(0);
    }
    expect(recorder.quantile('responseTimeMs', 'p95').value).toBeCloseTo(69, 0);
    expect(recorder.quantile('responseTimeMs', 'p99')).toEqual({ value: null, censored: false });
  });
});

describe('requests that were taken and not finished', () => {
  const unfinished = ['timeout', 'abandoned', 'server_error', 'connection', 'protocol'] as const;

  it.each(unfinished)('%s is slower than any that finished, where a quantile reaches it', kind => {
    const { responseTimeMs } = summaryOf([...oneToCount(90), ...times(10, () => failed(kind))]).metrics;
    expect(responseTimeMs.n).toBe(100);
    expect(responseTimeMs.p50).toBeCloseTo(50, 1);
    expect(responseTimeMs.p90).toBeCloseTo(90, 1);
    // One that was given up while it drained took at least as long as it was waited for, and no more is known.
    expect(responseTimeMs.p95).toBe(kind === 'abandoned' ? responseTimeMs.p90 : requestTimeoutMs);
    expect(responseTimeMs.censored).toBe(true);
    expect(responseTimeMs.censoredQuantiles).toEqual(['p95']);
  });

  it('make no endpoint look fast that fails its slow requests', () => {
    const honest = summaryOf(oneToCount(100)).metrics.responseTimeMs;
    const failing = summaryOf([...oneToCount(50), ...times(50, () => failed('server_error', { endMs: 2 }))]).metrics
      .responseTimeMs;
    for (const key of ['p50', 'p90', 'p95'] as const) {
      expect(failing[key] ?? 0).toBeGreaterThanOrEqual((honest[key] ?? Number.NaN) * 0.999);
    }
  });

  it('have no mean with the others, for it would have to leave them out', () => {
    expect(summaryOf([...oneToCount(10), failed('timeout')]).metrics.responseTimeMs.mean).toBeNull();
    expect(summaryOf([...oneToCount(10), failed('overloaded')]).metrics.responseTimeMs.mean).toBeCloseTo(5.5, 6);
  });

  it('reach no quantile where they are few', () => {
    const { responseTimeMs } = summaryOf([...oneToCount(99), failed('timeout')]).metrics;
    expect(responseTimeMs.censored).toBe(false);
    expect(responseTimeMs.p95).toBeCloseTo(95, 1);
  });

  it('are bounded by the slowest that finished, where that took longer than the timeout', () => {
    const slow = times(5, () => ({ ...answered, dueMs: -50_000 }));
    const { responseTimeMs } = summaryOf([...slow, ...times(95, () => failed('timeout'))]).metrics;
    expect(responseTimeMs.p90).toBeGreaterThanOrEqual(50_075);
  });

  it('have the TTFT they had, if they had one', () => {
    const late = times(50, () => ({ ...answered, outcome: { kind: 'timeout' } as const }));
    const never = times(50, () => failed('timeout'));
    expect(summaryOf([...late, ...times(50, () => answered)]).metrics.ttftMs).toMatchObject({
      n: 100,
      censored: false,
      p90: 50,
    });
    expect(summaryOf([...never, ...times(50, () => answered)]).metrics.ttftMs).toMatchObject({
      n: 100,
      p50: 50,
      p90: requestTimeoutMs,
      censoredQuantiles: ['p90', 'p95'],
    });
  });

  it('are the slowest users where a higher number is better', () => {
    const { userTokensPerS } = summaryOf([
      ...times(40, () => answered),
      ...times(60, () => ({ ...answered, outcome: { kind: 'abandoned' } as const })),
    ]).metrics;
    expect(userTokensPerS.n).toBe(100);
    expect(userTokensPerS.censoredQuantiles).toEqual(['p50']);
    expect(userTokensPerS.p90).toBeCloseTo(100, 1);
  });

  it('give no TTFT to a workload that has none because nothing is streamed', () => {
    const unary = times(300, i => ({ ...answered, tokenTimesMs: [], endMs: 100 + i }));
    const { ttftMs, responseTimeMs } = summaryOf([...unary, ...times(10, () => failed('timeout'))]).metrics;
    expect(responseTimeMs.n).toBe(310);
    expect(ttftMs).toMatchObject({ p50: null, censored: false });
  });

  it('are censored all the same where not one request of a stream came to its first token', () => {
    const { ttftMs } = summaryOf(times(30, () => failed('timeout'))).metrics;
    expect(ttftMs).toMatchObject({ n: 30, p50: requestTimeoutMs, p90: requestTimeoutMs, censored: true });
  });
});

describe('rates', () => {
  it('take what arrived in the window, whoever it was due to, and what was due in it, whenever it arrived', () => {
    const { rates, counts } = summaryOf(
      [
        // Due in the warm-up; its first token came before the window, two and its end within.
        later(0, { phase: 'warmup', tokenTimesMs: [990, 1_010, 1_020], endMs: 1_025 }),
        // Over before the window began.
        later(0, { phase: 'warmup', tokenTimesMs: [500, 510, 520], endMs: 525 }),
        // All of it within.
        later(1_500),
        // Due within; its first token came within, its end in the drain.
        later(2_900, { tokenTimesMs: [2_950, 3_050, 3_060], endMs: 3_070 }),
        // Due within, all of it in the drain.
        later(2_990),
      ],
      { windowMs: [1_000, 3_000] },
    );
    expect(counts.due).toBe(3);
    expect(rates.offeredPerS).toBe(3 / 2);
    expect(rates.achievedPerS).toBe(2 / 2);
    expect(rates.outputTokensPerS).toBe((2 + 3 + 1) / 2);
    expect(rates.inputTokensPerS).toBe((100 + 100) / 2);
  });

  it('count the tokens of an answer in one piece when it arrived', () => {
    const unary = { tokenTimesMs: [], outputTokens: 150, inputTokens: 40 };
    const { rates } = summaryOf(
      [later(100, unary), later(2_990, unary), later(0, { ...unary, outcome: { kind: 'protocol' } })],
      { windowMs: [0, 3_000] },
    );
    expect(rates.outputTokensPerS).toBe(50);
    expect(rates.inputTokensPerS).toBeCloseTo(40 / 3, 9);
    expect(rates.achievedPerS).toBeCloseTo(1 / 3, 9);
  });

  it('count the tokens that arrived of requests that were not finished', () => {
    const { rates } = summaryOf([later(0, { outcome: { kind: 'timeout' } })], { windowMs: [0, 1_000] });
    expect(rates).toMatchObject({ outputTokensPerS: 3, achievedPerS: 0 });
  });

  it('add up to one over what was sent, and take what was dropped from what was due', () => {
    const random = seededRandom('ratios');
    for (let round = 0; round < 50; round++) {
      const records = times(random.integer(1, 60), () => {
        const kind = outcomeKinds[random.integer(0, outcomeKinds.length - 1)] as OutcomeKind;
        return kind === 'ok' ? answered : kind === 'dropped' ? dropped() : failed(kind);
      });
      const { rates, counts } = summaryOf(records);
      const sent = counts.due - counts.dropped;
      expect(rates.droppedRatio).toBeCloseTo(counts.dropped / counts.due, 9);
      if (sent === 0) {
        expect(rates.errorRatio).toBeNull();
        continue;
      }
      const { rateLimitedRatio, overloadedRatio, forbiddenRatio, errorRatio } = rates;
      const sum = [rateLimitedRatio, overloadedRatio, forbiddenRatio, errorRatio].reduce<number>(
        (total, ratio) => total + (ratio ?? Number.NaN),
        counts.ok / sent,
      );
      expect(sum).toBeCloseTo(1, 9);
    }
  });

  it('are null where there is nothing to divide by', () => {
    const recorder = new Recorder({ goodput: { ttftMs: 1 }, requestTimeoutMs });
    recorder.add({ ...answered, phase: 'warmup' });
    expect(Object.values(recorder.summary().rates)).toEqual(new Array(11).fill(null));
  });
});

describe('goodput', () => {
  const goodput = { ttftMs: 50, itlMs: 10, tpotMs: 10, responseTimeMs: 75 };
  const shareOf = (record: RequestRecord, limits: Record<string, number> = goodput) =>
    summaryOf([record], { goodput: limits }).rates.goodputRatio;

  it('takes a request within every limit, the limits themselves included', () => {
    expect(shareOf(answered)).toBe(1);
    expect(shareOf(answered, { ttftMs: 49.9 })).toBe(0);
    expect(shareOf(answered, { ttftMs: 50, responseTimeMs: 74 })).toBe(0);
    expect(shareOf(answered, {})).toBe(1);
  });

  it('counts from when the request was due', () => {
    expect(shareOf({ ...answered, dueMs: -1 })).toBe(0);
  });

  it('does not take a request with one gap too many', () => {
    expect(shareOf({ ...answered, tokenTimesMs: [50, 61, 70] }, { itlMs: 10 })).toBe(0);
  });

  it('does not take a failure, however fast', () => {
    for (const kind of outcomeKinds.filter(each => each !== 'ok'))
      expect(shareOf(failed(kind), { responseTimeMs: 1e9 })).toBe(0);
  });

  it('is a share of all that were due, and a rate over the window', () => {
    const records = [...times(6, () => answered), ...times(2, dropped), ...times(2, () => failed('rate_limited'))];
    const { goodputRatio, goodputPerS } = summaryOf(records, { goodput }).rates;
    expect(goodputRatio).toBe(0.6);
    expect(goodputPerS).toBe(0.6);
  });

  it('is missing where the scenario sets no limits', () => {
    expect(summaryOf([answered]).rates).toMatchObject({ goodputPerS: null, goodputRatio: null });
  });
});

describe('answers', () => {
  it('are described by means over the successful ones that say so', () => {
    const { outputTokens: _, inputTokens: _input, finishReason: _reason, ...silent } = answered;
    const { tokens } = summaryOf([
      answered,
      { ...answered, inputTokens: 200, outputTokens: 5, finishReason: 'eos_token' },
      silent,
      { ...answered, outputTokens: 1000, outcome: { kind: 'timeout' } },
    ]);
    expect(tokens).toEqual({
      askedInputMean: null,
      inputMean: 150,
      outputMean: 4,
      emptyAnswers: 0,
      endedByLengthRatio: 0.5,
    });
  });

  it('without a single token are counted', () => {
    const { tokens } = summaryOf([{ ...answered, outputTokens: 0, tokenTimesMs: [] }, answered]);
    expect(tokens.emptyAnswers).toBe(1);
  });
});

describe('asked lengths', () => {
  it('stand beside the counted ones as a mean, where a length was asked for', () => {
    const asked = (askedInputTokens: number) => ({ ...answered, askedInputTokens });
    expect(summaryOf([asked(90), asked(100), answered]).tokens).toMatchObject({ askedInputMean: 95, inputMean: 100 });
  });
});

describe('kinds of request', () => {
  const small = { ...answered, variant: '64x64', inputTokens: 100 };
  const large = { ...later(10, { endMs: 500 }), variant: '512x512', inputTokens: 900 };

  it('have numbers of their own, in the order of their names, beside those of the whole', () => {
    const records = [...times(2, () => large), ...times(30, () => small), failed('timeout', { variant: '512x512' })];
    const { byVariant, counts, metrics } = summaryOf(records);
    expect(Object.keys(byVariant ?? {})).toEqual(['64x64', '512x512']);
    expect(byVariant?.['64x64']).toMatchObject({ counts: { due: 30, ok: 30 }, inputTokensMean: 100 });
    expect(byVariant?.['512x512']).toMatchObject({ counts: { due: 3, ok: 2, timeout: 1 }, inputTokensMean: 900 });
    expect(byVariant?.['64x64']?.metrics.responseTimeMs).toEqual(
      summaryOf(times(30, () => small)).metrics.responseTimeMs,
    );
    expect([counts.due, metrics.responseTimeMs.n]).toEqual([33, 33]);
  });

  it('do not stand there where there is only one, nor for the warm-up', () => {
    expect(summaryOf([answered]).byVariant).toBeUndefined();
    expect(summaryOf([{ ...small, phase: 'warmup' }]).byVariant).toBeUndefined();
  });
});

describe('examples', () => {
  const say = (outcome: Outcome) => failed(outcome.kind, { outcome });

  it('keep what was said with each kind of failure, once, with how often', () => {
    const overloaded: Outcome = { kind: 'overloaded', status: 429, by: 'model server', detail: 'Model is overloaded' };
    const { examples } = summaryOf([
      say(overloaded),
      say(overloaded),
      say({ kind: 'timeout', detail: 'no end within 30000 ms' }),
      answered,
      dropped(),
    ]);
    expect(examples).toEqual([
      { ...overloaded, count: 2 },
      { kind: 'timeout', detail: 'no end within 30000 ms', count: 1 },
    ]);
  });

  it('do not take a number in the text for another failure, and stay few', () => {
    const same = times(50, i => say({ kind: 'server_error', status: 500, detail: `request ${i} failed` }));
    expect(summaryOf(same).examples).toEqual([
      { kind: 'server_error', status: 500, detail: 'request 0 failed', count: 50 },
    ]);
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    expect(summaryOf(letters.map(detail => say({ kind: 'protocol', detail }))).examples.length).toBeLessThan(20);
  });
});
