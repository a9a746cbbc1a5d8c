import { beginsWith, Pattern } from './bytes.ts';

/** The largest event that is taken in; a stream with a larger one is broken off, so that memory stays bounded. */
export const maxEventBytes = 1 << 20;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const none = Buffer.alloc(0);
const dataField = new Pattern('data');
const dataPrefix = new Pattern('data:');
const byteOrderMark = new Pattern('\ufeff');

/** What is told of a stream. */
export interface EventReceiver {
  /** Looks at the data of an event where it lies, in bytes that are only lent: true if it has understood it. */
  take(bytes: Buffer, from: number, to: number): boolean;
  /** The data of an event that it has not. */
  event(data: string): void;
}

/**
 * Takes a stream of server-sent events apart, wherever its chunks are cut, and hands on the data of each event.
 *
 * It reads what the standard says (LF, CRLF or CR; one space after the colon is not data; comments; several data lines
 * joined) and one thing more: a data line that completes a JSON value ends its event even without a blank line after
 * it, as the API document of the service prints its streams. Nothing is allocated for an event that `take` understands:
 * with tens of thousands of tokens a second that is what a stream costs.
 */
export class SseScanner {
  // What each event needs comes first: where thousands of streams take turns, every line of the cache counts.
  readonly #receiver: EventReceiver;
  #restBytes = 0;
  #skipLineFeed = false;
  #isWithinEvent = false;
  #tooLarge = false;
  #atStart = true;
  /** The beginning of a line whose end has not come yet; its memory is kept for the next. */
  #rest: Buffer = none;
  /** The data lines of an event that is not complete yet. */
  readonly #lines: string[] = [];
  #pendingBytes = 0;
  readonly #nesting = new Nesting();

  constructor(receiver: EventReceiver) {
    this.#receiver = receiver;
  }

  /**
   * Takes in the bytes of one chunk, which may be used again afterwards. False once a line or an event is larger than
   * `maxEventBytes`: nothing more can be read.
   */
  push(bytes: Buffer, from = 0, to = bytes.length): boolean {
    let start = from;
    let returnAt = -1;
    while (start < to) {
      if (this.#skipLineFeed) {
        this.#skipLineFeed = false;
        if (bytes[start] === lineFeed) {
          start++;
          continue;
        }
      }
      if (returnAt < start) returnAt = placeOfByte(carriageReturn, bytes, start);
      const next = this.#event(bytes, start, Math.min(returnAt, to));
      if (next !== start) {
        start = next;
        continue;
      }
      const end = endOfLine(bytes, start, to);
      if (end === to) {
        this.#keep(bytes, start, to);
        break;
      }
      if (this.#restBytes === 0) this.#line(bytes, start, end);
      else {
        this.#keep(bytes, start, end);
        this.#lineOfRest();
      }
      this.#skipLineFeed = bytes[end] === carriageReturn;
      start = end + 1;
    }
    if (this.#restBytes === 0 && !this.#isWithinEvent) return !this.#tooLarge;
    return !this.#tooLarge && this.#restBytes + this.#pendingBytes <= maxEventBytes;
  }

  /** Ends the stream: a last line without an end still counts. */
  end(): void {
    if (this.#restBytes > 0) this.#lineOfRest();
    this.#emit();
  }

  /** Takes in an event as nearly all are, one data line and a blank one with LF after each and no CR before `to`, and gives where the next begins; `start` where it is none. */
  #event(bytes: Buffer, start: number, to: number): number {
    if (this.#restBytes > 0 || this.#isWithinEvent) return start;
    if (!beginsWith(dataPrefix, bytes, start, to)) return start;
    const from = start + dataPrefix.length + (bytes[start + dataPrefix.length] === space ? 1 : 0);
    const end = placeOfByte(lineFeed, bytes, from);
    if (end + 1 >= to || bytes[end + 1] !== lineFeed) return start;
    if (this.#atStart) this.#atStart = false;
    if (end - from > maxEventBytes) this.#tooLarge = true;
    else if (end > from && !this.#receiver.take(bytes, from, end))
      this.#receiver.event(bytes.toString('utf8', from, end));
    return end + 2;
  }

  /** Keeps what has come of a line; what is beyond any event is only counted. */
  #keep(bytes: Buffer, from: number, to: number): void {
    const needed = this.#restBytes + to - from;
    if (needed <= maxEventBytes && needed > this.#rest.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#rest.length, 512));
      this.#rest.copy(larger, 0, 0, this.#restBytes);
      this.#rest = larger;
    }
    if (needed <= this.#rest.length) bytes.copy(this.#rest, this.#restBytes, from, to);
    else this.#tooLarge = true;
    this.#restBytes = needed;
  }

  #lineOfRest(): void {
    const bytes = Math.min(this.#restBytes, this.#rest.length);
    this.#restBytes = 0;
    this.#line(this.#rest, 0, bytes);
  }

  #line(bytes: Buffer, start: number, end: number): void {
    let from = start;
    if (this.#atStart) {
      this.#atStart = false;
      if (beginsWith(byteOrderMark, bytes, from, end)) from += byteOrderMark.length;
    }
    if (from === end) this.#emit();
    if (!beginsWith(dataField, bytes, from, end)) return;
    from += dataField.length;
    if (from < end) {
      if (bytes[from] !== colon) return;
      from += bytes[from + 1] === space && from + 1 < end ? 2 : 1;
    }
    if (this.#isWithinEvent || !this.#receiver.take(bytes, from, end)) this.#data(bytes.toString('utf8', from, end));
  }

  #data(value: string): void {
    this.#lines.push(value);
    this.#isWithinEvent = true;
    this.#pendingBytes += value.length + 1;
    if (this.#pendingBytes > maxEventBytes) this.#tooLarge = true;
    else if (this.#nesting.isWholeWith(value)) this.#emit();
  }

  #emit(): void {
    if (!this.#isWithinEvent) return;
    this.#isWithinEvent = false;
    const data = this.#lines.length === 1 ? (this.#lines[0] as string) : this.#lines.join('\n');
    this.#lines.length = 0;
    this.#pendingBytes = 0;
    this.#nesting.reset();
    if (data !== '') this.#receiver.event(data);
  }
}

/** Where a byte first stands from `from` on, be it beyond what is to be read; far away where it does not. Four times as fast as a loop. */
function placeOfByte(byte: number, bytes: Buffer, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at === -1 ? Number.MAX_SAFE_INTEGER : at;
}

/** Where the line that begins at `from` ends: at its LF or CR, or at `to` where it goes on. */
function endOfLine(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte <= carriageReturn && (byte === lineFeed || byte === carriageReturn)) return at;
  }
  return to;
}

/** How deep the JSON of an event is nested, line by line: each is looked at once, however many there are. */
class Nesting {
  #depth = 0;
  #isFirst = true;
  #isJson = false;
  #isInString = false;
  #isEscaped = false;

  reset(): void {
    this.#depth = 0;
    this.#isFirst = true;
    this.#isInString = false;
    this.#isEscaped = false;
  }

  /** Takes in one more line; whether all of them are one JSON object or array with nothing open (`[DONE]` is one, too). */
  isWholeWith(line: string): boolean {
    if (this.#isFirst) {
      this.#isFirst = false;
      const first = line.charCodeAt(0);
      this.#isJson = first === openingBrace || first === openingBracket;
    }
    if (!this.#isJson) return false;
    for (let i = 0; i < line.length; i++) this.#take(line.charCodeAt(i));
    const last = line.trimEnd().at(-1);
    return this.#depth === 0 && !this.#isInString && (last === '}' || last === ']');
  }

  #take(code: number): void {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === backslash) this.#isEscaped = true;
      else if (code === quote) this.#isInString = false;
    } else if (code === quote) this.#isInString = true;
    else if (code === openingBrace || code === openingBracket) this.#depth++;
    else if (code === closingBrace || code === closingBracket) this.#depth--;
  }
}
