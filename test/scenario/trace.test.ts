import { describe, expect, it } from 'vitest';
import { parseTrace, replayed } from '../../src/scenario/trace.ts';

const problemsOf = (text: string) => parseTrace('t.jsonl', text).problems.map(({ message }) => message);

describe('a trace', () => {
  it('is a request a line, with lengths where it says them; empty lines are passed over', () => {
    const { trace, problems } = parseTrace(
      't.jsonl',
      '{"dueMs":0,"inputTokens":12,"outputTokens":34}\n\n{"dueMs":0.5}\r\n{"dueMs":7,"outputTokens":1}\n',
    );
    expect(problems).toEqual([]);
    expect(trace).toEqual([
      { dueMs: 0, inputTokens: 12, outputTokens: 34 },
      { dueMs: 0.5 },
      { dueMs: 7, outputTokens: 1 },
    ]);
  });

  it.each([
    ['{"dueMs":5}\n{"dueMs":4}', 't.jsonl:2: expected dueMs of at least 5, that of the line before, got 4'],
    ['{"dueMs":-1}', 't.jsonl:1: expected dueMs of at least 0, got -1'],
    ['\n{"dueMs":"1"}', 't.jsonl:2: expected dueMs in ms, got "1"'],
    ['{"inputTokens":1}', 't.jsonl:1: expected dueMs in ms, got nothing'],
    ['{"dueMs":1e999}', 't.jsonl:1: expected dueMs in ms, got null'],
    ['{"dueMs":0,"inputTokens":0}', 't.jsonl:1: expected inputTokens of at least 1, got 0'],
    ['{"dueMs":0,"outputTokens":1.5}', 't.jsonl:1: expected outputTokens of at least 1, got 1.5'],
    ['{"dueMs":0,"inputTokens":null}', 't.jsonl:1: expected inputTokens of at least 1, got null'],
    ['{"dueMs":0,"inputToken":1}', 't.jsonl:1: expected only dueMs, inputTokens, outputTokens, got "inputToken"'],
    ['[0, 1]', 't.jsonl:1: expected {"dueMs":0,"inputTokens":12,"outputTokens":34}, got [0, 1]'],
    ['null', 't.jsonl:1: expected {"dueMs":0,"inputTokens":12,"outputTokens":34}, got null'],
    ['{"dueMs":0', 't.jsonl:1: expected JSON, got: '],
    ['', 't.jsonl:1: expected requests, one a line, such as {"dueMs":0,"inputTokens":12,"outputTokens":34}'],
    ['\n\n', 't.jsonl:1: expected requests, one a line'],
  ])('that holds %j is refused with its line', (text, message) => {
    const [problem, ...others] = problemsOf(text);
    expect(problem).toContain(message);
    expect(others).toEqual([]);
  });

  it('tells its first problems, each with its line, and not ten thousand', () => {
    const found = problemsOf(`{"dueMs":0}\n${'{"dueMs":-1}\n'.repeat(10_000)}`);
    expect(found.map(message => message.split(':')[1])).toEqual(['2', '3', '4', '5', '6']);
  });
});

describe('what a step replays of a trace', () => {
  const trace = [10_000, 11_000, 11_000, 14_000, 18_000].map(dueMs => ({ dueMs }));

  it('is all of it, at the mean rate of its gaps', () => {
    expect(replayed(trace, { timeScale: 1 })).toEqual({ requests: 5, ratePerS: 0.5 });
    expect(replayed(trace, { timeScale: 0.5 })).toEqual({ requests: 5, ratePerS: 1 });
  });

  it('ends after so many requests', () => {
    expect(replayed(trace, { timeScale: 1, requests: 4 })).toEqual({ requests: 4, ratePerS: 0.75 });
  });

  it('ends after a time, from its first request on and as it is scaled', () => {
    expect(replayed(trace, { timeScale: 1, durationMs: 4_000 })).toEqual({ requests: 3, ratePerS: 0.75 });
    expect(replayed(trace, { timeScale: 0.5, durationMs: 4_000 })).toEqual({ requests: 4, ratePerS: 1 });
    expect(replayed(trace, { timeScale: 2, durationMs: 4_000 })).toEqual({ requests: 3, ratePerS: 0.75 });
  });
});
