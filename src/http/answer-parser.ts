/**
 * HTTP/1.1 answers out of bytes, wherever those are cut (RFC 9112). Invariant: it accepts only what it knows; anything
 * else becomes a problem in words, never a guess at what was meant. Nothing is allocated for a piece of a body.
 */

import {
  type AnswerHeaders,
  headersIn,
  keepAlive,
  problemOfFraming,
  statusIn,
  staysOpen,
  token,
} from './answer-head.ts';

/** What is told of an answer while it is read. The bytes are only lent: they change once the call returns. */
export interface AnswerReceiver {
  head(status: number, headers: AnswerHeaders): void;
  data(bytes: Buffer, from: number, to: number): void;
}

/** The largest head, or trailers, that are taken in: what Node's own parser takes as well. */
export const maxHeadBytes = 16_384;

/** What every answer begins with; whoever speaks another language may never come to the end of a head. */
const version = 'HTTP/1.';
const noAnswer = 'something that is no HTTP/1.1 answer';
const brokenLineEnd = /(?:^|[^\r])\n|\r[^\n]/;
const extensions = new RegExp(
  `^(?:;${token}(?:=(?:${token}|"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e])*"))?)+$`,
);

/** A chunk's size has at most so many digits; one that can come whole in what is read at once, fewer. */
const maxSizeDigits = 10;
const maxQuickDigits = 5;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const semicolon = 0x3b;

type State =
  | 'head'
  | 'counted body'
  | 'body until the end'
  | 'chunk size'
  | 'chunk extension'
  | 'end of chunk size'
  | 'chunk'
  | 'end of chunk'
  | 'trailers'
  | 'complete'
  | 'broken';

export class AnswerParser {
  // What each chunk needs comes first: where thousands of streams take turns, every line of the cache counts.
  readonly #receiver: AnswerReceiver;
  #state: State = 'head';
  #digits = 0;
  #problem: string | undefined;
  /** The beginning of a head or of trailers whose end has not come yet. */
  #text = '';
  /** What is left of a counted body or of a chunk. */
  #left = 0;
  /** How much of the line end after a chunk has come. */
  #ends = 0;
  #keepsOpen = false;
  #keepAliveMs: number | undefined;

  constructor(receiver: AnswerReceiver) {
    this.#receiver = receiver;
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  /** Why what came is no answer that it knows. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether the connection is good for another request. */
  get keepsOpen(): boolean {
    return this.#keepsOpen;
  }

  /** How long the server has said it keeps an idle connection. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs;
  }

  /** Takes in bytes, and gives where what belongs to the answer ends: `to`, unless it is complete before or broken. */
  push(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.#state === 'chunk size' && this.#digits === 0) {
      const next = this.#wholeChunk(bytes, at, to);
      if (next === at) break;
      at = next;
    }
    while (at < to && this.#state !== 'complete' && this.#state !== 'broken') at = this.#step(bytes, at, to);
    return at;
  }

  /** The connection has ended; true where the answer has with it. */
  end(): boolean {
    if (this.#state === 'body until the end') this.#state = 'complete';
    return this.#state === 'complete';
  }

  /** Takes in a chunk that has come whole and says nothing but its size, as nearly all do, and gives where it ends; `at` where it is none. */
  #wholeChunk(bytes: Buffer, at: number, to: number): number {
    let from = at;
    let size = 0;
    const mostDigits = Math.min(to, at + maxQuickDigits);
    for (let digit = 0; from < mostDigits; from++) {
      digit = hexDigit(bytes[from] as number);
      if (digit === -1) break;
      size = size * 16 + digit;
    }
    const end = from + 2 + size;
    if (size === 0 || end + 2 > to || !isLineEnd(bytes, from) || !isLineEnd(bytes, end)) return at;
    this.#receiver.data(bytes, from + 2, end);
    return end + 2;
  }

  #step(bytes: Buffer, at: number, to: number): number {
    switch (this.#state) {
      case 'counted body':
      case 'chunk': {
        const end = Math.min(to, at + this.#left);
        this.#left -= end - at;
        const isOver = this.#left === 0;
        if (isOver) this.#state = this.#state === 'chunk' ? 'end of chunk' : 'complete';
        this.#receiver.data(bytes, at, end);
        return end;
      }
      case 'body until the end':
        this.#receiver.data(bytes, at, to);
        return to;
      case 'chunk size':
        return this.#sizeDigit(bytes[at] as number, at + 1);
      case 'chunk extension':
        return this.#extension(bytes[at] as number, at + 1);
      case 'end of chunk size':
        return this.#sizeEnd(bytes[at] as number, at + 1);
      case 'end of chunk':
        if (bytes[at] !== (this.#ends === 0 ? carriageReturn : lineFeed)) this.#break('a chunk longer than its size');
        else if (++this.#ends === 2) this.#beginChunk();
        return at + 1;
      default:
        return this.#takeText(bytes, at, to);
    }
  }

  #sizeDigit(byte: number, next: number): number {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      this.#left = this.#left * 16 + digit;
      if (++this.#digits > maxSizeDigits) this.#break('a chunk size of too many digits');
    } else if (this.#digits === 0) this.#break('a chunk without a size');
    else if (byte === carriageReturn) this.#state = 'end of chunk size';
    else if (byte === semicolon) {
      this.#state = 'chunk extension';
      this.#text = ';';
    } else this.#break('a chunk size that is no number');
    return next;
  }

  /** What it says is not used, but it must be one. */
  #extension(byte: number, next: number): number {
    if (byte !== carriageReturn) this.#text += String.fromCharCode(byte);
    else if (extensions.test(this.#text)) {
      this.#state = 'end of chunk size';
      this.#text = '';
    } else this.#break('a chunk extension that is none');
    if (this.#text.length > maxHeadBytes) this.#break(`a chunk extension of more than ${maxHeadBytes} bytes`);
    return next;
  }

  #sizeEnd(byte: number, next: number): number {
    if (byte !== lineFeed) this.#break('a line end without its LF after a chunk size');
    else if (this.#left > 0) {
      this.#state = 'chunk';
      this.#ends = 0;
    } else this.#state = 'trailers';
    return next;
  }

  #beginChunk(): void {
    this.#state = 'chunk size';
    this.#left = 0;
    this.#digits = 0;
  }

  /** Takes in as much of a head or of trailers as there is. */
  #takeText(bytes: Buffer, at: number, to: number): number {
    const isHead = this.#state === 'head';
    const before = this.#text.length;
    this.#text += bytes.toString('latin1', at, Math.min(to, at + maxHeadBytes + 4 - before));
    // Trailers may be none: then their empty line is all there is.
    const isEmpty = !isHead && this.#text.startsWith('\r\n');
    const end = isEmpty ? 0 : this.#text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end === -1) {
      const { length } = this.#text;
      if (length > maxHeadBytes) this.#break(`${isHead ? 'headers' : 'trailers'} of more than ${maxHeadBytes} bytes`);
      else if (isHead && !this.#text.startsWith(version.slice(0, length))) this.#break(noAnswer);
      else if (brokenLineEnd.test(this.#text)) this.#break('a line that ends in something else than CR and LF');
      return to;
    }
    const text = this.#text.slice(0, end);
    this.#text = '';
    const problem = isHead ? this.#head(text) : this.#trailers(text);
    if (problem !== undefined) this.#break(problem);
    return at + end + (isEmpty ? 2 : 4) - before;
  }

  #trailers(text: string): string | undefined {
    if (headersIn(text, 0) === undefined) return 'trailers that are no header lines';
    this.#state = 'complete';
    return undefined;
  }

  /** Reads a head; gives what is wrong with it. One of a 1xx answer is only a hint of the one to come. */
  #head(text: string): string | undefined {
    const firstEnd = text.indexOf('\r\n');
    const status = statusIn(firstEnd === -1 ? text : text.slice(0, firstEnd));
    if (status === undefined) return noAnswer;
    const headers = firstEnd === -1 ? {} : headersIn(text, firstEnd + 2);
    if (headers === undefined) return 'a header line that is none';
    const { status: code } = status;
    if (code === 101) return 'another protocol, which was not asked for';
    if (code < 200) return undefined;
    const problem = problemOfFraming(headers);
    if (problem !== undefined) return problem;
    this.#keepsOpen = staysOpen(headers['connection'], status.staysOpen);
    this.#keepAliveMs = keepAlive(headers['keep-alive']);
    this.#frame(code, headers);
    this.#receiver.head(code, headers);
    return undefined;
  }

  /** Sees how long the body is (RFC 9112, 6.3). */
  #frame(status: number, { 'transfer-encoding': encoding, 'content-length': length }: AnswerHeaders): void {
    if (status === 204 || status === 304) this.#state = 'complete';
    else if (encoding !== undefined) this.#beginChunk();
    else if (length !== undefined) {
      this.#left = Number(length);
      this.#state = this.#left === 0 ? 'complete' : 'counted body';
    } else {
      this.#state = 'body until the end';
      this.#keepsOpen = false;
    }
  }

  #break(problem: string): void {
    this.#problem = problem;
    this.#keepsOpen = false;
    this.#state = 'broken';
  }
}

function isLineEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === carriageReturn && bytes[at + 1] === lineFeed;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
