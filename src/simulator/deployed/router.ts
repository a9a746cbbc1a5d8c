/** TGI's own router, version 2.4.0, as it stands behind the deployed proxy: which path is what, and what it reads. */

import type { Endpoint } from '../endpoint.ts';
import type { RequestFault } from '../faults.ts';
import { type Form, generate } from '../generate.ts';
import { readGenerateBody } from '../generate-body.ts';
import { readPrompt } from '../prompt.ts';
import { type PlainAnswer, Refused } from '../refusal.ts';
import { jsonAnswer, sendJson, sendPlain } from '../reply.ts';
import { parseJson, readBody } from '../request-body.ts';
import type { Call, Site } from '../site.ts';
import { tokenPieces } from '../tokenizer.ts';
import type { Asked } from '../validation.ts';
import { chatForm, readChatBody } from './chat.ts';
import { compatForm, nativeForm } from './router-form.ts';
import { modelList, routerInfo } from './router-info.ts';

/** What axum takes of a body in TGI up to 2.4.0. */
const longestBodyBytes = 2_097_152;

/** The router of one container. */
export interface Router {
  readonly site: Site;
  readonly endpoint: Endpoint;
}

/** Serves one call that the proxy let through, at the path that it left. Throws Refused. */
export async function serveRouter(router: Router, call: Call, path: string, fault?: RequestFault): Promise<void> {
  if (methodOf(path, call) === 'GET') sendPlain(call.response, page(router, path));
  else await servePost(router, call, path, fault);
}

const getPaths: readonly string[] = ['/', '/health', '/ping', '/info', '/metrics', '/v1/models'];
const postPaths: readonly string[] = ['/', '/generate', '/generate_stream', '/v1/chat/completions', '/tokenize'];

function methodOf(path: string, { request }: Call): 'GET' | 'POST' {
  const allowed = [...(getPaths.includes(path) ? ['GET'] : []), ...(postPaths.includes(path) ? ['POST'] : [])];
  if (allowed.length === 0) throw new Refused({ kind: 'no_endpoint' });
  if (!allowed.includes(request.method ?? ''))
    throw new Refused({ kind: 'method_not_allowed', allow: allowed.join(',') });
  return request.method as 'GET' | 'POST';
}

function page({ endpoint }: Router, path: string): PlainAnswer {
  switch (path) {
    case '/info':
      return jsonAnswer(routerInfo(endpoint.served));
    case '/v1/models':
      return jsonAnswer(modelList(endpoint.served));
    case '/metrics':
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: endpoint.metricsPage() };
    default:
      return { status: 200, headers: {}, body: '' };
  }
}

async function servePost(router: Router, call: Call, path: string, fault: RequestFault | undefined): Promise<void> {
  const body = await readJsonBody(call);
  switch (path) {
    case '/v1/chat/completions': {
      const chat = readChatBody(body);
      return ask(router, call, chat.asked, chatForm(router, chat), fault);
    }
    case '/tokenize':
      return tokenize(router, call, readGenerateBody(body, 'deployed'));
    default: {
      const asked = readGenerateBody(body, 'deployed');
      if (path === '/') return ask(router, call, asked, compatForm(router, asked), fault);
      // TGI's own routes know no `stream`: the one never does, the other always.
      const stream = path === '/generate_stream';
      return ask(router, call, { ...asked, stream }, nativeForm(router, asked), fault);
    }
  }
}

async function readJsonBody({ request }: Call): Promise<unknown> {
  const contentType = request.headers['content-type'] ?? '';
  if (!/^application\/([^;]*\+)?json\b/i.test(contentType)) throw new Refused({ kind: 'not_json' });
  return parseJson(await readBody(request, longestBodyBytes));
}

function ask(router: Router, call: Call, asked: Asked, form: Form, fault: RequestFault | undefined): Promise<void> {
  const { site, endpoint } = router;
  const { response, arrivedMs } = call;
  return generate({ response, endpoint, clock: site.clock, arrivedMs, fault }, asked, form);
}

async function tokenize({ endpoint }: Router, { response }: Call, { inputs }: Asked): Promise<void> {
  const { text, tokens } = await readPrompt(inputs, endpoint.served, 'deployed');
  const pieces = tokenPieces(text);
  const imageTokens = Array.from({ length: tokens - pieces.length }, () => ({
    id: 32_000,
    text: '<image>',
    start: 0,
    stop: 0,
  }));
  sendJson(response, [...imageTokens, ...pieces]);
}
