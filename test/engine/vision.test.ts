import { describe, expect, it } from 'vitest';
import { imageTokens } from '../../src/engine/vision.ts';

describe('imageTokens', () => {
  it.each([
    // TGI's own unit test, which names the height first (router/src/config.rs, test_llava_next_features).
    { height: 20, width: 20, tokens: 1176 },
    { height: 640, width: 640, tokens: 2928 },
    { height: 480, width: 640, tokens: 2340 },
    { height: 899, width: 1024, tokens: 2634 },
    { height: 1024, width: 899, tokens: 2640 },
    { height: 1067, width: 1600, tokens: 2144 },
  ])('counts $width × $height as TGI does', ({ height, width, tokens }) => {
    expect(imageTokens(width, height)).toBe(tokens);
  });

  it.each([
    [336, 336, 1176],
    [340, 340, 1176],
    [441, 441, 1176],
    [442, 442, 2928],
    [512, 512, 2928],
    [1024, 1024, 2928],
    [672, 336, 876],
    [512, 256, 876],
    [336, 672, 888],
    [800, 600, 2340],
    [1024, 768, 2340],
    [480, 640, 2352],
    [768, 1024, 2352],
    [1024, 576, 1948],
    [576, 1024, 1968],
    [1024, 512, 1752],
    [512, 1024, 1776],
    [1024, 340, 776],
    [340, 1024, 792],
  ])('counts %i × %i as %i', (width, height, tokens) => {
    expect(imageTokens(width, height)).toBe(tokens);
  });

  it('stays between 626 and 2928 for pictures of 64 pixels a side and more', () => {
    const counts: number[] = [imageTokens(513, 64)];
    for (let width = 64; width <= 1024; width += 32) {
      for (let height = 64; height <= 1024; height += 32) counts.push(imageTokens(width, height));
    }
    expect(Math.min(...counts)).toBe(626);
    expect(Math.max(...counts)).toBe(2928);
  });
});
