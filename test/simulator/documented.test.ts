import { describe, expect, it } from 'vitest';
import { bodyOf, errorOf, eventsOf, runningService, text, token, vlm, type WholeAnswer } from './running-service.ts';

const generate = `/${text}/gpu0/generate`;

describe('the documented service', () => {
  it('answers the document’s non-streaming example with one object', async () => {
    const service = await runningService();
    const response = await service.post(generate, {
      inputs: 'What are three key benefits of renewable energy?',
      parameters: { max_new_tokens: 150, temperature: 0.7, do_sample: true, details: true },
      stream: false,
    });
    const answer = await bodyOf<WholeAnswer>(response);
    expect(response.status).toBe(200);
    expect(answer.generated_text.length).toBeGreaterThan(150);
    expect(answer.details).toMatchObject({ finish_reason: 'length', generated_tokens: 150, prefill: [] });
    expect(Number.isInteger(answer.details.seed)).toBe(true);
    expect(answer.details.tokens).toHaveLength(150);
    expect(answer.details.tokens.map(each => each.text).join('')).toBe(answer.generated_text);
  });

  it('answers the document’s streaming example with token events and a last one that has the text', async () => {
    const service = await runningService();
    const response = await service.post(generate, {
      inputs: 'My name is Olivier and I',
      parameters: { max_new_tokens: 20, temperature: 0.7, do_sample: true, details: true },
      stream: true,
    });
    const body = await response.text();
    const events = eventsOf(body);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(body.split('\n\n')).toHaveLength(21);
    expect(events.map(event => event.index)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(events.slice(0, -1).every(event => event.generated_text === null && event.details === null)).toBe(true);
    const last = events.at(-1);
    expect(last?.generated_text).toBe(events.map(event => event.token.text).join(''));
    expect(last?.details).toEqual({
      finish_reason: 'length',
      generated_tokens: 20,
      seed: expect.any(Number),
      input_length: 6,
    });
  });

  it('prints events as the document does where asked: no blank lines between them', async () => {
    const service = await runningService({ framing: 'document' });
    const body = { inputs: 'Hello', parameters: { max_new_tokens: 3 }, stream: true };
    const stream = await (await service.post(generate, body)).text();
    expect(stream).not.toContain('\n\n');
    expect(eventsOf(stream)).toHaveLength(3);
  });

  it('answers a hundred tokens where nothing is said, without details', async () => {
    const service = await runningService();
    const answer = await bodyOf<WholeAnswer>(await service.post(generate, { inputs: 'Hello' }));
    expect(Object.keys(answer)).toEqual(['generated_text']);
    expect(answer.generated_text.split(' ').length).toBeGreaterThan(80);
  });

  it('says the same to the same prompt and seed, and something else to another', async () => {
    const service = await runningService();
    const ask = async (inputs: string, seed: number) => {
      const parameters = { max_new_tokens: 30, do_sample: true, seed };
      return (await bodyOf<WholeAnswer>(await service.post(generate, { inputs, parameters }))).generated_text;
    };
    const [first, again, other, elsewhere] = [
      await ask('Hi', 1),
      await ask('Hi', 1),
      await ask('Hi', 2),
      await ask('Ho', 1),
    ];
    expect(again).toBe(first);
    expect(new Set([first, other, elsewhere]).size).toBe(3);
  });

  it('gives the prompt back where asked, and its tokens', async () => {
    const service = await runningService();
    const parameters = { max_new_tokens: 2, return_full_text: true, decoder_input_details: true };
    const answer = await bodyOf<WholeAnswer>(await service.post(generate, { inputs: 'Hello there', parameters }));
    expect(answer.generated_text.startsWith('Hello there ')).toBe(true);
    expect(answer.details.prefill.map(each => each.text)).toEqual(['Hello', ' there']);
    expect(answer.details.prefill[0]?.logprob).toBeNull();
  });

  it('ends at a stop sequence', async () => {
    const service = await runningService();
    const parameters = { max_new_tokens: 50, stop: ['.'], details: true };
    const answer = await bodyOf<WholeAnswer>(await service.post(generate, { inputs: 'Hello', parameters }));
    expect(answer.generated_text.endsWith('.')).toBe(true);
    expect(answer.details).toMatchObject({ finish_reason: 'stop_sequence', generated_tokens: 11 });
  });

  it('gives as many answers as best_of asks for', async () => {
    const service = await runningService();
    const parameters = { max_new_tokens: 5, best_of: 2, do_sample: true, details: true };
    const answer = await bodyOf<WholeAnswer>(await service.post(generate, { inputs: 'Hello', parameters }));
    expect(answer.details.best_of_sequences).toHaveLength(1);
    expect(answer.details.best_of_sequences?.[0]?.generated_tokens).toBe(5);
    expect(service.statistics().models[0]).toMatchObject({ inService: 0, maxInService: 2 });
  });

  it('gives them also where one has ended before the next is asked for', async () => {
    const service = await runningService({ speed: 1e9 });
    const parameters = { max_new_tokens: 5, best_of: 2, do_sample: true, details: true };
    const answer = await bodyOf<WholeAnswer>(await service.post(generate, { inputs: 'Hello', parameters }));
    expect(answer.details.best_of_sequences?.map(each => each.generated_tokens)).toEqual([5]);
  });

  it('gives information about its models and its health', async () => {
    const service = await runningService();
    const info = await bodyOf<Record<string, unknown>>(await service.get('/info'));
    expect(Object.keys(info)).toEqual([
      'model_id',
      'model_dtype',
      'model_device_type',
      'model_pipeline_tag',
      'max_sequence_length',
      'timestamp',
      'model_sha',
      'sha',
      'docker_label',
    ]);
    expect(info).toMatchObject({ model_pipeline_tag: 'text-generation', max_sequence_length: 4096 });
    const other = await bodyOf<Record<string, unknown>>(await service.get(`/${vlm}/gpu0/info`));
    expect(other['model_pipeline_tag']).toBe('image-text-to-text');
    expect(await (await service.get(`/info?model=${vlm}`)).json()).toEqual(other);
    const health = await fetch(`${service.url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'healthy' }]);
  });

  it.each([
    ['no token', undefined, 'missing'],
    ['another scheme', 'Basic abc', 'Bearer'],
    ['a wrong token', 'Bearer wrong', 'not valid'],
  ])('answers 401 to %s', async (_, authorization, message) => {
    const service = await runningService();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(service.url + generate, { method: 'POST', headers, body: '{"inputs":"Hello"}' });
    const error = await errorOf(response);
    expect(response.status).toBe(401);
    expect(error).toEqual({ message: expect.stringContaining(message), type: 'unauthorized', code: 401 });
  });

  it('answers 403 past its rate limit, where it has one', async () => {
    const service = await runningService({ rateLimit: { ratePerS: 0.001, burst: 2 } });
    const statuses = [];
    for (let request = 0; request < 3; request++) statuses.push((await service.get('/info')).status);
    expect(statuses).toEqual([200, 200, 403]);
    expect(await (await service.get('/info')).json()).toMatchObject({ error: { type: 'rate_limit', code: 403 } });
  });

  it('answers 404 for a model, a GPU or a path that it has not, and 405 for another method', async () => {
    const service = await runningService();
    for (const path of [
      '/nothing/gpu0/generate',
      `/${text}/gpu7/generate`,
      `/${text}/gpu0/other`,
      '/%ff/gpu0/generate',
    ]) {
      const response = await service.post(path, { inputs: 'Hello' });
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toMatchObject({ error: { type: 'not_found', code: 404 } });
    }
    const response = await service.get(generate);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each([
    ['broken JSON', '{"inputs": "Hello"', 'not JSON'],
    ['a body that is no object', '[]', 'body'],
    ['no inputs', {}, 'inputs'],
    ['empty inputs', { inputs: '' }, 'empty'],
    ['a stream that is no boolean', { inputs: 'Hello', stream: 'yes' }, 'stream'],
    ['parameters that are a list', { inputs: 'Hello', parameters: [] }, 'parameters'],
    ['null for what is not the seed', { inputs: 'Hello', parameters: { top_k: null } }, 'top_k'],
    ['too long an answer', { inputs: 'Hello', parameters: { max_new_tokens: 9000 } }, 'must be <= 8192'],
    [
      'too long a prompt',
      { inputs: 'Hello '.repeat(5000), parameters: { max_new_tokens: 1 } },
      'must have less than 4096',
    ],
    [
      'several answers in a stream',
      { inputs: 'Hello', stream: true, parameters: { best_of: 2, do_sample: true } },
      'best_of',
    ],
    ['an image to a text model', { inputs: '<image>aGVsbG8=</image>\nWhat?' }, 'no images'],
  ])('answers 400 to %s', async (_, body, message) => {
    const service = await runningService();
    const response = await service.post(generate, body);
    const error = await errorOf(response);
    expect(response.status).toBe(400);
    expect(error).toEqual({ message: expect.stringContaining(message), type: 'bad_request', code: 400 });
    expect(service.statistics().models[0]?.inService).toBe(0);
  });

  it('takes null for the seed', async () => {
    const service = await runningService();
    const response = await service.post(generate, { inputs: 'Hello', parameters: { seed: null, max_new_tokens: 1 } });
    expect(response.status).toBe(200);
  });

  it('answers 400 to a body past its limit', async () => {
    const service = await runningService();
    const response = await service.post(generate, { inputs: 'x'.repeat(4_100_000) });
    expect(response.status).toBe(400);
  });

  it('answers 500 after its time limit, and ends a stream that has begun with an error event', async () => {
    const service = await runningService({ requestTimeoutMs: 60, speed: 1 });
    const body = { inputs: 'Hello', parameters: { max_new_tokens: 4000 } };
    const whole = await service.post(generate, body);
    expect([whole.status, await whole.json()]).toEqual([500, { error: expect.objectContaining({ type: 'timeout' }) }]);
    const stream = await service.post(generate, { ...body, stream: true });
    const events = eventsOf(await stream.text());
    expect(stream.status).toBe(200);
    expect(events[0]?.index).toBe(1);
    expect(events.at(-1)?.error).toMatchObject({ type: 'timeout' });
    expect(service.statistics().models[0]?.inService).toBe(0);
  });

  it('keeps clients out of its admin routes, and the operator’s token out of the others', async () => {
    const service = await runningService();
    expect((await service.get('/admin/statistics')).status).toBe(401);
    const authorization = `Bearer ${service.adminToken}`;
    expect((await service.get('/admin/statistics', { authorization })).status).toBe(200);
    expect((await service.get('/info', { authorization })).status).toBe(401);
    expect(service.adminToken).not.toBe(token);
  });
});
