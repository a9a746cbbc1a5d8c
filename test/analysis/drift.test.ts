import { describe, expect, it } from 'vitest';
import { type Drift, drifts } from '../../src/analysis/drift.ts';
import { seededRandom } from '../../src/random.ts';
import { CourseRecorder } from '../../src/record/course.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';

interface Given {
  readonly windowMs?: number;
  readonly everyMs?: number;
  /** The response time of the request due then. */
  readonly responseMs: (dueMs: number) => number;
}

/** What drifts among unary answers over a window. */
function driftsOf({ windowMs = 60_000, everyMs = 50, responseMs }: Given): Drift[] {
  const course = new CourseRecorder(1_000);
  for (let dueMs = 1_000; dueMs < 1_000 + windowMs; dueMs += everyMs) {
    course.add({
      dueMs,
      endMs: dueMs + responseMs(dueMs - 1_000),
      tokenTimesMs: [],
      outcome: { kind: 'ok' },
    } as unknown as RequestRecord);
  }
  return drifts(course.course(), windowMs);
}

/** Noise about 1 of which each value remembers the last. */
function noise(seed: number, spread: number, memory: number): () => number {
  const random = seededRandom('drift', seed);
  let state = 0;
  return () => {
    state = memory * state + Math.sqrt(1 - memory ** 2) * random.normal(0, 1);
    return Math.exp(spread * state);
  };
}

describe('drift', () => {
  it('is found, with the mean of each third, where answers became slower', () => {
    const jitter = noise(1, 0.3, 0.5);
    const [found, ...others] = driftsOf({ responseMs: atMs => (200 + atMs / 300) * jitter() });
    expect(others).toEqual([]);
    expect(found?.metric).toBe('responseTimeMs');
    const [first, middle, last] = found?.thirds ?? [0, 0, 0];
    expect(first).toBeLessThan(middle);
    expect(middle).toBeLessThan(last);
    expect(last / first).toBeGreaterThan(1.4);
  });

  it('is found where they became faster', () => {
    expect(driftsOf({ responseMs: atMs => 300 - atMs / 400 })).toHaveLength(1);
  });

  it('is no change that is small, however sure', () => {
    expect(driftsOf({ responseMs: atMs => 200 + atMs / 6_000 })).toEqual([]);
  });

  it('is not claimed of noise, also where each answer is much like the one before', () => {
    const runs = Array.from({ length: 400 }, (_, seed) => {
      const jitter = noise(seed, 0.5, 0.9);
      return driftsOf({ responseMs: () => 200 * jitter() }).length;
    });
    expect(runs.reduce((sum, found) => sum + found, 0)).toBeLessThanOrEqual(4);
  });

  it('is not claimed of one bad moment', () => {
    const jitter = noise(3, 0.2, 0.5);
    expect(driftsOf({ responseMs: atMs => (atMs > 50_000 && atMs < 51_500 ? 1_700 : 200) * jitter() })).toEqual([]);
  });

  it('is not judged over a window of a few answers’ length', () => {
    expect(driftsOf({ windowMs: 20_000, responseMs: atMs => 1_000 + atMs / 10 })).toEqual([]);
  });

  it('is found over hours as well', () => {
    const jitter = noise(4, 0.3, 0.5);
    expect(
      driftsOf({ windowMs: 7.2e6, everyMs: 1_000, responseMs: atMs => (200 + atMs / 72_000) * jitter() }),
    ).toHaveLength(1);
  });
});
