import { describe, expect, it } from 'vitest';
import { type Arrival, simulate } from '../../src/engine/simulate.ts';
import { azureLimits, azureMix, quantileOf, serveAzureMix } from './azure-mix.ts';
import { recordEngine, tokenTimesMs } from './record-engine.ts';

const options = { gpu: 'A100-80G', model: 'mistral-7b', limits: azureLimits };

describe('simulate', () => {
  it('gives each arrival the times that an engine asked step by step gives it', () => {
    const arrivals = azureMix(3, 30_000);
    const { engine, tokens, startsMs } = recordEngine(options);
    for (const arrival of arrivals) engine.submit(arrival, arrival.atMs);
    engine.advance(Number.POSITIVE_INFINITY);
    const { served, state } = simulate(arrivals, options);
    expect(served).toHaveLength(arrivals.length);
    expect(state).toMatchObject({ finished: arrivals.length, running: 0, queued: 0 });
    for (const request of served) {
      if (request.outcome !== 'ok') throw new Error(`request ${request.arrival.id} was refused`);
      const times = tokenTimesMs(tokens, request.arrival.id);
      expect(request.startMs).toBeCloseTo(startsMs.get(request.arrival.id) ?? 0, 6);
      expect(request.firstTokenMs).toBeCloseTo(times[0] ?? 0, 6);
      expect(request.endMs).toBeCloseTo(times.at(-1) ?? 0, 6);
    }
  });

  it('says of each arrival whether it was refused, and by which limit', () => {
    const arrival = (id: number, inputTokens: number): Arrival => ({
      id,
      atMs: id,
      inputTokens,
      images: 0,
      maxNewTokens: 100,
      outputTokens: 100,
    });
    const limits = { ...azureLimits, maxConcurrentRequests: 2 };
    const { served, state, endMs } = simulate(
      [10, 5000, 10, 10, 5000].map((tokens, id) => arrival(id, tokens)),
      { ...options, limits },
    );
    expect(served.map(({ outcome }) => outcome)).toEqual(['ok', 'rejected', 'ok', 'overloaded', 'overloaded']);
    expect(state.finished).toBe(2);
    expect(endMs).toBeGreaterThan(1000);
  });
});

describe('an A100 under Azure-like conversations', () => {
  const rates = [1, 4, 8, 12];
  const runs = rates.map(rate => serveAzureMix(rate));

  it('has its knee in the time to the first token', () => {
    const medians = runs.map(run => quantileOf(run.ttftMs, 0.5)) as [number, number, number, number];
    expect(medians[0]).toBeLessThan(150);
    expect(medians[1]).toBeLessThan(500);
    expect(medians[2]).toBeGreaterThan(10 * medians[0]);
    expect(medians[3]).toBeGreaterThan(medians[2]);
  });

  it('gives more tokens the more is asked, up to a plateau', () => {
    const counts = runs.map(run => run.itlMs.length) as [number, number, number, number];
    expect(counts[1]).toBeGreaterThan(2 * counts[0]);
    expect(counts[2]).toBeGreaterThan(counts[1]);
    expect(Math.abs(counts[3] / counts[2] - 1)).toBeLessThan(0.1);
  });

  it('shows prefills as gaps many times the usual one', () => {
    for (const run of runs.slice(1))
      expect(quantileOf(run.itlMs, 0.99) / quantileOf(run.itlMs, 0.5)).toBeGreaterThan(5);
  });

  it('refuses beyond a hundred in flight and never below', () => {
    expect(runs.map(run => run.overloaded > 0)).toEqual([false, false, true, true]);
    expect(runs.map(run => run.mostInFlight === 100)).toEqual([false, false, true, true]);
  });

  it('looks busy long before it is full', () => {
    expect(runs[0]?.busyRatio).toBeGreaterThan(0.8);
    expect(runs[1]?.busyRatio).toBeGreaterThan(0.99);
  });

  it('keeps gaps short and lets the queue grow where the batch is limited to eight', () => {
    const limited = serveAzureMix(4, { maxBatchSize: 8 });
    const free = runs[1] as (typeof runs)[number];
    expect(quantileOf(limited.itlMs, 0.5)).toBeLessThan(quantileOf(free.itlMs, 0.5));
    expect(quantileOf(limited.ttftMs, 0.5)).toBeGreaterThan(30 * quantileOf(free.ttftMs, 0.5));
  });
});
