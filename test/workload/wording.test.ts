import { describe, expect, it } from 'vitest';
import { calibrated, wordsFor } from '../../src/workload/wording.ts';

describe('calibrated', () => {
  it('is the line through two prompts', () => {
    const line = calibrated({ words: 20, tokens: 30 }, { words: 200, tokens: 246 });
    expect(line?.perWordTokens).toBeCloseTo(1.2);
    expect(line?.perPromptTokens).toBeCloseTo(6);
  });

  it('gives as many words as come closest to a length', () => {
    const line = { perPromptTokens: 6, perWordTokens: 1.2 };
    expect([0, 6, 18, 126, 1206].map(tokens => wordsFor(tokens, line))).toEqual([1, 1, 10, 100, 1000]);
  });

  it('is nothing where the counts cannot be of words', () => {
    for (const tokens of [30, 20, 100_000])
      expect(calibrated({ words: 20, tokens: 30 }, { words: 200, tokens })).toBeUndefined();
  });

  it('takes nothing off a prompt, whatever rounding says', () => {
    expect(calibrated({ words: 20, tokens: 20 }, { words: 200, tokens: 201 })?.perPromptTokens).toBe(0);
  });
});
