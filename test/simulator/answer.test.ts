import { describe, expect, it } from 'vitest';
import { Answer, type Question } from '../../src/simulator/answer.ts';
import { countTokens } from '../../src/simulator/tokenizer.ts';

const question: Question = { text: 'Hello', seed: 1, maxNewTokens: 40, stop: [] };
const tokensOf = (answer: Answer) =>
  Array.from({ length: answer.tokens }, (_, at) => JSON.parse(answer.tokenJson(at + 1)));

describe('an answer', () => {
  it('is the same for the same question, token by token, whatever its length', () => {
    const short = tokensOf(new Answer(question));
    expect(tokensOf(new Answer({ ...question }))).toEqual(short);
    expect(tokensOf(new Answer({ ...question, maxNewTokens: 80 })).slice(0, 40)).toEqual(short);
  });

  it('is another for another prompt or seed', () => {
    const texts = [question, { ...question, seed: 2 }, { ...question, text: 'Hallo' }].map(each =>
      new Answer(each).text(),
    );
    expect(new Set(texts).size).toBe(3);
  });

  it('has tokens that the tokenizer counts as one each', () => {
    const answer = new Answer({ ...question, maxNewTokens: 400 });
    expect(countTokens(answer.text())).toBe(400);
    for (const token of tokensOf(answer)) {
      expect(token).toEqual({
        id: expect.any(Number),
        text: expect.any(String),
        logprob: expect.any(Number),
        special: false,
      });
      expect(token.logprob).toBeLessThanOrEqual(0);
    }
  });

  it('ends after the token with which its text first ends in a stop sequence', () => {
    const whole = new Answer({ ...question, maxNewTokens: 100 }).text();
    const answer = new Answer({ ...question, maxNewTokens: 100, stop: ['never said', '.'] });
    expect(answer.finishReason).toBe('stop_sequence');
    expect(answer.text()).toBe(whole.slice(0, whole.indexOf('.') + 1));
  });

  it('ends by itself around the median that it is given', () => {
    const lengths = Array.from({ length: 400 }, (_, seed) => {
      const answer = new Answer({ ...question, seed, maxNewTokens: 10_000, medianTokens: 50 });
      expect(answer.finishReason).toBe('eos_token');
      return answer.tokens;
    });
    const median = lengths.sort((a, b) => a - b)[200];
    expect(median).toBeGreaterThan(42);
    expect(median).toBeLessThan(58);
  });
});
