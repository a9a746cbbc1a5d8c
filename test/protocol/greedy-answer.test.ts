import { describe, expect, it } from 'vitest';
import { greedyAnswerIn } from '../../src/protocol/greedy-answer.ts';

const tgi = (details: unknown) => JSON.stringify({ generated_text: 'a b ', details });

describe('an answer to a greedy prompt', () => {
  it('is the ids of its tokens and how it ended, also behind a gateway that answers with an array', () => {
    const details = {
      finish_reason: 'length',
      tokens: [
        { id: 5, text: 'a' },
        { id: 7, text: ' b' },
      ],
    };
    for (const body of [tgi(details), `[${tgi(details)}]`]) {
      expect(greedyAnswerIn(body, 'tgi')).toEqual({ tokens: [5, 7], finishReason: 'length' });
    }
  });

  it('is its words where not every id is told', () => {
    for (const details of [null, {}, { tokens: [] }, { tokens: [{ id: 5 }, {}] }, { tokens: 'x' }]) {
      expect(greedyAnswerIn(tgi(details), 'tgi')?.tokens).toEqual(['a ', 'b ']);
    }
    const chat = { choices: [{ message: { content: 'Hello there' }, finish_reason: 'stop' }] };
    expect(greedyAnswerIn(JSON.stringify(chat), 'openai-chat')).toEqual({
      tokens: ['Hello ', 'there'],
      finishReason: 'stop',
    });
  });

  it('is none where there is none', () => {
    for (const body of ['', '{', '3', 'null', '{}', '[]', '{"generated_text":3}', '{"choices":[{}]}']) {
      expect(greedyAnswerIn(body, 'tgi')).toBeUndefined();
      expect(greedyAnswerIn(body, 'openai-chat')).toBeUndefined();
    }
  });
});
