/** The service as its API document describes it: nothing is served that the document does not name. */

import { TokenBucket } from '../../engine/token-bucket.ts';
import { checkBearer } from '../authorization.ts';
import type { ServedModel } from '../catalogue.ts';
import type { Endpoint } from '../endpoint.ts';
import { type Form, generate } from '../generate.ts';
import { readGenerateBody } from '../generate-body.ts';
import { Refused } from '../refusal.ts';
import { jsonAnswer, sendJson } from '../reply.ts';
import { parseJson, readBody } from '../request-body.ts';
import { strike } from '../request-fault.ts';
import { readAddress } from '../route.ts';
import type { Call, Gateway, Site } from '../site.ts';
import { tokenEvents, wholeAnswer } from '../told.ts';
import { documentedErrorEvents, documentedRefusal } from './errors.ts';

/** Two megabytes of picture in Base64, and room for a prompt. */
const longestBodyBytes = 4_000_000;
const requestTimeoutMs = 30_000;

type Destination =
  | { readonly kind: 'info'; readonly served: ServedModel }
  | { readonly kind: 'generate'; readonly endpoint: Endpoint };

/** The gateway of the `documented` fidelity. */
export function documentedGateway(site: Site): Gateway {
  const { options, clock } = site;
  const form = documentedForm(site);
  const bucket = options.rateLimit && new TokenBucket(options.rateLimit, 0);
  const startedAt = new Date().toISOString();

  const serve = (call: Call) => {
    const { request, response, path } = call;
    if (path === '/health' && request.method === 'GET') return sendJson(response, { status: 'healthy' });
    checkBearer(request.headers.authorization, options.token);
    const limited = bucket?.take(clock.nowMs());
    if (limited?.taken === false) throw new Refused({ kind: 'rate_limited', retryInMs: limited.waitMs });
    const destination = destinationOf(site, call);
    switch (destination.kind) {
      case 'info':
        return sendJson(response, info(destination.served, startedAt));
      case 'generate':
        return answer(site, call, destination.endpoint, form);
    }
  };
  return { serve, refuse: documentedRefusal };
}

/** Where a call leads. Throws Refused: no_route or method_not_allowed. */
function destinationOf({ fleet }: Site, { request, path, query }: Call): Destination {
  const expect = (method: 'GET' | 'POST') => {
    if (request.method !== method) throw new Refused({ kind: 'method_not_allowed', allow: method });
  };
  if (path === '/info') {
    expect('GET');
    const route = query.get('model');
    const served = fleet.models.find(model => route === null || model.route === route);
    if (served !== undefined) return { kind: 'info', served };
  }
  const address = readAddress(path);
  const endpoint = address && fleet.find(address.model, address.gpu);
  if (endpoint !== undefined && address?.rest === '/info') {
    expect('GET');
    return { kind: 'info', served: endpoint.served };
  }
  if (endpoint !== undefined && address?.rest === '/generate') {
    expect('POST');
    return { kind: 'generate', endpoint };
  }
  throw new Refused({ kind: 'no_route' });
}

async function answer(
  site: Site,
  { request, response, arrivedMs }: Call,
  endpoint: Endpoint,
  form: Form,
): Promise<void> {
  const fault = await strike(site, endpoint);
  const asked = readGenerateBody(parseJson(await readBody(request, longestBodyBytes)), 'documented');
  await generate({ response, endpoint, clock: site.clock, arrivedMs, fault }, asked, form);
}

function documentedForm({ options, seeds }: Site): Form {
  const wording = { plain: documentedRefusal, events: documentedErrorEvents };
  return {
    fidelity: 'documented',
    stream: { framing: options.framing ?? 'sse', headers: {}, sendsComments: false, wording },
    opensAtOnce: false,
    echoesByDefault: false,
    timeoutMs: options.requestTimeoutMs ?? requestTimeoutMs,
    drawSeed: samples => (samples ? seeds.integer(0, 2 ** 32 - 1) : options.seed),
    events: tokenEvents,
    whole: told => jsonAnswer(wholeAnswer(told)),
  };
}

/** What the document says of a model, and what is simulated says so. */
function info(served: ServedModel, startedAt: string): object {
  return {
    model_id: served.modelId,
    model_dtype: 'float16',
    model_device_type: 'cuda',
    model_pipeline_tag: served.kind === 'vlm' ? 'image-text-to-text' : 'text-generation',
    max_sequence_length: served.maxInputTokens,
    timestamp: startedAt,
    model_sha: 'simulated',
    sha: 'simulated',
    docker_label: 'simulated',
  };
}
