import { describe, expect, it } from 'vitest';
import { kneeOf } from '../../../src/analysis/capacity/knee.ts';

const curve = (y: (x: number) => number, n = 10) => Array.from({ length: n }, (_, i) => [i, y(i)] as const);

describe('the knee of a curve', () => {
  it('is where Kneedle has it', () => {
    // The example of the paper: y = −1/x + 5 over ten points from 0.1 on has its knee at 0.22.
    const points = Array.from({ length: 10 }, (_, i) => (i / 9) * 1).map(x => [x, -1 / (x + 0.1) + 5] as const);
    expect(kneeOf(points)).toBeCloseTo(0.222, 3);
  });

  it('is where two straight lines meet, in whichever order the points come', () => {
    const bent = curve(x => Math.min(x, 4), 12);
    expect(kneeOf(bent)).toBe(4);
    expect(kneeOf([...bent].reverse())).toBe(4);
  });

  it('is nowhere on a straight or a flat line, or of fewer than eight points', () => {
    expect(kneeOf(curve(x => x))).toBeUndefined();
    expect(kneeOf(curve(() => 3))).toBeUndefined();
    expect(kneeOf(curve(x => Math.min(x, 3), 7))).toBeUndefined();
  });
});
