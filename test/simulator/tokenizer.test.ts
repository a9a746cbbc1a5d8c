import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { countTokens, tokenPieces } from '../../src/simulator/tokenizer.ts';

describe('countTokens', () => {
  it.each([
    ['', 0],
    ['a', 1],
    ['My name is Olivier and I', 6],
    ['What are three key benefits of renewable energy?', 10],
    ['environmental', 2],
    ['2026', 2],
    ['a  b', 3],
    ['\n\nHello', 2],
    ['...', 3],
    ['héllo wörld', 2],
    ['日本語', 3],
  ])('counts %j as %i', (text, tokens) => {
    expect(countTokens(text)).toBe(tokens);
  });

  it('counts each common word of up to eight letters as one', () => {
    expect(countTokens(Array.from({ length: 500 }, () => 'together').join(' '))).toBe(500);
  });

  it('counts a megabyte of Base64 in no time to speak of', () => {
    const startMs = performance.now();
    expect(countTokens('aGVsbG8gd29ybGQ9'.repeat(65_536))).toBeGreaterThan(100_000);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('tokenPieces', () => {
  it('gives pieces that together are the text, as many as are counted', () => {
    const random = seededRandom('tokenizer');
    for (let round = 0; round < 200; round++) {
      const text = Array.from({ length: 40 }, () => ' \n\tabcXYZ0189.,é日'[random.integer(0, 16)]).join('');
      const pieces = tokenPieces(text);
      expect(pieces.map(piece => piece.text).join('')).toBe(text);
      expect(pieces.map(piece => piece.start)).toEqual([0, ...pieces.map(piece => piece.stop)].slice(0, -1));
      expect(pieces).toHaveLength(countTokens(text));
    }
  });
});
