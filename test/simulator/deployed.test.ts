import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { deployedModels, type ServedModel } from '../../src/simulator/catalogue.ts';
import type { ServiceOptions } from '../../src/simulator/service.ts';
import {
  bodyOf,
  eventsOf,
  postBytes,
  type RunningService,
  runningService,
  token,
  type WholeAnswer,
} from './running-service.ts';

const text = '/openhermes-mistral-tgi/gpu0/generate';
const vlm = '/llava-v1_6-mistral-7b-hf-tgi/gpu0/generate';
const unlimited = { ratePerS: 1e6, burst: 1e6 };

const deployed = (options: Partial<ServiceOptions> = {}): Promise<RunningService> =>
  runningService({ fidelity: 'deployed', models: deployedModels([0]), rateLimit: unlimited, ...options });

const hello = { inputs: 'Hello there', parameters: { max_new_tokens: 5, details: true } };

describe('the deployed proxy', () => {
  it('serves sanitised names, and answers 404 in text to what the document prints', async () => {
    const service = await deployed();
    expect((await service.post(vlm, hello)).status).toBe(200);
    for (const path of [
      '/llava-v1.6-mistral-7b-hf-tgi/gpu0/generate',
      '/info',
      '/health',
      '/openhermes-mistral-tgi/gpu0/info',
    ]) {
      const response = await service.get(path);
      expect([path, response.status, await response.text()]).toEqual([path, 404, '404 page not found\n']);
      expect(response.headers.get('x-server')).toBeNull();
    }
  });

  it('looks for a route before it asks for a token, and marks what got past its limiter', async () => {
    const service = await deployed();
    expect((await fetch(`${service.url}/nowhere`)).status).toBe(404);
    const response = await service.post(text, hello);
    expect(response.headers.get('x-server')).toBe('TGI-Proxy');
    expect(response.headers.get('strict-transport-security')).toContain('31536005');
  });

  it('lets 25 at once through and refuses the rest in text, with when to come again, for each route alone', async () => {
    const service = await deployed({ rateLimit: { ratePerS: 10, burst: 25 } });
    const health = () => service.get(text);
    const responses = await Promise.all(Array.from({ length: 40 }, health));
    const refused = responses.filter(response => response.status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(refused.length).toBeLessThanOrEqual(15);
    expect(await refused[0]?.text()).toBe('Too Many Requests');
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(refused[0]?.headers.get('x-retry-in')).toMatch(/^[\d.]+ms$/);
    expect((await service.get(vlm)).status).toBe(200);
  });

  it('bans everybody after five bad tokens, and never counts a missing one', async () => {
    const service = await deployed();
    const ask = (headers: Record<string, string>) => fetch(service.url + text, { headers });
    for (let attempt = 0; attempt < 10; attempt++) expect((await ask({})).status).toBe(401);
    for (let attempt = 0; attempt < 4; attempt++) expect((await ask({ authorization: 'Bearer no' })).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200);
    for (let attempt = 0; attempt < 4; attempt++) await ask({ authorization: 'Basic no' });
    const last = await ask({ authorization: 'Bearer no' });
    expect(await bodyOf(last)).toEqual({ detail: 'Invalid token', message: 'The provided token is not valid' });
    const banned = await ask({ authorization: `Bearer ${token}` });
    expect(banned.status).toBe(403);
    expect(await bodyOf(banned)).toEqual({ detail: 'Too many failed attempts. Please try again later.' });
    expect(banned.headers.get('server')).toBe('uvicorn');
  });
});

describe('TGI behind the proxy', () => {
  it('answers with an array, the prompt before a text model’s answer unless told otherwise', async () => {
    const service = await deployed();
    const [echoed] = await bodyOf<[WholeAnswer]>(await service.post(text, hello));
    expect(echoed.generated_text.startsWith('Hello there ')).toBe(true);
    expect(echoed.details.seed).toBeNull();
    const [bare] = await bodyOf<[WholeAnswer]>(
      await service.post(text, { ...hello, parameters: { ...hello.parameters, return_full_text: false } }),
    );
    expect(`Hello there${bare.generated_text}`).toBe(echoed.generated_text);
    const [caption] = await bodyOf<[WholeAnswer]>(await service.post(vlm, hello));
    expect(caption.generated_text.startsWith('Hello')).toBe(false);
  });

  it('tells times and lengths in the headers of whole answers alone', async () => {
    const service = await deployed();
    const whole = await service.post(text, hello);
    expect(whole.headers.get('x-prompt-tokens')).toBe('2');
    expect(whole.headers.get('x-generated-tokens')).toBe('5');
    expect(whole.headers.get('x-compute-type')).toBe('1-nvidia-a100-sxm4-80gb-simulated');
    for (const part of ['total', 'validation', 'queue', 'inference']) {
      expect(whole.headers.get(`x-${part}-time`)).toMatch(/^\d+$/);
    }
    const stream = await service.post(text, { ...hello, stream: true });
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    expect(stream.headers.get('x-total-time')).toBeNull();
  });

  it('has its own routes behind the one that is served: native, information, models, health', async () => {
    const service = await deployed();
    const native = await bodyOf<WholeAnswer>(await service.post(`${text}/generate`, { ...hello, stream: true }));
    expect(native.generated_text.startsWith('Hello')).toBe(false);
    const stream = await service.post(`${text}/generate_stream`, hello);
    expect(eventsOf(await stream.text())).toHaveLength(5);
    expect(await bodyOf(await service.get(`${text}/info`))).toMatchObject({ max_input_tokens: 4096, version: '2.4.0' });
    expect(await bodyOf(await service.get(`${text}/v1/models`))).toMatchObject({ object: 'list' });
    for (const path of [text, `${text}/health`]) expect(await (await service.get(path)).text()).toBe('');
    expect(await bodyOf(await service.post(`${text}/tokenize`, hello))).toEqual([
      { id: expect.any(Number), text: 'Hello', start: 0, stop: 5 },
      { id: expect.any(Number), text: ' there', start: 5, stop: 11 },
    ]);
    const unknown = await service.post(`${text}_stream`, hello);
    expect([unknown.status, await unknown.text(), unknown.headers.get('x-server')]).toEqual([404, '', 'TGI-Proxy']);
    expect((await service.get(`${text}/generate`)).status).toBe(405);
  });

  it('writes events with or without a space', async () => {
    const service = await deployed({ framing: 'unspaced' });
    const body = await (await service.post(text, { ...hello, stream: true })).text();
    expect(body.startsWith('data:{"index":1,')).toBe(true);
    expect(eventsOf(body)).toHaveLength(5);
  });

  it.each<[string, object, string]>([
    [
      'a prompt that is too long',
      { inputs: 'Hello '.repeat(5000), parameters: { max_new_tokens: 5 } },
      'must have less than 4096',
    ],
    ['a parameter out of range', { inputs: 'Hello', parameters: { top_p: 1 } }, '`top_p` must be > 0.0 and < 1.0'],
    ['temperature 0', { inputs: 'Hello', parameters: { temperature: 0 } }, '`temperature` must be strictly positive'],
  ])('refuses %s with 422, or with an event in a stream of status 200', async (_, body, message) => {
    const service = await deployed();
    const whole = await service.post(text, body);
    expect(whole.status).toBe(422);
    const expected = { error: expect.stringContaining(`Input validation error: `), error_type: 'validation' };
    const said = await bodyOf<{ error: string }>(whole);
    expect(said).toEqual(expected);
    expect(said.error).toContain(message);
    const stream = await service.post(text, { ...body, stream: true });
    expect([stream.status, eventsOf(await stream.text())]).toEqual([200, [expected]]);
  });

  it('refuses with 429, or with an event, what is over the limit of its container', async () => {
    const service = await deployed({ speed: 1 });
    const path = '/hermes-2-pro-tgi/gpu0/generate';
    const { socket, until } = await service.socket();
    socket.write(postBytes(path, { inputs: 'Hello', parameters: { max_new_tokens: 2000 }, stream: true }));
    await until('"index":1');
    const overloaded = { error: 'Model is overloaded', error_type: 'overloaded' };
    const whole = await service.post(path, hello);
    expect([whole.status, await bodyOf(whole), whole.headers.get('retry-after')]).toEqual([429, overloaded, null]);
    const stream = await service.post(path, { ...hello, stream: true });
    expect([stream.status, eventsOf(await stream.text())]).toEqual([200, [overloaded]]);
  });

  it.each<[number, string, string | object, Record<string, string>]>([
    [400, 'Failed to parse the request body as JSON', '{"inputs"', {}],
    [422, 'Failed to deserialize the JSON body into the target type', { inputs: 7 }, {}],
    [422, 'parameters.do_sample', { inputs: 'Hello', parameters: { do_sample: null } }, {}],
    [415, 'Expected request with `Content-Type: application/json`', hello, { 'content-type': 'text/plain' }],
    [413, 'length limit exceeded', { inputs: 'x'.repeat(2_097_152) }, {}],
  ])('answers %i in text: %s', async (status, message, body, headers) => {
    const service = await deployed();
    const content = typeof body === 'string' ? body : { ...body, stream: true };
    const response = await service.post(text, content, headers);
    expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(message)]);
    expect(response.headers.get('content-type')).toContain('text/plain');
  });

  it('takes null for most parameters', async () => {
    const service = await deployed();
    const parameters = { top_p: null, temperature: null, max_new_tokens: 2, seed: null };
    expect((await service.post(text, { inputs: 'Hello', parameters })).status).toBe(200);
    expect((await service.post(text, { inputs: 'Hello', parameters: null })).status).toBe(200);
  });

  it('may end answers by itself', async () => {
    const [model] = deployedModels([0]).filter(({ route }) => text.startsWith(`/${route}/`)) as [ServedModel];
    const service = await deployed({ models: [{ ...model, medianAnswerTokens: 10 }] });
    const parameters = { max_new_tokens: 1000, details: true, return_full_text: false };
    const events = eventsOf(await (await service.post(text, { inputs: 'Hello', parameters, stream: true })).text());
    const last = events.at(-1);
    expect(last?.details?.finish_reason).toBe('eos_token');
    expect(last?.token).toMatchObject({ text: '</s>', special: true });
    expect(last?.generated_text).toBe(
      events
        .slice(0, -1)
        .map(event => event.token.text)
        .join(''),
    );
  });
});

describe('a picture for the deployed service', () => {
  const uri = async (side: number) => {
    const image = sharp({ create: { width: side, height: side, channels: 3, background: 'teal' } });
    return `data:image/jpeg;base64,${(await image.jpeg().toBuffer()).toString('base64')}`;
  };

  it('is Markdown with a data URI, and costs its tokens', async () => {
    const service = await deployed();
    const inputs = `![](${await uri(336)})What is it?`;
    const response = await service.post(vlm, { inputs, parameters: { max_new_tokens: 5 } });
    expect([response.status, response.headers.get('x-prompt-tokens')]).toEqual([200, String(1176 + 4)]);
    const square = await service.post(vlm, { inputs: `![](${await uri(512)})What is it?` });
    expect(square.status).toBe(422);
    expect(await square.text()).toContain('must have less than 2048 tokens. Given: 2932');
  });

  it.each([
    ['![](data:image/png;base64,aGVsbG8=)', 'invalid image'],
    ['![](data:image/png;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP////8=)', 'invalid image'],
    ['![](not a picture)', 'invalid image content'],
    ['![](http://127.0.0.1:9/picture.png)', 'Could not fetch image'],
  ])('is refused where it is %s', async (inputs, message) => {
    const service = await deployed();
    const response = await service.post(vlm, { inputs });
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining(message)]);
  });

  it('is text where it stands in the document’s tag, and to a text model', async () => {
    const service = await deployed();
    const image = (await uri(1024)).split(',')[1];
    const tagged = await service.post(vlm, { inputs: `<image>${image?.repeat(5)}</image>\nWhat is it?` });
    expect([tagged.status, await tagged.text()]).toEqual([422, expect.stringContaining('must be <= 4096. Given: ')]);
    const markdown = await service.post(text, { inputs: '![](data:,)', parameters: { max_new_tokens: 1 } });
    expect(markdown.headers.get('x-prompt-tokens')).toBe('8');
  });
});

describe('the metrics page', () => {
  it('has TGI’s names, and only what was ever counted', async () => {
    const service = await deployed();
    const page = async () => (await service.get(`${text}/metrics`)).text();
    expect(await page()).not.toContain('tgi_request_success');
    await service.post(text, hello);
    await service.post(text, { inputs: '' });
    const lines = (await page()).split('\n');
    expect(lines).toContain('tgi_request_count 2');
    expect(lines).toContain('tgi_request_success 1');
    expect(lines).toContain('tgi_request_failure{err="validation"} 1');
    expect(lines).toContain('tgi_batch_inference_count{method="prefill"} 1');
    expect(lines).toContain('tgi_batch_inference_count{method="decode"} 4');
    expect(lines).toContain('tgi_queue_size 0');
    expect(lines).toContain('tgi_request_generated_tokens_sum 5');
    expect(lines).toContain('tgi_request_duration_count 1');
    expect(lines.filter(line => line.startsWith('tgi_request_queue_duration_bucket'))).toHaveLength(36);
    expect(lines.join('\n')).not.toContain('overloaded');
  });
});
