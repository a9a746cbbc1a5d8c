/** What every driver over HTTP says alike, and hears alike in an answer: so that their records can be laid side by side. */
import { failure, type HttpAnswer } from '../protocol/failure.ts';
import { excerpt, type Outcome } from '../protocol/outcome.ts';
import type { Answer, GenerationRequest, Protocol } from '../protocol/protocol.ts';
import { serverTimings } from '../protocol/server-timings.ts';
import type { Attempt } from './driver.ts';

type Headers = HttpAnswer['headers'];

/** What is sent to an endpoint besides the request itself. */
export interface Addressing {
  readonly token: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** The headers of a request. */
export function requestHeaders(
  { token, headers }: Addressing,
  { stream }: GenerationRequest,
  requestId: string,
): Record<string, string> {
  return {
    ...headers,
    'content-type': 'application/json',
    accept: stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'x-request-id': requestId,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

/** Makes the bodies of requests; one that comes again at once, as the only one of its workload does, is put into words once. */
export function bodies({ encode }: Protocol): (request: GenerationRequest) => Buffer {
  let last: { readonly request: GenerationRequest; readonly body: Buffer } | undefined;
  return request => {
    if (last?.request !== request) last = { request, body: Buffer.from(encode(request)) };
    return last.body;
  };
}

/** What an answer is that came as a whole, and what it says of itself where it is one. */
export function readWhole(
  { status, headers, body }: HttpAnswer,
  protocol: Protocol,
  addressing: Addressing,
): { readonly outcome: Outcome; readonly answer?: Answer } {
  const encoding = encodingProblem(headers);
  if (encoding !== undefined) return { outcome: { kind: 'protocol', status, detail: encoding } };
  const told = () => withoutSecrets(body, addressing);
  if (status >= 300 || status < 200) return { outcome: failure({ status, headers, body: told().slice(0, 4_000) }) };
  const type = contentType(headers);
  if (type !== 'application/json')
    return {
      outcome: { kind: 'protocol', status, detail: excerpt(`an answer of type ${type || 'unknown'}: ${told()}`) },
    };
  // As it came, for a short token may stand in any text; only what is shown of a failure must be without it.
  const answer = protocol.decodeAnswer(body);
  if (answer.kind === 'answer') return { outcome: { kind: 'ok', status }, answer };
  const failed = protocol.decodeAnswer(told());
  return { outcome: { ...(failed.kind === 'error' ? failed : answer).outcome, status } };
}

/** What an answer says of itself, as a record keeps it. */
export function factsIn(
  answer: Answer | undefined,
  headers: Headers,
  addressing: Addressing,
): Pick<Attempt, 'inputTokens' | 'outputTokens' | 'finishReason' | 'server'> {
  const finishReason = answer?.finishReason;
  return {
    server: serverTimings(headers),
    inputTokens: answer?.inputTokens ?? promptTokens(headers),
    outputTokens: answer?.outputTokens,
    finishReason: finishReason === undefined ? undefined : withoutSecrets(finishReason, addressing),
  };
}

/** Why the body cannot be read: it is encoded, which was not asked for. */
export function encodingProblem(headers: Headers): string | undefined {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return undefined;
  return excerpt(`an answer encoded as ${String(encoding)}, which was not asked for`);
}

/** The media type of an answer, without its parameters. */
export function contentType(headers: Headers): string {
  const value = headers['content-type'];
  if (value === 'application/json' || value === 'text/event-stream') return value;
  return (Array.isArray(value) ? (value[0] ?? '') : (value ?? '')).split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** A server's words without the token and the values of headers, should it send them back. */
export function withoutSecrets(text: string, { token, headers }: Addressing): string {
  const bare = token === undefined ? text : without(text, token, '[token]');
  const values = Object.values(headers).filter(value => value !== '');
  return values.reduce((shown, value) => without(shown, value, '[header]'), bare);
}

/** Looks first, for most texts hold no secret and to replace what is not there costs ten times as much. */
function without(text: string, secret: string, mark: string): string {
  return text.includes(secret) ? text.replaceAll(secret, mark) : text;
}

/** The same of an outcome: once more when it is decoded, for in JSON a secret may be spelt in several ways. */
export function discreet(outcome: Outcome, addressing: Addressing): Outcome {
  return outcome.detail === undefined ? outcome : { ...outcome, detail: withoutSecrets(outcome.detail, addressing) };
}

function promptTokens(headers: Headers): number | undefined {
  const header = headers['x-prompt-tokens'];
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}
