import type { ServerResponse } from 'node:http';
import type { PlainAnswer, Refusal } from './refusal.ts';

/** How a request is answered once it is known what is asked: token by token, or whole. */
export interface Reply {
  /** The token at `index`, from 1, of one of its sequences has come. */
  token(index: number, last: boolean): void;
  /** Says no, in the form that the answer has reached by then, and ends. */
  refuse(refusal: Refusal): void;
  /** Ends as if all were said, though it is not. */
  cut(): void;
  /** Says something that is not JSON, and ends. */
  garble(): void;
}

/** How refusals are put into words: as a whole answer, or as the data of the events that end a stream. */
export interface Wording {
  plain(refusal: Refusal): PlainAnswer;
  events(refusal: Refusal): readonly string[];
}

/** Sends a whole answer. */
export function sendPlain(response: ServerResponse, { status, headers, body }: PlainAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Sends a value as JSON with status 200. */
export function sendJson(response: ServerResponse, value: object): void {
  sendPlain(response, jsonAnswer(value));
}

/** A value as a whole answer with status 200. */
export function jsonAnswer(value: object, headers: Readonly<Record<string, string>> = {}): PlainAnswer {
  return { status: 200, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
