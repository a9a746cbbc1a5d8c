/** The largest event that is taken in; a stream with a larger one is broken off, so that memory stays bounded. */
export const maxEventBytes = 1 << 20;

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Takes a stream of server-sent events apart, wherever its chunks are cut, and hands on the data of each event.
 *
 * It reads what the standard says (LF, CRLF or CR; one space after the colon is not data; comments; several data lines
 * joined) and one thing more: a data line that completes a JSON value ends its event even without a blank line after
 * it, as the API document of the service prints its streams.
 */
export class SseScanner {
  readonly #onData: (data: string) => void;
  /** The beginning of a line whose end has not come yet, in the pieces in which it came. */
  readonly #rest: Buffer[] = [];
  #restBytes = 0;
  /** The data lines of an event that is not complete yet. */
  #pending: string | undefined;
  #skipLineFeed = false;
  #atStart = true;
  #tooLarge = false;

  constructor(onData: (data: string) => void) {
    this.#onData = onData;
  }

  /** Takes in one chunk. False once a line or an event is larger than `maxEventBytes`: nothing more can be read. */
  push(chunk: Buffer): boolean {
    let bytes = chunk;
    if (this.#skipLineFeed && bytes.length > 0) {
      if (bytes[0] === lineFeed) bytes = bytes.subarray(1);
      this.#skipLineFeed = false;
    }
    const endsLine = bytes.includes(lineFeed) || bytes.includes(carriageReturn);
    if (endsLine && this.#restBytes > 0) bytes = Buffer.concat([...this.#takeRest(), bytes]);
    const rest = endsLine ? bytes.subarray(this.#takeLines(bytes)) : bytes;
    // A line that comes in a thousand pieces is put together once, not with each of them.
    if (rest.length > 0) this.#rest.push(rest);
    this.#restBytes += rest.length;
    return !this.#tooLarge && this.#restBytes + (this.#pending?.length ?? 0) <= maxEventBytes;
  }

  /** Ends the stream: a last line without an end still counts. */
  end(): void {
    if (this.#restBytes > 0) this.#line(Buffer.concat(this.#takeRest()));
    this.#emit();
  }

  #takeRest(): Buffer[] {
    this.#restBytes = 0;
    return this.#rest.splice(0);
  }

  /** Hands on every complete line; gives where the incomplete one begins. */
  #takeLines(bytes: Buffer): number {
    let start = 0;
    let nextReturn = bytes.indexOf(carriageReturn);
    for (;;) {
      const feed = bytes.indexOf(lineFeed, start);
      if (nextReturn !== -1 && nextReturn < start) nextReturn = bytes.indexOf(carriageReturn, start);
      const byReturn = nextReturn !== -1 && (feed === -1 || nextReturn < feed);
      const end = byReturn ? nextReturn : feed;
      if (end === -1) return start;
      this.#line(bytes.subarray(start, end));
      start = end + 1;
      if (!byReturn) continue;
      if (start === bytes.length) this.#skipLineFeed = true;
      else if (bytes[start] === lineFeed) start++;
    }
  }

  #line(line: Buffer): void {
    let from = 0;
    if (this.#atStart) {
      this.#atStart = false;
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) from = 3;
    }
    if (line.length === from) {
      this.#emit();
      return;
    }
    if (line.toString('latin1', from, from + 4) !== 'data') return;
    if (line.length > from + 4 && line[from + 4] !== 0x3a) return;
    const value = line.toString('utf8', from + (line[from + 5] === 0x20 ? 6 : 5));
    this.#pending = this.#pending === undefined ? value : `${this.#pending}\n${value}`;
    if (this.#pending.length > maxEventBytes) this.#tooLarge = true;
    if (isWhole(this.#pending)) this.#emit();
  }

  #emit(): void {
    const data = this.#pending;
    this.#pending = undefined;
    if (data !== undefined && data !== '') this.#onData(data);
  }
}

/** Whether the text is one JSON object or array with nothing open, or the end mark of OpenAI's streams. */
function isWhole(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first !== 0x7b && first !== 0x5b) return false;
  if (text === '[DONE]') return true;
  const last = text.trimEnd().at(-1);
  if (last !== '}' && last !== ']') return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return depth === 0;
}

/** The index of the quote that ends the JSON string beginning at `start`; the text's end where none does. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i;
  }
  return text.length;
}
