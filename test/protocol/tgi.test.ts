import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/protocol/protocol.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import { seededRandom } from '../../src/random.ts';
import type { EncodedImage } from '../../src/workload/image.ts';
import type { GenerationRequest } from '../../src/workload/workload.ts';

const request: GenerationRequest = {
  prompt: 'What are three key benefits of renewable energy?',
  images: [],
  maxNewTokens: 150,
  parameters: { temperature: 0.7, do_sample: true },
  stream: true,
};

const image: EncodedImage = { mediaType: 'image/jpeg', base64: 'aGVsbG8=', width: 2, height: 2, fileBytes: 5 };

const { encode, decodeEvent, decodeAnswer } = tgi('tag');
const body = (given: Partial<GenerationRequest>, protocol = tgi('tag')): unknown =>
  JSON.parse(protocol.encode({ ...request, ...given }));

/** What an event says when it is an error. */
function errorIn(event: StreamEvent | ReturnType<typeof decodeAnswer>) {
  if (event.kind !== 'error') throw new Error(`expected an error, got ${event.kind}`);
  return event.outcome;
}

describe('encode', () => {
  it('says what the API document says, asking for details and not for the prompt again', () => {
    expect(body({})).toEqual({
      inputs: request.prompt,
      parameters: { max_new_tokens: 150, temperature: 0.7, do_sample: true, details: true, return_full_text: false },
      stream: true,
    });
  });

  it('sends only the parameters that are set, and never a null', () => {
    expect(body({ parameters: {}, stream: false })).toEqual({
      inputs: request.prompt,
      parameters: { max_new_tokens: 150, details: true, return_full_text: false },
      stream: false,
    });
    expect(encode({ ...request, parameters: { top_k: undefined, seed: 7 } })).not.toMatch(/null|top_k/);
  });

  it('passes every parameter of the document on', () => {
    const parameters = {
      temperature: 0.5,
      top_p: 0.9,
      top_k: 10,
      repetition_penalty: 1.1,
      stop: ['\n'],
      seed: 42,
      do_sample: true,
      best_of: 1,
      decoder_input_details: true,
      frequency_penalty: 0.1,
      typical_p: 0.9,
      watermark: false,
    };
    expect(body({ parameters })).toMatchObject({ parameters: { ...parameters, max_new_tokens: 150 } });
  });

  it('puts pictures before the prompt in the tag of the document', () => {
    expect(body({ images: [image], prompt: 'Describe this image in detail.' })).toMatchObject({
      inputs: '<image>aGVsbG8=</image>\nDescribe this image in detail.',
    });
  });

  it('puts pictures before the prompt in the markdown that TGI parses', () => {
    expect(body({ images: [{ ...image, mediaType: 'image/webp' }], prompt: 'What?' }, tgi('markdown'))).toMatchObject({
      inputs: '![](data:image/webp;base64,aGVsbG8=)\nWhat?',
    });
  });

  it('keeps the prompt as it is', () => {
    const prompt = '  “é”\n\t{"a": "\\"}😀 ';
    expect(body({ prompt })).toMatchObject({ inputs: prompt });
  });
});

describe('decodeEvent', () => {
  const token = { id: 2955, text: ' design', logprob: -0.6, special: false };
  const event = (value: unknown) => decodeEvent(JSON.stringify(value));

  it('counts an event with a token', () => {
    expect(event({ index: 17, token, generated_text: null, details: null })).toEqual({ kind: 'token' });
    expect(event({ token: { ...token, text: '', logprob: null } })).toEqual({ kind: 'token' });
  });

  it('takes an event whose generated_text is a string for the end, also an empty one', () => {
    const details = { finish_reason: 'length', generated_tokens: 20, seed: 42, input_length: 7 };
    const final = { kind: 'answer', finishReason: 'length', inputTokens: 7, outputTokens: 20 };
    expect(event({ index: 20, token, generated_text: 'all of it', details })).toEqual({ kind: 'token', final });
    expect(event({ index: 20, token, generated_text: '', details })).toEqual({ kind: 'token', final });
  });

  it('leaves undefined what the end does not say', () => {
    const final = { kind: 'answer' };
    expect(event({ token, generated_text: 'x' })).toEqual({ kind: 'token', final });
    expect(event({ token, generated_text: 'x', details: null })).toEqual({ kind: 'token', final });
    for (const generated_tokens of [-1, 1.5, '20', null, 2 ** 60]) {
      expect(event({ token, generated_text: 'x', details: { generated_tokens } })).toEqual({ kind: 'token', final });
    }
    expect(event({ token, generated_text: 'x', details: { generated_tokens: 0, finish_reason: 'eos_token' } })).toEqual(
      {
        kind: 'token',
        final: { kind: 'answer', outputTokens: 0, finishReason: 'eos_token' },
      },
    );
  });

  it('takes any reason to finish, for that list is open', () => {
    const read = event({ token, generated_text: '', details: { finish_reason: 'some_new_reason' } });
    expect(read).toMatchObject({ final: { finishReason: 'some_new_reason' } });
  });

  it.each([
    ['overloaded', 'overloaded'],
    ['validation', 'rejected'],
    ['generation', 'server_error'],
    ['incomplete_generation', 'server_error'],
    ['incomplete_generation_stream', 'server_error'],
  ])('takes an error of type %s inside a 200 for %s, from the model server', (error_type, kind) => {
    expect(errorIn(event({ error: 'Model is overloaded', error_type }))).toEqual({
      kind,
      status: 200,
      by: 'model server',
      detail: 'Model is overloaded',
    });
  });

  it('reads errors in the shape of chat streams', () => {
    expect(errorIn(event({ error: { message: 'Input validation error', http_status_code: 422 } }))).toMatchObject({
      detail: 'Input validation error',
    });
  });

  it('makes nothing of an end mark and of objects without a token', () => {
    expect(decodeEvent('[DONE]')).toEqual({ kind: 'other' });
    for (const value of [{}, { token: null }, { token: 'text' }, { token: [] }, { prefill: [] }]) {
      expect(event(value)).toEqual({ kind: 'other' });
    }
  });

  it.each(['', 'text', '{"token":', 'null', '7', '"token"', '[]', '[{"token":{}}]', '\u0000'])(
    'takes %j, which is no JSON object, for a protocol error',
    data => {
      expect(errorIn(decodeEvent(data)).kind).toBe('protocol');
    },
  );

  it('quotes at most 200 characters of what it does not understand, on one line', () => {
    const { detail = '' } = errorIn(decodeEvent(`a\r\n\tb\u0007${'x'.repeat(1000)}`));
    expect(detail).toMatch(/a b x/);
    expect(detail.length).toBeLessThanOrEqual(200);
  });
});

describe('decodeAnswer', () => {
  const details = { finish_reason: 'eos_token', generated_tokens: 3, seed: null, prefill: [], tokens: [] };
  const answer = { kind: 'answer', finishReason: 'eos_token', outputTokens: 3 };

  it('reads an object, and an array of one as a gateway gives it', () => {
    expect(decodeAnswer(JSON.stringify({ generated_text: 'abc', details }))).toEqual(answer);
    expect(decodeAnswer(JSON.stringify([{ generated_text: 'abc', details }]))).toEqual(answer);
    expect(decodeAnswer('{"generated_text":""}')).toEqual({ kind: 'answer' });
  });

  it('reads the error inside a 200', () => {
    const read = decodeAnswer('{"error":"Request failed during generation: x","error_type":"generation"}');
    expect(errorIn(read)).toMatchObject({
      kind: 'server_error',
      by: 'model server',
      detail: expect.stringContaining('during generation'),
    });
    expect(errorIn(decodeAnswer('[{"error":"no","error_type":"validation"}]')).kind).toBe('rejected');
  });

  it.each([
    '',
    '<html>',
    '{"generated_text":',
    'null',
    '[]',
    '"abc"',
    '{}',
    '{"generated_text":null}',
    '{"generated_text":7}',
  ])('takes %j for a protocol error', text => {
    expect(errorIn(decodeAnswer(text)).kind).toBe('protocol');
  });
});

describe('whatever bytes a server sends', () => {
  it('become an event, an answer or an outcome, never an exception', () => {
    const random = seededRandom('protocol garbage');
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      '"token"',
      '"error"',
      '"generated_text"',
      ':',
      ',',
      'null',
      '""',
      '1e999',
      '{}',
      '[]',
      '\\',
      '"details"',
    ];
    for (let round = 0; round < 5000; round++) {
      const text = Array.from(
        { length: random.integer(0, 9) },
        () => pieces[random.integer(0, pieces.length - 1)],
      ).join('');
      expect(['token', 'error', 'other']).toContain(decodeEvent(text).kind);
      expect(['answer', 'error']).toContain(decodeAnswer(text).kind);
    }
    for (const value of [
      { token: {}, generated_text: 'x', details: [] },
      { token: {}, generated_text: 'x', details: { finish_reason: {} } },
      { error: null },
      { error: [], error_type: {} },
    ]) {
      expect(() => [decodeEvent(JSON.stringify(value)), decodeAnswer(JSON.stringify(value))]).not.toThrow();
    }
  });
});
