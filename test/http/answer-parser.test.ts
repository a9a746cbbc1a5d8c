import { describe, expect, it } from 'vitest';
import { AnswerParser, maxHeadBytes } from '../../src/http/answer-parser.ts';
import { seededRandom } from '../../src/random.ts';

/** What a parser makes of some bytes that come in pieces of the given size. */
function parsed(text: string, pieceBytes = Number.POSITIVE_INFINITY, ends = false) {
  const bytes = Buffer.from(text, 'latin1');
  let body = '';
  let head: { status: number; headers: object } | undefined;
  const parser = new AnswerParser({
    head: (status, headers) => {
      head = { status, headers: { ...headers } };
    },
    data: (from, start, end) => {
      body += from.toString('latin1', start, end);
    },
  });
  let used = 0;
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const to = Math.min(bytes.length, at + pieceBytes);
    used = parser.push(bytes, at, to);
    if (used < to) break;
  }
  if (ends) parser.end();
  const { isComplete, problem, keepsOpen, keepAliveMs } = parser;
  return { ...head, body, used, isComplete, problem, keepsOpen, keepAliveMs };
}

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;

/** Answers, and what is made of them. */
const good: readonly (readonly [string, string, object])[] = [
  [
    'a counted body',
    `${ok}Content-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello`,
    { status: 200, headers: { 'content-length': '5', 'x-a': ['1', '2'] }, body: 'hello', keepsOpen: true },
  ],
  ['a counted body of nothing', `${ok}content-length: 0\r\n\r\n`, { status: 200, body: '', keepsOpen: true }],
  ['chunks', `${chunked}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`, { body: 'hello world', keepsOpen: true }],
  [
    'chunk sizes in any case and with zeros',
    `${chunked}0a\r\n0123456789\r\nB\r\n0123456789a\r\n000\r\n\r\n`,
    { body: '01234567890123456789a' },
  ],
  ['chunks with extensions', `${chunked}5;a;b=c;d="e;\\"f"\r\nhello\r\n0;z\r\n\r\n`, { body: 'hello' }],
  [
    'chunks with trailers',
    `${chunked}5\r\nhello\r\n0\r\nx-sum: 1\r\nx-more: 2\r\n\r\n`,
    { body: 'hello', keepsOpen: true },
  ],
  [
    'hints before it',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok}content-length: 1\r\n\r\na`,
    { status: 200, body: 'a' },
  ],
  ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '', keepsOpen: true }],
  [
    'not modified, whatever its length',
    'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n',
    { status: 304, body: '' },
  ],
  ['no reason', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', { status: 200 }],
  [
    'values with space around and bytes above 127',
    `${ok}a:  b\xe9 \t\r\ncontent-length:0\r\n\r\n`,
    { headers: { a: 'b\xe9', 'content-length': '0' } },
  ],
  [
    'a connection to be closed',
    `${ok}connection: Keep-Alive, Close\r\ncontent-length: 0\r\n\r\n`,
    { keepsOpen: false },
  ],
  [
    'how long the connection is kept',
    `${ok}keep-alive: timeout=5, max=9\r\ncontent-length: 0\r\n\r\n`,
    { keepAliveMs: 5_000, keepsOpen: true },
  ],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na', { body: 'a', keepsOpen: false }],
  [
    'HTTP/1.0 that is kept open',
    'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na',
    { keepsOpen: true },
  ],
];

describe.each(good)('an answer with %s', (_, text, expected) => {
  it('is read', () => {
    expect(parsed(text)).toMatchObject({ ...expected, isComplete: true, used: text.length, problem: undefined });
  });

  it('is read the same in pieces of any size', () => {
    for (let size = 1; size < 12; size++) expect({ size, ...parsed(text, size) }).toEqual({ size, ...parsed(text) });
  });

  it('leaves what comes after it', () => {
    expect(parsed(`${text}HTTP/1.1 500`)).toMatchObject({ isComplete: true, used: text.length });
  });

  it('is not complete before its last byte', () => {
    for (let length = 0; length < text.length; length++)
      expect(parsed(text.slice(0, length))).toMatchObject({ isComplete: false, problem: undefined });
  });
});

describe('an answer without a length', () => {
  it('ends with its connection, and with nothing else', () => {
    const text = `${ok}x: y\r\n\r\nall that comes`;
    expect(parsed(text)).toMatchObject({ isComplete: false, body: 'all that comes' });
    expect(parsed(text, 3, true)).toMatchObject({ isComplete: true, body: 'all that comes', keepsOpen: false });
    expect(parsed(`${ok}content-length: 9\r\n\r\nshort`, 3, true).isComplete).toBe(false);
    expect(parsed(`${chunked}5\r\nhello\r\n`, 3, true).isComplete).toBe(false);
  });
});

const bad: readonly (readonly [string, string, RegExp])[] = [
  ['another language', '220 smtp.example ESMTP', /no HTTP/],
  ['another version', 'HTTP/2 200\r\n\r\n', /no HTTP/],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', /no HTTP/],
  ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n', /no HTTP/],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n', /another protocol/],
  ['a line end without CR', 'HTTP/1.1 200 OK\nx: y\n', /line that ends/],
  ['a CR within a line', `${ok}x: a\rb`, /line that ends/],
  ['a space before the colon', `${ok}x : y\r\n\r\n`, /header line/],
  ['a folded line', `${ok}x: y\r\n z\r\n\r\n`, /header line/],
  ['a name that is none', `${ok}x(y: z\r\n\r\n`, /header line/],
  ['a control character in a value', `${ok}x: a\x00b\r\n\r\n`, /header line/],
  ['a length and chunks', `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`, /both/],
  ['two lengths', `${ok}content-length: 5\r\ncontent-length: 5\r\n\r\n`, /length/],
  ['a length with a sign', `${ok}content-length: +5\r\n\r\n`, /length/],
  ['a length beyond all measure', `${ok}content-length: 99999999999999999\r\n\r\n`, /length/],
  ['a transfer encoding it cannot decode', `${ok}transfer-encoding: gzip, chunked\r\n\r\n`, /transfer encoding/],
  ['a chunk without a size', `${chunked}\r\n`, /without a size/],
  ['a chunk size that is none', `${chunked}5x\r\n`, /no number/],
  ['a chunk size with a space', `${chunked}5 \r\n`, /no number/],
  ['a chunk size beyond all measure', `${chunked}fffffffffff\r\n`, /too many digits/],
  ['a chunk longer than its size', `${chunked}5\r\nhello!\r\n`, /longer than its size/],
  ['a chunk size without its LF', `${chunked}5\rhello`, /without its LF/],
  ['a chunk extension that is none', `${chunked}5;a=\x01\r\nhello`, /extension/],
  ['trailers that are none', `${chunked}0\r\nno trailer\r\n\r\n`, /trailers/],
  ['endless headers', ok + 'x: y\r\n'.repeat(maxHeadBytes / 5), /headers of more than/],
  ['one endless header', ok + 'x'.repeat(2 * maxHeadBytes), /headers of more than/],
  ['endless trailers', `${chunked}0\r\n${'x: y\r\n'.repeat(maxHeadBytes / 5)}`, /trailers of more than/],
  ['an endless chunk extension', `${chunked}5;${'x'.repeat(2 * maxHeadBytes)}`, /extension of more than/],
];

describe.each(bad)('an answer with %s', (_, text, problem) => {
  it('is none, and says why', () => {
    expect(parsed(text)).toMatchObject({
      isComplete: false,
      keepsOpen: false,
      problem: expect.stringMatching(problem),
    });
  });

  it('is none in pieces of any size', () => {
    for (const size of [1, 2, 3, 7, 1000]) expect(parsed(text, size).problem).toMatch(problem);
  });
});

describe('any bytes', () => {
  it('are an answer, the beginning of one, or a problem, and never an exception', () => {
    const random = seededRandom('no answers');
    for (let round = 0; round < 500; round++) {
      const start = random.uniform() < 0.5 ? chunked : `${ok}content-length: 40\r\n\r\n`;
      const noise = Array.from({ length: 60 }, () => String.fromCharCode(random.integer(0, 255))).join('');
      const text = random.uniform() < 0.3 ? noise : start.slice(0, random.integer(0, start.length)) + noise;
      expect(() => parsed(text, random.integer(1, 30))).not.toThrow();
    }
  });
});
