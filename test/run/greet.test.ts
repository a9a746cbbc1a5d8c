import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Greeting, greet } from '../../src/run/greet.ts';
import { prepareWorkloads } from '../../src/run/workloads.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { selfSigned } from '../http/self-signed.ts';

interface Told {
  readonly counts?: boolean;
  readonly infos?: Record<string, object>;
  /** Prompts of more tokens are refused. */
  readonly most?: number;
  readonly service?: string;
  readonly targets?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/**
 * A service that takes a prompt for 6 tokens and 1.25 a word, a picture for 1,000 and a token a byte of it, and says of
 * itself what it is told to.
 */
async function greeted(
  workloads: string,
  { counts = true, infos = {}, most = Number.POSITIVE_INFINITY, service = '', targets = '', tls }: Told = {},
): Promise<Greeting & { readonly asked: number; readonly seen: readonly IncomingHttpHeaders[] }> {
  let asked = 0;
  const seen: IncomingHttpHeaders[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request.headers);
    if (request.method === 'GET') {
      const info = infos[request.url ?? ''];
      response.writeHead(info === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(info ?? {}));
      return;
    }
    asked++;
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.url?.endsWith('/chat/completions')) {
      const chunk = { choices: [{ index: 0, delta: { content: ' a' }, finish_reason: 'length' }] };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
      return;
    }
    const { inputs } = JSON.parse(body) as { inputs: string };
    const picture = /^<image>(.*)<\/image>\n/.exec(inputs);
    const words = inputs.slice(picture?.[0].length ?? 0).split(' ').length;
    const tokens = 6 + 1.25 * words + (picture === null ? 0 : 1_000 + Buffer.from(picture[1] ?? '', 'base64').length);
    if (tokens > most) {
      const error = { message: `must have less than ${most} tokens. Given: ${tokens}`, type: 'validation', code: 422 };
      response.writeHead(422, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
      return;
    }
    const details = {
      finish_reason: 'length',
      generated_tokens: 1,
      ...(counts ? { input_length: tokens } : {}),
    };
    const event = { index: 1, token: { id: 1, text: ' a', logprob: 0, special: false }, generated_text: ' a', details };
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${JSON.stringify(event)}\n\n`);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  const serviceUrl = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { scenario, secrets, assets } = parseScenario({
    file: 's.yaml',
    text: `
name: s
service: { url: "${serviceUrl}"${service} }
targets: [${targets.replace('SERVICE', serviceUrl) || '{ model: m, gpus: [0, 1], workloads: [w] }'}]
workloads: { w: ${workloads} }
load: { steps: [{ concurrency: 1, requests: 1 }] }
`,
    overrides: [],
    environment: {},
    token: 'the-token-of-this-test',
  });
  const options = { scenario, secrets, serviceUrl, ca: tls?.cert };
  try {
    const prepared = await prepareWorkloads(scenario, assets);
    return { ...(await greet(options, prepared, new AbortController().signal)), asked, seen };
  } finally {
    server.close();
  }
}

const madeUp = '{ kind: text, prompt: { tokens: 100 }, output: { maxNewTokens: 1 } }';
const seen =
  '{ kind: vlm, prompt: { text: What? }, images: { sizes: [{ width: 32, height: 32, count: 2 }, { width: 64, height: 48, count: 3 }] }, output: { maxNewTokens: 1 } }';
const given = '{ kind: text, prompt: { text: Why? }, output: { maxNewTokens: 1 } }';

describe('greet', () => {
  it('learns how a model counts words, once a model, where its prompts are made to a length', async () => {
    const { models, asked } = await greeted(madeUp);
    expect(models.get('m')).toEqual({ tokensOfWords: { perPromptTokens: 6, perWordTokens: 1.25 } });
    expect(asked).toBe(3);
  });

  it('asks every endpoint once where no prompt is made up', async () => {
    const { models, asked } = await greeted(given);
    expect(models.get('m')).toEqual({});
    expect(asked).toBe(2);
  });

  it('knows nothing of a server that does not count', async () => {
    expect((await greeted(madeUp, { counts: false })).models.get('m')).toEqual({});
  });

  it('takes the limit of a model from what its endpoint says of itself, beside generate or below it', async () => {
    const limit = async (infos: Record<string, object>) =>
      (await greeted(given, { infos })).models.get('m')?.maxInputTokens;
    expect(await limit({ '/m/gpu0/info': { max_sequence_length: 8192 } })).toBe(8192);
    expect(await limit({ '/m/gpu0/generate/info': { max_input_tokens: 2048, max_total_tokens: 4096 } })).toBe(2048);
    expect(await limit({ '/info': { max_input_tokens: 99 } })).toBeUndefined();
    const targets = (path: string) => `{ url: "SERVICE${path}", model: m, protocol: openai-chat, workloads: [w] }`;
    const ofChat = async (path: string, infos: Record<string, object>) =>
      (await greeted(given, { infos, targets: targets(path) })).models.get('m');
    expect(await ofChat('/x/v1/chat/completions', { '/x/info': { max_input_tokens: 7, max_total_tokens: 9 } })).toEqual(
      {
        maxInputTokens: 7,
        maxTotalTokens: 9,
      },
    );
    expect(await ofChat('/v1/chat/completions', { '/v1/models': { data: [{ id: 'm', max_model_len: 500 }] } })).toEqual(
      {
        maxInputTokens: 500,
        maxTotalTokens: 500,
      },
    );
    const infos = { '/m/gpu0/generate/info': { max_input_tokens: 2048, max_total_tokens: 4096 } };
    expect((await greeted(given, { infos })).models.get('m')?.maxTotalTokens).toBe(4096);
  });

  it('learns for a model what any of its endpoints needs', async () => {
    const targets = '{ model: m, gpus: [0], workloads: [w] }, { model: m, gpus: [1], workloads: [other] }';
    const { models } = await greeted(`${given}, other: ${madeUp}`, { targets });
    expect(models.get('m')?.tokensOfWords).toEqual({ perPromptTokens: 6, perWordTokens: 1.25 });
  });

  it('learns what a picture of each size costs, by the largest file of it', async () => {
    const { models, asked } = await greeted(seen);
    const { w } = models.get('m')?.pictureTokens ?? {};
    expect(Object.keys(w ?? {})).toEqual(['32x32', '64x48']);
    expect(w?.['32x32']).toBeGreaterThan(1_200);
    expect(w?.['64x48']).toBeGreaterThan(w?.['32x32'] ?? 0);
    expect(asked).toBe(4);
  });

  it('says before the run that a picture is refused, by which size and in whose words', async () => {
    const refused = greeted(seen, { most: 1_000 });
    await expect(refused).rejects.toThrow(
      /^workloads\.w\.images: expected m\/gpu0 to take a picture of 32x32, got 422: must have less than 1000 tokens/,
    );
    await expect(refused).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('imageSyntax') });
  });

  it('trusts the same certificates and sends the same headers for what is said as for the load', async () => {
    const tls = selfSigned();
    const service = ', headers: { X-Tenant: tests }';
    const infos = { '/info': { model_id: 'x' }, '/m/gpu0/info': { max_sequence_length: 99 } };
    const { info, models, seen } = await greeted(given, { tls, service, infos });
    expect(info).toEqual({ model_id: 'x' });
    expect(models.get('m')?.maxInputTokens).toBe(99);
    expect(seen.length).toBeGreaterThanOrEqual(4);
    for (const headers of seen)
      expect(headers).toMatchObject({ 'x-tenant': 'tests', authorization: 'Bearer the-token-of-this-test' });
  });

  it('keeps what the service says of itself', async () => {
    expect((await greeted(given, { infos: { '/info': { model_id: 'x' } } })).info).toEqual({ model_id: 'x' });
  });
});
