import { describe, expect, it } from 'vitest';
import { pooled } from '../../src/analysis/pooled.ts';
import { madeRun } from './gate/made-runs.ts';

const cell = (made: Parameters<typeof madeRun>[0]) => {
  const [first] = madeRun(made).cells;
  if (first === undefined) throw new Error('no cell');
  return first;
};

describe('several cells as one', () => {
  it('have their requests, histograms and failures together', () => {
    const [one, two] = [cell({ requests: 100, failed: 10 }), cell({ requests: 300 })];
    const both = pooled([one, two]);
    expect(both.counts).toMatchObject({ due: 400, ok: 390, timeout: 10 });
    expect(both.rates.errorRatio).toBeCloseTo(10 / 400, 12);
    expect(both.metrics.ttftMs).toMatchObject({ n: 400, unfinished: 10, unfinishedFrom: 30_000 });
    // A hundred are too few for p99.
    expect(cell({ requests: 100 }).metrics.ttftMs.p99).toBeNull();
    expect(both.metrics.ttftMs.p99).toBe(30_000);
    expect(both.rates.outputTokensPerS).toBeCloseTo(
      ((one.rates.outputTokensPerS ?? 0) + (two.rates.outputTokensPerS ?? 0)) / 2,
      9,
    );
  });

  it('are one cell where there is one', () => {
    const one = cell({});
    expect(pooled([one]).metrics.responseTimeMs.p95).toBeCloseTo(one.metrics.responseTimeMs.p95 ?? 0, 6);
    expect(pooled([one]).rates.goodputRatio).toBeNull();
  });
});
