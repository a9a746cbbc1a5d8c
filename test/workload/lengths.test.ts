import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { lengthOf, type Quantiles, quantileTokens, shareAbove } from '../../src/workload/lengths.ts';
import { presets } from '../../src/workload/presets.ts';

const quantiles: Quantiles = [
  [0, 10],
  [0.5, 100],
  [0.9, 100],
  [1, 1000],
];

describe('quantiles', () => {
  it('are met at their knots, and halfway in the logarithm between them', () => {
    expect([0, 0.5, 0.7, 0.9, 1].map(level => quantileTokens(quantiles, level))).toEqual([10, 100, 100, 100, 1000]);
    expect(quantileTokens(quantiles, 0.25)).toBe(Math.round(Math.sqrt(10 * 100)));
  });

  it('say which share is longer than a length', () => {
    expect([5, 1000, 2000].map(tokens => shareAbove(quantiles, tokens))).toEqual([1, 0, 0]);
    expect(shareAbove(quantiles, Math.sqrt(10 * 100))).toBeCloseTo(0.75);
    expect(shareAbove(quantiles, 100)).toBeCloseTo(0.1);
  });

  it('are what many draws have', () => {
    const random = seededRandom(1, 'lengths');
    const drawn = Array.from({ length: 20_000 }, () => lengthOf(quantiles, random));
    expect(
      Math.abs(drawn.filter(tokens => tokens > 100).length / drawn.length - shareAbove(quantiles, 100)),
    ).toBeLessThan(0.01);
    expect(drawn.every(tokens => Number.isInteger(tokens) && tokens >= 10 && tokens <= 1000)).toBe(true);
  });
});

describe('every preset', () => {
  for (const [name, { input, output, maxOutputTokens }] of Object.entries(presets)) {
    it(`has quantiles that rise from 0 to 1: ${name}`, () => {
      for (const lengths of [input, output]) {
        expect(lengths.map(([level]) => level)).toEqual([...lengths.map(([level]) => level)].sort((a, b) => a - b));
        expect(lengths.map(([, tokens]) => tokens)).toEqual(
          [...lengths.map(([, tokens]) => tokens)].sort((a, b) => a - b),
        );
        expect([lengths[0]?.[0], lengths.at(-1)?.[0]]).toEqual([0, 1]);
        expect(lengths[0]?.[1]).toBeGreaterThanOrEqual(1);
      }
      expect(maxOutputTokens).toBeGreaterThan(0);
    });
  }

  it('is as long as what it was taken from: half of chat below 1,020 tokens in and 129 out', () => {
    expect([quantileTokens(presets.chat.input, 0.5), quantileTokens(presets.chat.output, 0.5)]).toEqual([1020, 129]);
    expect([quantileTokens(presets.code.input, 0.5), quantileTokens(presets.code.output, 0.5)]).toEqual([1469, 13]);
    expect([quantileTokens(presets.summarise.input, 0.5), quantileTokens(presets.summarise.output, 0.5)]).toEqual([
      2730, 167,
    ]);
  });
});
