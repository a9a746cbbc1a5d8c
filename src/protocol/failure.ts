import { isMapping, parseJson } from './json.ts';
import { type Answerer, excerpt, type Outcome, type OutcomeKind } from './outcome.ts';

/** The parts of an HTTP answer that tell who refused and why; header names in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The outcome of an answer that is not a 2xx: five body shapes, told apart by what each component is known to send. */
export function failure(answer: HttpAnswer): Outcome {
  const body = parseJson(answer.body);
  const by = answererOf(answer, body);
  const kind = kindOf(answer.status, body);
  const retryAfterMs = retryAfter(answer.headers);
  return {
    kind,
    status: answer.status,
    by,
    detail: excerpt(messageIn(body) ?? answer.body),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(answer.status === 403 && isMapping(body) && 'detail' in body ? { banned: true as const } : {}),
  };
}

/** What TGI answers with 422 where it still can. */
const rejections = ['validation', 'template_error', 'missing_template_variable', 'tool_error'];

/** The outcome of an error told inside a 200 stream or body, by TGI's `error_type`. */
export function failureInside(body: Readonly<Record<string, unknown>>, status: number): Outcome {
  const type = String(body['error_type'] ?? '');
  const kind: OutcomeKind =
    type === 'overloaded' ? 'overloaded' : rejections.includes(type) ? 'rejected' : 'server_error';
  return { kind, status, by: 'model server', detail: excerpt(messageIn(body) ?? JSON.stringify(body)) };
}

function kindOf(status: number, body: unknown): OutcomeKind {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 429:
      return isMapping(body) && body['error_type'] === 'overloaded' ? 'overloaded' : 'rate_limited';
    case 424:
      return 'server_error';
    default:
      if (status >= 500) return 'server_error';
      return status >= 400 ? 'rejected' : 'protocol';
  }
}

/** FastAPI's `detail` comes from the auth service, `error_type` from TGI; a limiter and a missing route speak plain text. */
function answererOf({ status, headers, body: text }: HttpAnswer, body: unknown): Answerer {
  if (isMapping(body)) {
    if ('detail' in body) return 'auth';
    if ('error_type' in body) return 'model server';
    if (isMapping(body['error'])) return status === 401 || status === 403 ? 'auth' : 'gateway';
  }
  if (headers['x-retry-in'] !== undefined || status === 502 || status === 504) return 'gateway';
  if (status === 404 && text.startsWith('404 page not found')) return 'gateway';
  if (status === 500 && (text === '' || text.trim() === 'Internal Server Error')) return 'gateway';
  if (headers['x-server'] !== undefined) return 'model server';
  return 'unknown';
}

/** `Retry-After` in seconds (its other form, a date, would have to be subtracted from a wall clock). */
function retryAfter(headers: HttpAnswer['headers']): number | undefined {
  const value = headers['retry-after'];
  return typeof value === 'string' && /^\d{1,6}$/.test(value.trim()) ? Number(value) * 1000 : undefined;
}

function messageIn(body: unknown): string | undefined {
  if (!isMapping(body)) return undefined;
  for (const value of [body['error'], body['detail'], body['message']]) {
    if (typeof value === 'string') return value;
    if (isMapping(value) && typeof value['message'] === 'string') return value['message'];
  }
  return undefined;
}
