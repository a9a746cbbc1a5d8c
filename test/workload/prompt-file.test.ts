import { describe, expect, it } from 'vitest';
import { readPrompts } from '../../src/workload/prompt-file.ts';

/** The prompts of a file and what is wrong with it. */
function read(name: string, content: string | Uint8Array) {
  const problems: string[] = [];
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const prompts = readPrompts({ name, bytes }, problem => void problems.push(problem));
  return { prompts, problems };
}

const lines = (...values: unknown[]) => values.map(value => JSON.stringify(value)).join('\n');

describe('a prompt file', () => {
  it('is one prompt a line where it is text, empty lines left out', () => {
    expect(read('p.txt', 'Why is the sky blue?\r\n\n  indented\n')).toEqual({
      prompts: [
        { text: 'Why is the sky blue?', where: 'p.txt:1' },
        { text: '  indented', where: 'p.txt:3' },
      ],
      problems: [],
    });
  });

  it('has a prompt or messages in each object of a .jsonl, messages one after the other', () => {
    const content = lines(
      { prompt: 'One\nprompt', id: 7 },
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: [{ type: 'text', text: 'Why?' }, { type: 'image_url' }] },
        ],
      },
    );
    const { prompts, problems } = read('p.jsonl', content);
    expect(prompts.map(({ text }) => text)).toEqual(['One\nprompt', 'Be brief.\n\nWhy?']);
    expect(problems).toEqual([]);
  });

  it('is what people ask first in a ShareGPT list', () => {
    const content = JSON.stringify([
      {
        id: 'a',
        conversations: [
          { from: 'human', value: 'First?' },
          { from: 'gpt', value: 'Yes.' },
        ],
      },
      {
        id: 'b',
        conversations: [
          { from: 'gpt', value: 'Hello.' },
          { from: 'human', value: 'Second?' },
        ],
      },
    ]);
    expect(read('s.json', content).prompts).toEqual([
      { text: 'First?', where: 's.json[0]' },
      { text: 'Second?', where: 's.json[1]' },
    ]);
  });
});

describe('a bad prompt file', () => {
  const cases: [string, string, string | Uint8Array, string][] = [
    ['that is empty', 'p.txt', '', 'p.txt:1: expected prompts, got an empty file'],
    ['of empty lines', 'p.jsonl', '\n \n', 'p.jsonl:1: expected prompts, got an empty file'],
    ['of an empty list', 'p.json', '[]', 'p.json:1: expected prompts, got an empty file'],
    ['of another kind', 'p.csv', 'a,b', 'p.csv: expected a name that ends in .txt, .jsonl or .json'],
    ['that is not text', 'p.txt', new Uint8Array([0xff, 0xd8, 0xff]), 'p.txt: expected UTF-8 text, got other bytes'],
    ['that is no JSON', 'p.json', '{"prompt"', 'p.json: expected JSON, got: '],
    ['that is no list', 'p.json', '{"prompt": "x"}', 'p.json: expected a ShareGPT list of conversations'],
    ['with a line that is no JSON', 'p.jsonl', '{"prompt": "x"}\nnope', 'p.jsonl:2: expected JSON, got: '],
    ['with a line without a prompt', 'p.jsonl', '{"text": "x"}', 'p.jsonl:1: expected {"prompt": "…"} or {"messages"'],
    ['with an empty prompt', 'p.jsonl', '{"prompt": " "}', 'p.jsonl:1: expected a prompt, got an empty text'],
    [
      'with a message without text',
      'p.jsonl',
      '{"messages": [{"content": null}]}',
      'p.jsonl:1: expected messages with text',
    ],
    ['with a conversation nobody asks in', 's.json', '[{"conversations": []}]', 's.json[0]: expected {"conversations"'],
  ];
  for (const [name, file, content, beginning] of cases) {
    it(`is told by file and line: one ${name}`, () => {
      const { problems } = read(file, content);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${beginning.replaceAll(/[.[\]{}()|?"]/g, '\\$&')}`));
    });
  }

  it('is told of in a few lines, however much is wrong with it', () => {
    const { problems } = read('p.jsonl', 'nope\n'.repeat(100));
    expect(problems).toHaveLength(6);
    expect(problems.at(-1)).toBe('p.jsonl: and 95 more of the kind');
  });
});
