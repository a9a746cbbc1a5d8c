import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/schema/nearest.ts';

const known = ['concurrency', 'ratePerS', 'requests', 'duration', 'warmup', 'order'];

describe('nearest', () => {
  it.each([
    ['concurency', 'concurrency'],
    ['Concurrency', 'concurrency'],
    ['rateperS', 'ratePerS'],
    ['request', 'requests'],
    ['durations', 'duration'],
    ['warm', 'warmup'],
    ['oder', 'order'],
  ])('takes %s for %s', (text, candidate) => {
    expect(nearest(text, known)).toBe(candidate);
  });

  it('guesses nothing where nothing is close', () => {
    expect(nearest('xyzzyx', known)).toBeUndefined();
    expect(nearest('concurrency', [])).toBeUndefined();
  });

  it('takes the closest of several', () => {
    expect(nearest('chat2', ['chat', 'chat20', 'chat2'])).toBe('chat2');
  });
});
