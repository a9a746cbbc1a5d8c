import { describe, expect, it } from 'vitest';
import { failure, failureInside } from '../../src/protocol/failure.ts';
import {
  type Answerer,
  excerpt,
  isRefusal,
  isUnfinished,
  type OutcomeKind,
  outcomeKinds,
} from '../../src/protocol/outcome.ts';

const answer = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
  failure({ status, body, headers });

/** What marks everything that got past the gateway's limits. */
const past = { 'x-server': 'TGI-Proxy' };
const limiter = { 'retry-after': '1', 'x-retry-in': '98.7ms' };
const documented = (code: number) => JSON.stringify({ error: { message: 'no', type: 'some_error', code } });

const table: [
  what: string,
  status: number,
  body: string,
  headers: Record<string, string>,
  kind: OutcomeKind,
  by: Answerer | undefined,
][] = [
  ['a limit of the gateway', 429, 'Too Many Requests', limiter, 'rate_limited', 'gateway'],
  ['a limit in the documented shape', 429, documented(429), {}, 'rate_limited', 'gateway'],
  [
    'a limit of the model server',
    429,
    '{"error":"Model is overloaded","error_type":"overloaded"}',
    past,
    'overloaded',
    'model server',
  ],
  [
    'a limit of a model server without a gateway',
    429,
    '{"error":"Model is overloaded","error_type":"overloaded"}',
    {},
    'overloaded',
    'model server',
  ],
  ['a limit without a word', 429, '', {}, 'rate_limited', undefined],
  [
    'no token',
    401,
    '{"detail":"No authorization provided","message":"Please provide…"}',
    { server: 'uvicorn' },
    'unauthorized',
    'auth',
  ],
  [
    'a wrong token',
    401,
    '{"detail":"Invalid token","message":"The provided token is not valid"}',
    {},
    'unauthorized',
    'auth',
  ],
  ['a model server that wants its own key', 401, '', past, 'unauthorized', 'model server'],
  ['a ban', 403, '{"detail":"Too many failed attempts. Please try again later."}', {}, 'forbidden', 'auth'],
  ['the documented rate limit', 403, documented(403), {}, 'forbidden', undefined],
  ['a missing route', 404, '404 page not found\n', {}, 'rejected', 'gateway'],
  ['a path the model server does not know', 404, '', past, 'rejected', 'model server'],
  ['a body that is not JSON', 400, 'Failed to parse the request body as JSON: x', past, 'rejected', 'model server'],
  [
    'a body that is too large',
    413,
    'Failed to buffer the request body: length limit exceeded',
    past,
    'rejected',
    'model server',
  ],
  [
    'a body of another type',
    415,
    'Expected request with `Content-Type: application/json`',
    past,
    'rejected',
    'model server',
  ],
  [
    'JSON of the wrong types',
    422,
    'Failed to deserialize the JSON body into the target type: x',
    past,
    'rejected',
    'model server',
  ],
  [
    'an invalid parameter',
    422,
    '{"error":"Input validation error: `temperature`","error_type":"validation"}',
    past,
    'rejected',
    'model server',
  ],
  [
    'a batch that failed',
    424,
    '{"error":"Request failed during generation: x","error_type":"generation"}',
    past,
    'server_error',
    'model server',
  ],
  [
    'a generation without an end',
    500,
    '{"error":"Incomplete generation","error_type":"incomplete_generation"}',
    past,
    'server_error',
    'model server',
  ],
  ['an auth service that is down', 500, '', {}, 'server_error', 'gateway'],
  ['a model server that broke the connection', 500, 'Internal Server Error', past, 'server_error', 'gateway'],
  ['a model server that is loading', 502, 'Bad Gateway', past, 'server_error', 'gateway'],
  ['a model server that does not answer', 504, 'Gateway Timeout', past, 'server_error', 'gateway'],
  [
    'an unhealthy model server',
    503,
    '{"error":"unhealthy","error_type":"healthcheck"}',
    past,
    'server_error',
    'model server',
  ],
];

describe('failure', () => {
  it.each(table)('takes %s (%d) for what it is', (_, status, body, headers, kind, by) => {
    const outcome = answer(status, body, headers);
    expect(outcome).toMatchObject({ kind, status });
    if (by !== undefined) expect(outcome.by).toBe(by);
  });

  it('marks the ban of everyone, and nothing else, as one', () => {
    expect(answer(403, '{"detail":"Too many failed attempts. Please try again later."}').banned).toBe(true);
    expect(answer(403, documented(403)).banned).toBeUndefined();
    expect(answer(403, 'Forbidden').banned).toBeUndefined();
    expect(answer(401, '{"detail":"Invalid token"}').banned).toBeUndefined();
    expect(answer(429, '{"detail":"slow down"}').banned).toBeUndefined();
  });

  it('keeps what was said, in any of the shapes it is said in', () => {
    expect(answer(429, 'Too Many Requests').detail).toBe('Too Many Requests');
    expect(answer(422, '{"error":"Input validation error","error_type":"validation"}').detail).toBe(
      'Input validation error',
    );
    expect(answer(401, '{"detail":"Invalid token","message":"The provided token is not valid"}').detail).toContain(
      'Invalid token',
    );
    expect(answer(500, documented(500)).detail).toBe('no');
    expect(answer(422, '{"error":{"message":"too long","http_status_code":422}}').detail).toBe('too long');
    expect(answer(400, '{"message":"what?"}').detail).toBe('what?');
    expect(answer(500, '').detail).toBe('');
  });

  it('keeps at most 200 characters of it, on one line', () => {
    const { detail = '' } = answer(500, `<html>\r\n\t<h1>${'x'.repeat(5000)}`);
    expect(detail).toMatch(/^<html> <h1>x+$/);
    expect(detail).toHaveLength(200);
  });

  it('reads how long to wait from Retry-After in seconds', () => {
    expect(answer(429, '', { 'retry-after': '1' }).retryAfterMs).toBe(1_000);
    expect(answer(429, '', { 'retry-after': ' 120 ' }).retryAfterMs).toBe(120_000);
    expect(answer(503, '', { 'retry-after': '0' }).retryAfterMs).toBe(0);
    for (const value of ['Wed, 21 Oct 2026 07:28:00 GMT', '-1', 'soon', '', '1e9', '99999999999']) {
      expect(answer(429, '', { 'retry-after': value }).retryAfterMs).toBeUndefined();
    }
    expect(answer(429, '').retryAfterMs).toBeUndefined();
  });

  it('makes something of every status and body', () => {
    const bodies = [
      '',
      'null',
      '[]',
      '7',
      '{',
      '{"error":null}',
      '{"detail":null}',
      '{"error":{}}',
      '{"error":{"message":7}}',
    ];
    for (let status = 300; status < 600; status++) {
      for (const body of bodies) {
        const outcome = answer(status, body);
        expect(outcomeKinds).toContain(outcome.kind);
        expect(outcome.kind).not.toBe('ok');
      }
    }
  });
});

describe('failureInside', () => {
  it.each([
    ['overloaded', 'overloaded'],
    ['validation', 'rejected'],
    ['generation', 'server_error'],
    ['incomplete_generation', 'server_error'],
    [undefined, 'server_error'],
  ])('takes error_type %s for %s', (error_type, kind) => {
    expect(failureInside({ error: 'why', error_type }, 200)).toEqual({
      kind,
      status: 200,
      by: 'model server',
      detail: 'why',
    });
  });
});

describe('the kinds of outcomes', () => {
  it('are refusals, unfinished, or neither', () => {
    const refusals: OutcomeKind[] = ['rate_limited', 'overloaded', 'forbidden'];
    const unfinished: OutcomeKind[] = ['timeout', 'abandoned', 'server_error', 'connection', 'protocol'];
    for (const kind of outcomeKinds) {
      expect(isRefusal({ kind })).toBe(refusals.includes(kind));
      expect(isUnfinished({ kind })).toBe(unfinished.includes(kind));
    }
  });
});

describe('excerpt', () => {
  it('is the first 200 characters on one line, without control characters', () => {
    expect(excerpt('  a\n\r\n b\u0000\u001b[31mc\u009f ')).toBe('a b [31mc');
    expect(excerpt('é'.repeat(300))).toBe('é'.repeat(200));
    expect(excerpt('')).toBe('');
  });
});
