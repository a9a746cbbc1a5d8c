import { describe, expect, it } from 'vitest';
import type { GenerationRequest, Protocol, StreamEvent } from '../../src/protocol/protocol.ts';
import { SseScanner } from '../../src/protocol/sse.ts';

/** How a protocol says the same things, for the suite that every protocol passes. */
export interface Dialect {
  readonly protocol: Protocol;
  /** A stream of the given token texts that ends by length, with these counts. */
  readonly stream: (texts: readonly string[], counts: { inputTokens: number; outputTokens: number }) => string;
  /** The same as one body. */
  readonly answer: (text: string, counts: { inputTokens: number; outputTokens: number }) => string;
  /** A failure inside a 200 stream. */
  readonly overloaded: string;
  readonly invalid: string;
  /** Whether a unary body tells the length of its prompt. */
  readonly answersInputTokens: boolean;
}

const request: GenerationRequest = {
  prompt: 'Grüße, 世界',
  images: [],
  maxNewTokens: 7,
  parameters: { temperature: 0.5, stop: ['a'] },
  stream: true,
};

/** The events of a stream, cut into chunks of the given size. */
export function decoded(protocol: Protocol, stream: string, chunkBytes = Number.POSITIVE_INFINITY): StreamEvent[] {
  const events: StreamEvent[] = [];
  const scanner = new SseScanner({ take: () => false, event: data => events.push(protocol.decodeEvent(data)) });
  const bytes = Buffer.from(stream);
  for (let at = 0; at < bytes.length; at += chunkBytes) scanner.push(bytes.subarray(at, at + chunkBytes));
  scanner.end();
  return events;
}

/** The data of the events of a stream. */
function dataOf(stream: string): string[] {
  return stream.split('\n').flatMap(line => (line.startsWith('data:') ? [line.slice(5).trim()] : []));
}

/** The same event with its fields in another order, with one more of them, with one less, and with one that is another. */
function rearranged(event: string): string[] {
  if (!event.startsWith('{')) return [];
  const fields = Object.entries(JSON.parse(event) as object);
  const made = (entries: readonly (readonly [string, unknown])[]) => JSON.stringify(Object.fromEntries(entries));
  return [
    made(fields.toReversed()),
    made([...fields, ['more', 1]]),
    made([['error', 'no'], ...fields]),
    ...fields.flatMap(([name], k) => [
      made(fields.filter((_, i) => i !== k)),
      ...[null, '', {}, []].map(value => made(fields.map(field => (field[0] === name ? [name, value] : field)))),
    ]),
  ];
}

/** What every protocol does. */
export function describeProtocol(
  name: string,
  { protocol, stream, answer, overloaded, invalid, answersInputTokens }: Dialect,
): void {
  const counts = { inputTokens: 12, outputTokens: 3 };
  const text = stream(['Hello', ' 世界', '!'], counts);
  const tokens = (events: readonly StreamEvent[]) => events.filter(event => event.kind === 'token').length;
  const final = (events: readonly StreamEvent[]) =>
    Object.assign(
      {},
      ...events.map(event => (event.kind === 'token' ? event.final : 'answer' in event ? event.answer : undefined)),
    );

  describe(`${name} as a protocol`, () => {
    it('says its requests in JSON, with the prompt, the length and only the parameters that are set', () => {
      const body = JSON.parse(protocol.encode(request)) as Record<string, unknown>;
      expect(JSON.stringify(body)).toContain('Grüße, 世界');
      expect(JSON.stringify(body)).not.toContain('null');
      expect(JSON.stringify(body)).not.toContain('top_k');
      expect(body['stream']).toBe(true);
    });

    it('hears each token once and what the answer says of itself', () => {
      const events = decoded(protocol, text);
      expect(tokens(events)).toBe(3);
      expect(final(events)).toEqual({ kind: 'answer', finishReason: 'length', ...counts });
    });

    it('hears the same wherever the stream is cut', () => {
      const whole = decoded(protocol, text);
      for (let size = 1; size < 40; size++) expect(decoded(protocol, text, size)).toEqual(whole);
    });

    it('tells a plain token by its ends, and takes nothing else for one', () => {
      const isPlain = (data: string) => {
        const bytes = Buffer.from(`data: ${data}\n`);
        return protocol.isPlainToken(bytes, 6, bytes.length - 1);
      };
      // What a text may hold to look like the end, or the beginning, of something else.
      const texts = [
        'a',
        'é世',
        '',
        '"',
        '\\',
        '"}',
        '\\"',
        ...dataOf(stream(['a', ' b', '!'], counts)),
        'null,"details":null}',
      ];
      const events = [...dataOf(stream([...texts, '!'], counts)), overloaded, invalid, '[DONE]', '{}', '[]', ''];
      const variants = events.flatMap(event => [event, ...rearranged(event)]);
      const plain = variants.filter(isPlain);
      for (const event of plain) expect({ event, ...protocol.decodeEvent(event) }).toEqual({ event, kind: 'token' });
      expect(plain.length).toBeGreaterThanOrEqual(texts.length - 1);
      expect(isPlain(events.at(-7) ?? '')).toBe(false);
    });

    it('does not take a stream that stops before its end for an answer', () => {
      const events = decoded(protocol, text.slice(0, text.indexOf('!') - 40));
      expect(final(events)).toEqual({});
    });

    it('hears a failure inside a stream that began well', () => {
      const events = decoded(protocol, `${text.slice(0, text.indexOf('\n\n') + 2)}data: ${overloaded}\n\n`);
      expect(events.at(-1)).toMatchObject({ kind: 'error', outcome: { kind: 'overloaded', by: 'model server' } });
      expect(decoded(protocol, `data: ${invalid}\n\n`)).toMatchObject([
        { kind: 'error', outcome: { kind: 'rejected' } },
      ]);
    });

    it('turns whatever else it hears into a protocol error, never an exception', () => {
      for (const garbage of [
        '',
        '{',
        '[]',
        '"text"',
        '12',
        'null',
        '<html>',
        '{"a":1}',
        '{"choices":3}',
        '{"token":null}',
      ]) {
        expect(() => protocol.decodeEvent(garbage)).not.toThrow();
        expect(protocol.decodeAnswer(garbage)).toMatchObject({ kind: 'error', outcome: { kind: 'protocol' } });
      }
      expect(protocol.decodeEvent('{"half')).toMatchObject({ kind: 'error', outcome: { kind: 'protocol' } });
      expect(decoded(protocol, 'data: [DONE]\n\n')).toEqual([{ kind: 'other' }]);
    });

    it('hears a unary answer', () => {
      const { inputTokens, ...output } = counts;
      const expected = {
        kind: 'answer',
        finishReason: 'length',
        ...output,
        ...(answersInputTokens ? { inputTokens } : {}),
      };
      expect(protocol.decodeAnswer(answer('Hello 世界!', counts))).toEqual(expected);
    });
  });
}
