import { describe, expect, it } from 'vitest';
import { deployedModels } from '../../src/simulator/catalogue.ts';
import { bodyOf, dataOf, runningService } from './running-service.ts';

const chat = '/openhermes-mistral-tgi/gpu0/generate/v1/chat/completions';
const messages = [{ role: 'user', content: 'Hello there' }];

const deployed = () => runningService({ fidelity: 'deployed', models: deployedModels([0]) });

interface Chunk {
  readonly object: string;
  readonly choices: readonly { readonly delta: { readonly content: string }; readonly finish_reason: string | null }[];
  readonly usage?: object;
}

describe('chat completions', () => {
  it('answers with a completion and its usage', async () => {
    const service = await deployed();
    const response = await service.post(chat, { messages, max_tokens: 7, temperature: 0 });
    expect(await bodyOf(response)).toMatchObject({
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: expect.any(String) }, finish_reason: 'length' }],
      usage: { completion_tokens: 7 },
    });
    expect(response.headers.get('x-generated-tokens')).toBe('7');
  });

  it('streams chunks, the usage where asked for it, and [DONE]', async () => {
    const service = await deployed();
    const body = { messages, max_tokens: 7, seed: 1, stream: true, stream_options: { include_usage: true } };
    const data = dataOf(await (await service.post(chat, body)).text());
    expect(data.at(-1)).toBe('[DONE]');
    const chunks = data.slice(0, -1).map(each => JSON.parse(each) as Chunk);
    expect(chunks.map(({ object }) => object)).toEqual(Array.from({ length: 8 }, () => 'chat.completion.chunk'));
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
      ...Array.from({ length: 6 }, () => null),
      'length',
      undefined,
    ]);
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 7 });
    const whole = await service.post(chat, { messages, max_tokens: 7, seed: 1 });
    const said = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(await bodyOf(whole)).toMatchObject({ choices: [{ message: { content: said } }] });
  });

  it('swallows what goes wrong in a stream, as TGI 2.4.0 does', async () => {
    const service = await deployed();
    const wrong = { messages, max_tokens: 100_000 };
    expect((await service.post(chat, wrong)).status).toBe(422);
    expect(dataOf(await (await service.post(chat, { ...wrong, stream: true })).text())).toEqual(['[DONE]']);
  });

  it('takes pictures in parts of a message', async () => {
    const service = await deployed();
    const content = [
      { type: 'text', text: 'What?' },
      { type: 'image_url', image_url: { url: 'http://127.0.0.1:9/x.png' } },
    ];
    const path = chat.replace('openhermes-mistral-tgi', 'llava-v1_6-mistral-7b-hf-tgi');
    const response = await service.post(path, { messages: [{ role: 'user', content }] });
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining('Could not fetch image')]);
  });

  it.each([
    [{ messages: 'Hello' }, 'messages'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ content: 'Hello' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: [{ type: 'sound' }] }] }, 'messages[0].content[0]'],
    [{ messages, stream: 'yes' }, 'stream'],
    [{ messages, max_tokens: 'many' }, 'max_new_tokens'],
  ])('refuses %j in text, with the place', async (body, place) => {
    const service = await deployed();
    const response = await service.post(chat, body);
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining(place)]);
  });
});
