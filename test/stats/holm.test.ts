import { describe, expect, it } from 'vitest';
import { holm } from '../../src/stats/holm.ts';

describe("Holm's procedure", () => {
  it('adjusts as R does: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")', () => {
    expect(holm([0.01, 0.02, 0.03, 0.04, 0.05]).map(p => Number(p.toFixed(10)))).toEqual([
      0.05, 0.08, 0.09, 0.09, 0.09,
    ]);
  });

  it('keeps the order given, steps down and stays at or below one', () => {
    expect(holm([0.6, 0.001, 0.5])).toEqual([1, 0.003, 1]);
    expect(holm([])).toEqual([]);
  });
});
