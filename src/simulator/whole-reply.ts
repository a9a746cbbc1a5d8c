import type { ServerResponse } from 'node:http';
import type { PlainAnswer, Refusal } from './refusal.ts';
import { type Reply, sendPlain, type Wording } from './reply.ts';

/** An answer in one piece, sent when the last token of its last sequence has come. */
export class WholeReply implements Reply {
  readonly #response: ServerResponse;
  readonly #wording: Wording;
  #render: () => PlainAnswer = () => ({ status: 200, headers: {}, body: '' });
  #openSequences = 0;

  constructor(response: ServerResponse, wording: Wording) {
    this.#response = response;
    this.#wording = wording;
  }

  /** Waits for so many sequences, then sends what `render` gives. */
  begin(sequences: number, render: () => PlainAnswer): void {
    this.#openSequences = sequences;
    this.#render = render;
  }

  token(_index: number, last: boolean): void {
    if (last && --this.#openSequences === 0 && !this.#response.headersSent) sendPlain(this.#response, this.#render());
  }

  refuse(refusal: Refusal): void {
    if (!this.#response.headersSent) sendPlain(this.#response, this.#wording.plain(refusal));
  }

  cut(): void {
    const { status, headers, body } = this.#render();
    this.#response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    this.#response.write(half(body), () => this.#response.destroy());
  }

  garble(): void {
    const answer = this.#render();
    sendPlain(this.#response, { ...answer, body: half(answer.body) });
  }
}

function half(body: string): string {
  return body.slice(0, Math.ceil(body.length / 2));
}
