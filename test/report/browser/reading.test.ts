import { describe, expect, it } from 'vitest';
import { placesOf, readAt, readPoint, spoken } from '../../../src/report/browser/reading.ts';
import type { Panel } from '../../../src/report/chart/chart.ts';

const x = { label: 'since the run began', scale: 'linear', format: 'seconds' } as const;
const panels: Panel[] = [
  {
    title: 'in flight',
    x,
    y: { label: '', scale: 'linear', format: 'number' },
    series: [
      {
        label: 'a',
        colour: 0,
        style: 'line',
        points: [
          [0.5, 1],
          [1.5, 2],
          [2.5, null],
        ],
      },
      {
        label: 'b',
        colour: 1,
        style: 'line',
        points: [
          [0.5, 10],
          [1.5, 20],
        ],
      },
    ],
  },
  {
    title: 'GPU utilisation',
    x,
    y: { label: '', scale: 'linear', format: 'ratio' },
    series: [
      {
        label: 'a',
        colour: 0,
        style: 'line',
        points: [
          [0.5, 0.25],
          [1.5, 0.5],
        ],
      },
    ],
  },
];

describe('what is read off a chart', () => {
  it('is every series of every panel at one time', () => {
    expect(spoken(readAt(panels, 1.4, new Set()))).toBe(
      '0:01; in flight a 2.00; in flight b 20.0; GPU utilisation a 50 %',
    );
  });

  it('leaves out what is hidden, and gaps: missing is not zero', () => {
    expect(spoken(readAt(panels, 2.5, new Set(['b'])))).toBe('0:03; GPU utilisation a 50 %');
  });

  it('is found at every place that has a point, in order', () => {
    expect(placesOf(panels)).toEqual([0.5, 1.5, 2.5]);
  });

  it('is one point with both of its numbers, where points stand alone', () => {
    const series = {
      label: 'm/gpu0',
      colour: 0,
      style: 'points',
      points: [
        [50, 600, '8'],
        [40, null],
      ],
    } as const;
    const panel = {
      ...(panels[0] as Panel),
      x: { label: 'tokens/s of a user', scale: 'linear', format: 'number' } as const,
      y: { label: 'tokens/s of a GPU', scale: 'linear', format: 'number' } as const,
    };
    expect(spoken(readPoint(panel, series, 0) ?? { at: '', rows: [] })).toBe(
      'm/gpu0, load 8; tokens/s of a user 50.0; tokens/s of a GPU 600',
    );
    expect(readPoint(panel, series, 1)).toBeUndefined();
    expect(readPoint(panel, series, 7)).toBeUndefined();
  });
});
