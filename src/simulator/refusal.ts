/** Why a request is not served, before anyone says it in the words of the document or of the deployment. */
export type Refusal =
  | { readonly kind: 'no_route' }
  | { readonly kind: 'no_endpoint' }
  | { readonly kind: 'method_not_allowed'; readonly allow: string }
  | { readonly kind: 'unauthorized'; readonly reason: 'missing' | 'format' | 'token' }
  | { readonly kind: 'banned' }
  | { readonly kind: 'rate_limited'; readonly retryInMs: number }
  | { readonly kind: 'overloaded' }
  | { readonly kind: 'not_json' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'mistyped'; readonly message: string }
  | { readonly kind: 'invalid'; readonly message: string }
  | { readonly kind: 'generation'; readonly message: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'upstream'; readonly status: 500 | 502 | 503 };

/** Carries a refusal up to whoever answers. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}

/** A whole answer to a request that gets no generation. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
