import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { jitter } from '../../src/engine/step-time.ts';
import { HarnessError } from '../../src/errors.ts';
import { seededRandom } from '../../src/random.ts';
import { gapsMs, recordEngine, request, tokenTimesMs } from './record-engine.ts';

const limits = { maxConcurrentRequests: 128, maxInputTokens: 4096, maxTotalTokens: 8192 };

/** The prefill of 512 tokens on an idle A100, and one decode step behind it: 40.5 and 10.6 ms. */
const prefillMs = 40.5;
const stepMs = 10.6;

describe('an engine', () => {
  it('gives every token once, in order of time, and says which is the last', () => {
    const { engine, tokens } = recordEngine();
    engine.submit(request(1, 512, 10), 0);
    engine.submit(request(2, 128, 4), 5);
    engine.advance(1000);
    expect(tokens.map(token => token.atMs)).toEqual(tokens.map(token => token.atMs).toSorted((a, b) => a - b));
    for (const [id, count] of [
      [1, 10],
      [2, 4],
    ] as const) {
      const own = tokens.filter(token => token.id === id);
      expect(own.map(token => token.index)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      expect(own.map(token => token.last)).toEqual([...Array.from({ length: count - 1 }, () => false), true]);
    }
  });

  it('is idle before the first request and after the last', () => {
    const { engine } = recordEngine();
    expect(engine.nextMs()).toBeUndefined();
    engine.submit(request(1, 512, 3), 100);
    expect(engine.nextMs()).toBeCloseTo(100 + prefillMs, 0);
    engine.advance(1000);
    expect(engine.nextMs()).toBeUndefined();
  });

  it('names the end of the step in progress as what happens next', () => {
    const { engine, tokens } = recordEngine();
    engine.submit(request(1, 512, 5), 0);
    while (engine.nextMs() !== undefined) {
      const nextMs = engine.nextMs() ?? Number.NaN;
      const before = tokens.length;
      engine.advance(nextMs - 1e-6);
      expect(tokens).toHaveLength(before);
      engine.advance(nextMs);
      expect(tokens).toHaveLength(before + 1);
      expect(tokens.at(-1)?.atMs).toBe(nextMs);
    }
    expect(tokens).toHaveLength(5);
  });

  it('takes 25 % longer for everything at speed 0.8', () => {
    const full = recordEngine();
    const slow = recordEngine({ speed: 0.8 });
    for (const { engine } of [full, slow]) {
      engine.submit(request(1, 700, 50), 0);
      engine.advance(10_000);
    }
    for (const [i, token] of slow.tokens.entries())
      expect(token.atMs).toBeCloseTo((full.tokens[i]?.atMs ?? 0) / 0.8, 6);
  });

  it('lets whoever is told of a last token send the next request at once', () => {
    const tokens: [id: number, atMs: number][] = [];
    const engine = createEngine({
      gpu: 'A100-80G',
      model: 'mistral-7b',
      limits: { ...limits, maxConcurrentRequests: 1 },
      jitter: 'none',
      onToken(id, _index, atMs, last) {
        tokens.push([id, atMs]);
        if (last && id < 3) expect(engine.submit(request(id + 1, 512, 2), atMs)).toBe('accepted');
      },
    });
    engine.submit(request(1, 512, 2), 0);
    engine.advance(1000);
    expect(tokens.map(([id]) => id)).toEqual([1, 1, 2, 2, 3, 3]);
    expect(tokens.at(-1)?.[1]).toBeCloseTo(3 * (tokens[1]?.[1] ?? 0), 6);
  });

  it('takes a request that it is given during a token as come at that moment, and neither waits nor loses order', () => {
    const times: [id: number, atMs: number][] = [];
    const engine = createEngine({
      gpu: 'A100-80G',
      model: 'mistral-7b',
      limits,
      jitter: 'none',
      onToken(id, index, atMs) {
        times.push([id, atMs]);
        if (id === 1 && index === 1) engine.submit(request(2, 512, 2), atMs + 5 * stepMs);
      },
    });
    for (const id of [1, 3]) engine.submit(request(id, 256, 20), 0);
    engine.advance(1000);
    expect(times).toEqual(times.toSorted((a, b) => a[1] - b[1]));
    expect(times.filter(([id]) => id === 1)).toHaveLength(20);
    expect(times[2]).toEqual([2, expect.closeTo(2 * prefillMs, 0)]);
  });

  it('refuses presets it does not know, models that do not fit, and limits that TGI would refuse', () => {
    const make = (options: object) => () =>
      createEngine({ gpu: 'A100-80G', model: 'mistral-7b', limits, onToken: () => {}, ...options });
    expect(make({ gpu: 'toString' })).toThrow(HarnessError);
    expect(make({ model: 'gpt-2' })).toThrow(/no model preset is called gpt-2/);
    expect(make({ gpu: 'L4', model: 'flan-ul2' })).toThrow(/KV cache/);
    expect(make({ limits: { ...limits, maxTotalTokens: 1e6 } })).toThrow(/maxTotalTokens asks 1000000/);
    expect(make({ limits: { ...limits, maxBatchPrefillTokens: 100 } })).toThrow(/less than maxInputTokens/);
  });
});

describe('permits', () => {
  it('are refused beyond the maximum, and are back when a request ends', () => {
    const { engine } = recordEngine({ limits: { ...limits, maxConcurrentRequests: 2 } });
    expect(engine.submit(request(1, 512, 2), 0)).toBe('accepted');
    expect(engine.submit(request(2, 512, 20), 0)).toBe('accepted');
    expect(engine.submit(request(3, 512, 2), 1)).toBe('overloaded');
    expect(engine.submit(request(4, 512, 2), 150)).toBe('accepted');
    engine.advance(10_000);
    expect(engine.state()).toMatchObject({ accepted: 3, overloaded: 1, finished: 3, permits: 0 });
  });

  it('are looked at before the lengths', () => {
    const { engine } = recordEngine({ limits: { ...limits, maxConcurrentRequests: 1 } });
    expect(() => engine.submit(request(1, 5000, 1), 0)).toThrow(RangeError);
    engine.submit(request(2, 10, 1), 0);
    expect(engine.submit(request(3, 5000, 1), 0)).toBe('overloaded');
  });
});

describe('a client that goes away', () => {
  it('gets no more tokens, gives its permit back at once, and its place in the batch with the next step', () => {
    const { engine, tokens } = recordEngine({ limits: { ...limits, maxConcurrentRequests: 2 } });
    engine.submit(request(1, 512, 100), 0);
    engine.submit(request(2, 512, 100), 0);
    engine.advance(100);
    const heard = tokenTimesMs(tokens, 1).length;
    engine.cancel(1, 100);
    expect(engine.state()).toMatchObject({ permits: 1, running: 2, cancelled: 0 });
    expect(engine.submit(request(3, 512, 10), 101)).toBe('accepted');
    engine.advance((engine.nextMs() ?? 0) + 0.001);
    expect(engine.state()).toMatchObject({ running: 2, cancelled: 1, kvTokens: 611 + 521 });
    engine.advance(10_000);
    expect(tokenTimesMs(tokens, 1)).toHaveLength(heard);
    expect(engine.state()).toMatchObject({ finished: 2, cancelled: 1, permits: 0, kvTokens: 0, running: 0 });
  });

  it('costs no time on the GPU while it waited', () => {
    const { engine } = recordEngine({ limits: { ...limits, maxBatchSize: 1 } });
    engine.submit(request(1, 512, 10), 0);
    engine.submit(request(2, 512, 10), 1);
    engine.submit(request(3, 512, 10), 2);
    engine.cancel(2, 3);
    expect(engine.state()).toMatchObject({ permits: 2, queued: 2, cancelled: 0 });
    engine.advance(10_000);
    expect(engine.state()).toMatchObject({ finished: 2, cancelled: 1, inputTokens: 1024, outputTokens: 20 });
    expect(engine.state().busyMs).toBeCloseTo(2 * (prefillMs + 9 * stepMs), -1);
  });

  it('is forgotten when it is unknown or has been answered', () => {
    const { engine } = recordEngine();
    engine.submit(request(1, 512, 2), 0);
    engine.advance(1000);
    engine.cancel(1, 1000);
    engine.cancel(99, 1000);
    expect(engine.state()).toMatchObject({ finished: 1, cancelled: 0, permits: 0 });
  });

  it('leaves the engine idle when it was the only one', () => {
    const { engine } = recordEngine();
    engine.submit(request(1, 512, 1000), 0);
    engine.cancel(1, 60);
    engine.advance(100);
    expect(engine.nextMs()).toBeUndefined();
    expect(engine.state()).toMatchObject({ cancelled: 1, running: 0 });
  });
});

describe('a stall', () => {
  it('holds each step that would begin in it, and lets the step in progress end', () => {
    const { engine, tokens } = recordEngine();
    engine.submit(request(1, 512, 6), 0);
    engine.advance(45);
    engine.stall(45, 1000);
    engine.advance(3000);
    const times = tokenTimesMs(tokens, 1);
    expect(times[1]).toBeCloseTo(prefillMs + stepMs, 0);
    expect(times[2]).toBeCloseTo(1045 + stepMs, 0);
    expect(engine.state().busyMs).toBeCloseTo(prefillMs + 5 * stepMs, 0);
  });

  it('can be set in advance for those who run', () => {
    const { engine, tokens } = recordEngine();
    engine.stall(100, 400);
    engine.submit(request(1, 512, 50), 0);
    engine.advance(5000);
    const times = tokenTimesMs(tokens, 1);
    expect(times.filter(atMs => atMs > 100 + stepMs && atMs < 500)).toEqual([]);
    expect(times.find(atMs => atMs > 500)).toBeCloseTo(500 + stepMs, 0);
  });

  it('can be set in advance, and those who come meanwhile share the batch after it', () => {
    const { engine, tokens, startsMs } = recordEngine();
    engine.stall(100, 400);
    for (const id of [1, 2, 3]) engine.submit(request(id, 512, 3), 100 + id);
    expect(engine.nextMs()).toBe(500);
    engine.advance(1000);
    expect([...startsMs.values()]).toEqual([500, 500, 500]);
    expect(new Set(tokens.map(token => token.atMs)).size).toBe(3);
  });
});

describe('the counters', () => {
  it('are right in the middle of a step and never go back', () => {
    const { engine } = recordEngine();
    for (let id = 0; id < 5; id++) engine.submit(request(id, 300 + 100 * id, 40), 20 * id);
    let before = engine.state();
    for (let atMs = 80; atMs < 900; atMs += 3.7) {
      engine.advance(atMs);
      const state = engine.state();
      for (const key of [
        'busyMs',
        'prefillMs',
        'bytesRead',
        'flops',
        'inputTokens',
        'outputTokens',
        'finished',
      ] as const) {
        expect(state[key]).toBeGreaterThanOrEqual(before[key]);
      }
      if (state.running > 0) expect(state.busyMs).toBeCloseTo(atMs, 6);
      expect(state.accepted).toBe(state.queued + state.running + state.finished + state.cancelled);
      before = state;
    }
    expect(before).toMatchObject({ finished: 5, inputTokens: 2500, outputTokens: 200, queued: 0, running: 0 });
  });

  it('are those of the weights once a step and of each token once a layer', () => {
    const { engine } = recordEngine();
    engine.submit(request(1, 500, 100), 0);
    engine.advance(10_000);
    const steps = 100;
    const contextTokens = 99 * 500 + (99 * 100) / 2;
    const { bytesRead, flops } = engine.state();
    expect(bytesRead).toBeCloseTo(steps * (2 * 6.98e9 + 0.26e9) + contextTokens * 131_072, -3);
    const pairs = contextTokens + 500 ** 2 / 2;
    expect(flops / (2 * 6.98e9 * (500 + 99) + steps * 0.26e9 + pairs * 4 * 32 * 4096)).toBeCloseTo(1, 9);
  });

  it('tell of a GPU that is never busier than its peak', () => {
    const { engine } = recordEngine();
    for (let id = 0; id < 40; id++) engine.submit(request(id, 1000, 200), id);
    engine.advance(60_000);
    const { busyMs, prefillMs: inPrefillMs, bytesRead, flops } = engine.state();
    expect(bytesRead / (busyMs / 1000)).toBeLessThan(2039e9);
    expect(flops / (busyMs / 1000)).toBeLessThan(312e12);
    expect(inPrefillMs).toBeLessThan(busyMs);
  });
});

describe('chance', () => {
  const run = (seed: number, kind: 'step' | 'none') => {
    const { engine, tokens } = recordEngine({ seed, jitter: kind });
    for (let id = 0; id < 20; id++) engine.submit(request(id, 400, 200), 500 * id);
    engine.advance(60_000);
    return tokens;
  };

  it('gives the same tokens for the same seed, and others for another', () => {
    expect(run(1, 'step')).toEqual(run(1, 'step'));
    expect(run(1, 'step')).not.toEqual(run(2, 'step'));
  });

  it('has a mean of one', () => {
    const random = seededRandom('the mean of jitter');
    let sum = 0;
    for (let i = 0; i < 100_000; i++) sum += jitter(random);
    expect(Math.abs(sum / 100_000 - 1)).toBeLessThan(0.001);
  });

  it('does not change how long things take in the mean', () => {
    const last = (kind: 'step' | 'none') => Math.max(...[1, 2, 3].map(seed => run(seed, kind).at(-1)?.atMs ?? 0));
    expect(last('step') / last('none')).toBeCloseTo(1, 2);
  });

  it('spreads single steps by some percent, as measured ones are', () => {
    const { engine, tokens } = recordEngine({ jitter: 'step' });
    engine.submit(request(1, 10, 2000), 0);
    engine.advance(60_000);
    const gaps = gapsMs(tokens, 1).sort((a, b) => a - b);
    const [median, p99] = [gaps[1000] ?? 0, gaps[1980] ?? 0];
    expect(p99 / median).toBeGreaterThan(1.08);
    expect(p99 / median).toBeLessThan(1.3);
  });
});

describe('leaps', () => {
  /** Random requests, departures and stalls, carried out by an engine that is looked at every so often. */
  const run = (seed: number, options: object, lookEveryMs: number) => {
    const recorded = recordEngine(options);
    const random = seededRandom(seed, 'leaps');
    let atMs = 0;
    for (let id = 0; id < 60; id++) {
      const dueMs = atMs + random.exponential(1 / 60);
      for (atMs += lookEveryMs; atMs < dueMs; atMs += lookEveryMs) recorded.engine.advance(atMs);
      atMs = dueMs;
      const output = random.integer(1, 200);
      recorded.engine.submit(
        { ...request(id, random.integer(1, 3000), output), maxNewTokens: output + random.integer(0, 300) },
        atMs,
      );
      if (random.uniform() < 0.2) recorded.engine.cancel(random.integer(0, id), atMs);
      if (random.uniform() < 0.1) recorded.engine.stall(atMs + random.integer(0, 50), random.integer(1, 200));
    }
    recorded.engine.advance(1e6);
    return recorded;
  };

  it.each([
    { tgi: 'v2', limits },
    { tgi: 'v2', limits: { ...limits, maxBatchSize: 8 } },
    { tgi: 'v2', gpu: 'L4', limits: { ...limits, maxBatchPrefillTokens: 4096 } },
    { tgi: 'v3', limits: { ...limits, maxBatchPrefillTokens: 1000 } },
  ] as const)('give the token times that steps one by one give ($tgi, case %#)', options => {
    for (const seed of [1, 2, 3]) {
      const once = run(seed, options, Number.POSITIVE_INFINITY);
      const looked = run(seed, options, 7.3);
      const leapt = run(seed, { ...options, reports: 'first and last' }, Number.POSITIVE_INFINITY);
      expect(looked.tokens).toHaveLength(once.tokens.length);
      for (const [i, token] of looked.tokens.entries()) expect(token.atMs).toBeCloseTo(once.tokens[i]?.atMs ?? 0, 6);
      const ends = once.tokens.filter(token => token.index === 1 || token.last);
      expect(leapt.tokens.map(({ id, index, last }) => ({ id, index, last }))).toEqual(
        ends.map(({ id, index, last }) => ({ id, index, last })),
      );
      for (const [i, token] of leapt.tokens.entries()) expect(token.atMs).toBeCloseTo(ends[i]?.atMs ?? 0, 6);
      const [a, b] = [once.engine.state(), leapt.engine.state()];
      for (const key of ['busyMs', 'bytesRead', 'flops'] as const) expect(b[key] / a[key]).toBeCloseTo(1, 9);
      expect(b.outputTokens).toBe(a.outputTokens);
      expect(a.outputTokens).toBe(once.tokens.length);
    }
  });
});
