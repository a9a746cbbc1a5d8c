import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Greeting, greet } from '../../src/run/greet.ts';
import { prepareWorkloads } from '../../src/run/workloads.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

/** A service that takes a prompt for 6 tokens and 1.25 a word, and says of itself what it is told to. */
async function greeted(
  workload: string,
  { counts = true, infos = {} }: { counts?: boolean; infos?: Record<string, object> } = {},
): Promise<Greeting & { readonly asked: number }> {
  let asked = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'GET') {
      const info = infos[request.url ?? ''];
      response.writeHead(info === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(info ?? {}));
      return;
    }
    asked++;
    let body = '';
    for await (const chunk of request) body += chunk;
    const words = (JSON.parse(body) as { inputs: string }).inputs.split(' ').length;
    const details = {
      finish_reason: 'length',
      generated_tokens: 1,
      ...(counts ? { input_length: 6 + 1.25 * words } : {}),
    };
    const event = { index: 1, token: { id: 1, text: ' a', logprob: 0, special: false }, generated_text: ' a', details };
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${JSON.stringify(event)}\n\n`);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  const serviceUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { scenario, secrets, assets } = parseScenario({
    file: 's.yaml',
    text: `
name: s
service: { url: "${serviceUrl}" }
targets: [{ model: m, gpus: [0, 1], workloads: [w] }]
workloads: { w: ${workload} }
load: { steps: [{ concurrency: 1, requests: 1 }] }
`,
    overrides: [],
    environment: {},
    token: 'the-token-of-this-test',
  });
  const options = { scenario, secrets, serviceUrl, ca: undefined, engineLateRatio: () => undefined };
  try {
    const workloads = await prepareWorkloads(scenario, assets);
    return { ...(await greet(options, workloads, new AbortController().signal)), asked };
  } finally {
    server.close();
  }
}

const madeUp = '{ kind: text, prompt: { tokens: 100 }, output: { maxNewTokens: 1 } }';
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
  });

  it('keeps what the service says of itself', async () => {
    expect((await greeted(given, { infos: { '/info': { model_id: 'x' } } })).info).toEqual({ model_id: 'x' });
  });
});
