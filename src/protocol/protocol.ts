/**
 * How a request is said on the wire and its answer understood; pure. Invariant: whatever bytes a server sends, they
 * become an event, an answer or an outcome, never an exception.
 */
import type { GenerationRequest } from '../workload/workload.ts';
import type { Outcome } from './outcome.ts';

export interface Protocol {
  readonly name: string;
  /** The JSON body of a request. */
  encode(request: GenerationRequest): string;
  /**
   * Whether the data of an event, UTF-8 between `from` and `to`, is beyond doubt one more token and nothing else, told
   * by its ends alone: then `decodeEvent` would say so too, at twenty times the price. False says nothing.
   */
  isPlainToken(bytes: Buffer, from: number, to: number): boolean;
  /** What the data of one server-sent event says. */
  decodeEvent(data: string): StreamEvent;
  /** What the body of a unary 2xx answer says. */
  decodeAnswer(body: string): Answer | ProtocolError;
}

/** What an answer says about itself; what it does not say is undefined. */
export interface Answer {
  readonly kind: 'answer';
  readonly finishReason?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

export interface ProtocolError {
  readonly kind: 'error';
  readonly outcome: Outcome;
}

/**
 * One event of a stream: a token (and with the last one, where it comes with it, what the answer says of itself), the
 * end of the answer without a token, counts that come apart from it, its failure, or nothing that counts. An answer is
 * complete once it was final; counts alone do not make one.
 */
export type StreamEvent =
  | { readonly kind: 'token'; readonly final?: Answer }
  | { readonly kind: 'final' | 'counts'; readonly answer: Answer }
  | ProtocolError
  | { readonly kind: 'other' };

export type { GenerationRequest };
