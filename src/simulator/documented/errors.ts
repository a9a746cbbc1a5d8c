import type { PlainAnswer, Refusal } from '../refusal.ts';

interface NestedError {
  readonly message: string;
  readonly type: string;
  readonly code: number;
}

/** The document's error object for a refusal: `message`, `type`, and the status once more as `code`. */
function nestedError(refusal: Refusal): NestedError {
  switch (refusal.kind) {
    case 'no_route':
    case 'no_endpoint':
      return { message: 'no such model, GPU or endpoint', type: 'not_found', code: 404 };
    case 'method_not_allowed':
      return { message: `only ${refusal.allow} is served here`, type: 'method_not_allowed', code: 405 };
    case 'unauthorized':
      return { message: authorizationMessages[refusal.reason], type: 'unauthorized', code: 401 };
    case 'banned':
    case 'rate_limited':
      return { message: 'rate limit reached', type: 'rate_limit', code: 403 };
    case 'overloaded':
      return { message: 'the model serves as many requests as it may', type: 'too_many_requests', code: 429 };
    case 'not_json':
      return { message: 'the body must be JSON', type: 'bad_request', code: 400 };
    case 'too_large':
      return { message: 'the body is too large', type: 'bad_request', code: 400 };
    case 'malformed':
    case 'mistyped':
    case 'invalid':
      return { message: refusal.message, type: 'bad_request', code: 400 };
    case 'generation':
      return { message: refusal.message, type: 'generation', code: 500 };
    case 'timeout':
      return { message: 'the request took longer than its time limit', type: 'timeout', code: 500 };
    case 'upstream':
      return { message: 'the model server did not answer', type: 'upstream', code: refusal.status };
  }
}

const authorizationMessages = {
  missing: 'the Authorization header is missing',
  format: 'the Authorization header must be: Bearer <token>',
  token: 'the token is not valid',
} as const;

/** A refusal as the document answers it: its status and the nested error object. */
export function documentedRefusal(refusal: Refusal): PlainAnswer {
  const error = nestedError(refusal);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (refusal.kind === 'method_not_allowed') headers['allow'] = refusal.allow;
  return { status: error.code, headers, body: JSON.stringify({ error }) };
}

/** The same object as the data of an event, for a stream that has begun. */
export function documentedErrorEvents(refusal: Refusal): readonly string[] {
  return [JSON.stringify({ error: nestedError(refusal) })];
}
