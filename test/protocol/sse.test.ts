import { describe, expect, it } from 'vitest';
import { maxEventBytes, SseScanner } from '../../src/protocol/sse.ts';
import { seededRandom } from '../../src/random.ts';

/** The data of every event of a stream that arrives in these pieces. */
function scan(...pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  const scanner = new SseScanner({ take: () => false, event: data => events.push(data) });
  for (const piece of pieces) expect(scanner.push(piece)).toBe(true);
  scanner.end();
  return events;
}

const scanText = (text: string) => scan(Buffer.from(text));

/** A buffer in pieces, cut at the given offsets. */
function cut(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const ends = [...offsets, bytes.length];
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const token = (text: string, more = '') => `{"index":1,"token":{"id":7,"text":${JSON.stringify(text)}}${more}}`;

/** Streams with LF for every line end, and the data of their events. */
const streams: readonly { readonly name: string; readonly text: string; readonly events: readonly string[] }[] = [
  {
    name: 'events with a blank line after each',
    text: `data: ${token('a')}\n\ndata: ${token('b')}\n\n`,
    events: [token('a'), token('b')],
  },
  {
    name: 'no space after the colon',
    text: `data:${token('a')}\n\ndata:${token('b')}\n\n`,
    events: [token('a'), token('b')],
  },
  {
    name: 'no blank lines between events, as the API document prints them',
    text: `data: ${token(' design')}\ndata: ${token(',')}\ndata: ${token(' technology', ',"generated_text":null')}\n`,
    events: [token(' design'), token(','), token(' technology', ',"generated_text":null')],
  },
  {
    name: 'characters of two, three and four bytes',
    text: `data: ${token('é')}\n\ndata: ${token('中文')}\n\ndata:${token('😀👩‍👩‍👧')}\n\n`,
    events: [token('é'), token('中文'), token('😀👩‍👩‍👧')],
  },
  {
    name: 'comments and other fields',
    text: `:\n: keep-alive\n\nevent: token\nid: 7\nretry: 10\ndata: ${token('a')}\n\n:data: no\ndatabase: no\nDATA: no\n\ndata: ${token('b')}\n\n`,
    events: [token('a'), token('b')],
  },
  {
    name: 'data over several lines',
    text: 'data: {\ndata:   "a": [1,\ndata: 2]\ndata: }\n\ndata: plain\ndata:\ndata: text\n\n',
    events: ['{\n  "a": [1,\n2]\n}', 'plain\n\ntext'],
  },
  {
    name: 'data over several lines without a blank line after it',
    text: `data: {\ndata: "a": 1\ndata: }\ndata: ${token('b')}\n`,
    events: ['{\n"a": 1\n}', token('b')],
  },
  {
    name: 'brackets and quotes inside strings',
    text: `data: ${token('}"{\\')}\ndata: ${token('[]]]]')}\ndata: ${token('\\"}')}\ndata: [{"a":"]"}]\n`,
    events: [token('}"{\\'), token('[]]]]'), token('\\"}'), '[{"a":"]"}]'],
  },
  {
    name: 'a byte order mark',
    text: `\uFEFFdata: ${token('a')}\n\ndata: ${token('\uFEFFb')}\n\n`,
    events: [token('a'), token('\uFEFFb')],
  },
  {
    name: 'a byte order mark on a line of its own',
    text: `\uFEFF\ndata: ${token('a')}\n\n`,
    events: [token('a')],
  },
  {
    name: 'the end mark of OpenAI’s streams',
    text: `data: ${token('a')}\n\ndata: [DONE]\n\n`,
    events: [token('a'), '[DONE]'],
  },
  {
    name: 'an end mark without blank lines',
    text: `data: ${token('a')}\ndata: [DONE]\n`,
    events: [token('a'), '[DONE]'],
  },
  {
    name: 'many blank lines and empty data',
    text: `\n\n\ndata: ${token('a')}\n\n\n\ndata:\n\ndata\n\ndata: ${token('b')}\n\n\n`,
    events: [token('a'), token('b')],
  },
  {
    name: 'one space after the colon taken, others kept',
    text: 'data:  two\n\ndata:\tone\n\ndata: three \n\n',
    events: [' two', '\tone', 'three '],
  },
];

const lineEnds = { LF: '\n', CRLF: '\r\n', CR: '\r' };

const cases = streams.flatMap(({ name, text, events }) =>
  Object.entries(lineEnds).map(([lineEnd, end]) => ({
    name: `${name} (${lineEnd})`,
    bytes: Buffer.from(text.replaceAll('\n', end)),
    events,
  })),
);

describe.each(cases)('a stream with $name', ({ bytes, events }) => {
  it('gives its events', () => {
    expect(scan(bytes)).toEqual(events);
  });

  it('gives the same events wherever it is cut in two', () => {
    for (let offset = 0; offset <= bytes.length; offset++) {
      expect({ offset, events: scan(...cut(bytes, [offset])) }).toEqual({ offset, events });
    }
  });

  it('gives the same events byte by byte', () => {
    expect(scan(...Array.from(bytes, byte => Buffer.from([byte])))).toEqual(events);
  });

  it('gives the same events in random pieces, empty ones among them', () => {
    const random = seededRandom('pieces', bytes.length);
    for (let round = 0; round < 20; round++) {
      const offsets = Array.from({ length: random.integer(1, 12) }, () => random.integer(0, bytes.length));
      expect(
        scan(
          ...cut(
            bytes,
            offsets.toSorted((a, b) => a - b),
          ),
        ),
      ).toEqual(events);
    }
  });
});

describe('a stream', () => {
  it('mixes line ends as it likes', () => {
    expect(scanText(`data: ${token('a')}\r\n\ndata: ${token('b')}\r\rdata: ${token('c')}\n\r\n`)).toEqual([
      token('a'),
      token('b'),
      token('c'),
    ]);
  });

  it('gives an event as soon as it is whole, not with the next one', () => {
    const events: string[] = [];
    const scanner = new SseScanner({ take: () => false, event: data => events.push(data) });
    scanner.push(Buffer.from(`data: ${token('a')}`));
    expect(events).toEqual([]);
    scanner.push(Buffer.from('\r'));
    expect(events).toEqual([token('a')]);
    scanner.push(Buffer.from('\n\r\ndata: text\n'));
    expect(events).toHaveLength(1);
    scanner.push(Buffer.from('\n'));
    expect(events).toEqual([token('a'), 'text']);
  });

  it('ends its last line where it ends itself', () => {
    expect(scanText(`data: ${token('a')}\n\ndata: ${token('b')}`)).toEqual([token('a'), token('b')]);
    expect(scanText('')).toEqual([]);
    expect(scanText('data')).toEqual([]);
  });

  it('hands on what is not JSON, whole by its blank line', () => {
    expect(scanText('data: {"a":1\n\ndata: }}}\n\ndata: "\n\n')).toEqual(['{"a":1', '}}}', '"']);
  });

  it('survives any bytes', () => {
    const random = seededRandom('garbage');
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(Array.from({ length: 200 }, () => random.integer(0, 255)));
      expect(() => scan(bytes)).not.toThrow();
    }
  });
});

describe('an event that is too large', () => {
  const line = (bytes: number) =>
    Buffer.concat([Buffer.from('data: "'), Buffer.alloc(bytes, 'x'), Buffer.from('"\n\n')]);

  /** Whether a scanner takes in all of it, in pieces of so many bytes. */
  function takes(bytes: Buffer, pieceBytes: number): boolean {
    const scanner = new SseScanner({ take: () => false, event: () => {} });
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      if (!scanner.push(bytes.subarray(start, start + pieceBytes))) return false;
    }
    return true;
  }

  it('is not taken in, whatever pieces it comes in', () => {
    const bytes = line(maxEventBytes + 1);
    for (const pieceBytes of [65_536, 262_144, bytes.length]) expect(takes(bytes, pieceBytes)).toBe(false);
  });

  it('is not taken in over many lines either', () => {
    const lines = Buffer.from(`data: ${'y'.repeat(50_000)}\n`.repeat(1 + Math.ceil(maxEventBytes / 50_000)));
    expect(takes(lines, 65_536)).toBe(false);
  });

  it('is one above the limit: below it all is well, however long the stream', () => {
    const bytes = line(maxEventBytes - 100);
    expect(takes(bytes, 65_536)).toBe(true);
    expect(takes(Buffer.concat([bytes, bytes, bytes]), 65_536)).toBe(true);
  });
});
