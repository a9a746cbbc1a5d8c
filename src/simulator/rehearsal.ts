import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Readable } from 'node:stream';
import { type ServiceOptions, startService } from './service.ts';

const route = 'rehearsal';
const token = 'rehearsal';
const streams = 40;
const tokensPerStream = 100;

/**
 * Plays the token path through before the first real request, against a service of its own on loopback, so that the
 * code is compiled by then; else the first tokens of every run would be late. Takes about a tenth of a second.
 */
export async function rehearse(options: ServiceOptions): Promise<void> {
  const { rateLimit: _, ...unlimited } = options;
  const [model] = options.models;
  if (model === undefined) return;
  const service = await startService({
    ...unlimited,
    port: 0,
    host: '127.0.0.1',
    token,
    fidelity: 'documented',
    speed: 100,
    models: [{ ...model, route, gpus: [0], maxConcurrentRequests: streams }],
    faults: [],
  });
  const agent = new Agent({ keepAlive: true });
  await Promise.all(Array.from({ length: streams }, () => ask(service.port, agent)));
  agent.destroy();
  await service.close();
}

async function ask(port: number, agent: Agent): Promise<void> {
  const path = `/${route}/gpu0/generate`;
  const headers = { authorization: `Bearer ${token}` };
  const call = request({ port, host: '127.0.0.1', method: 'POST', path, headers, agent });
  call.end(JSON.stringify({ inputs: 'Hello there', parameters: { max_new_tokens: tokensPerStream }, stream: true }));
  const [response] = (await once(call, 'response')) as [Readable];
  response.resume();
  await once(response, 'end');
}
