import type { PlainAnswer, Refusal } from '../refusal.ts';

/** TGI's error object, its type as the router names it. */
function routerError(status: number, error: string, error_type: string): PlainAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error, error_type }) };
}

function text(status: number, body: string, headers: Record<string, string> = {}): PlainAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body };
}

/** The auth service's answers pass through the proxy as they are. */
function authDetail(status: number, detail: object): PlainAnswer {
  return { status, headers: { 'content-type': 'application/json', server: 'uvicorn' }, body: JSON.stringify(detail) };
}

const authorizationDetails = {
  missing: {
    detail: 'No authorization provided',
    message: 'Please provide a valid authorization token',
    example: 'Authorization: Bearer your_token_here',
  },
  format: { detail: 'Invalid authorization format', message: 'Authorization must be: Bearer your_token_here' },
  token: { detail: 'Invalid token', message: 'The provided token is not valid' },
} as const;

const upstreamTexts = { 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable' } as const;

/** A refusal as whoever would refuse it in the deployment says it: proxy, auth service or model server. */
export function deployedRefusal(refusal: Refusal): PlainAnswer {
  switch (refusal.kind) {
    case 'no_route':
      return text(404, '404 page not found\n', { 'x-content-type-options': 'nosniff' });
    case 'no_endpoint':
      return { status: 404, headers: {}, body: '' };
    case 'method_not_allowed':
      return { status: 405, headers: { allow: refusal.allow }, body: '' };
    case 'unauthorized':
      return authDetail(401, authorizationDetails[refusal.reason]);
    case 'banned':
      return authDetail(403, { detail: 'Too many failed attempts. Please try again later.' });
    case 'rate_limited':
      return text(429, 'Too Many Requests', {
        'retry-after': String(Math.ceil(refusal.retryInMs / 1000)),
        'x-retry-in': `${Number(refusal.retryInMs.toFixed(3))}ms`,
      });
    case 'overloaded':
      return routerError(429, 'Model is overloaded', 'overloaded');
    case 'not_json':
      return text(415, 'Expected request with `Content-Type: application/json`');
    case 'too_large':
      return text(413, 'Failed to buffer the request body: length limit exceeded');
    case 'malformed':
      return text(400, `Failed to parse the request body as JSON: ${refusal.message}`);
    case 'mistyped':
      return text(422, `Failed to deserialize the JSON body into the target type: ${refusal.message}`);
    case 'invalid':
      return routerError(422, `Input validation error: ${refusal.message}`, 'validation');
    case 'generation':
      return routerError(424, refusal.message, 'generation');
    case 'timeout':
      return text(504, 'Gateway Timeout');
    case 'upstream':
      return text(refusal.status, upstreamTexts[refusal.status]);
  }
}
