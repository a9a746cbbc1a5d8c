/** Some bytes that are looked for where they may stand, four at a time: a byte at a time takes three times as long. */
export class Pattern {
  readonly length: number;
  /** The first bytes in words, and the last ones in one that may overlap them; bytes where there is no whole word. */
  readonly #words: Int32Array;
  readonly #last: number;
  readonly #few: readonly number[];

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    const isFew = bytes.length < wordBytes;
    const words = isFew ? 0 : bytes.length >> 2;
    this.#words = Int32Array.from({ length: words }, (_, word) => bytes.readInt32LE(word * wordBytes));
    this.#last = isFew ? 0 : bytes.readInt32LE(bytes.length - wordBytes);
    this.#few = isFew ? [...bytes] : [];
  }

  /** Whether it stands at `from`; there must be as many bytes. */
  standsAt(bytes: Buffer, from: number): boolean {
    const view = viewOf(bytes);
    const words = this.#words;
    for (let word = 0; word < words.length; word++)
      if (view.getInt32(from + word * wordBytes, true) !== words[word]) return false;
    if (words.length > 0) return view.getInt32(from + this.length - wordBytes, true) === this.#last;
    return this.#few.every((byte, at) => bytes[from + at] === byte);
  }
}

const wordBytes = 4;

/** The bytes that were last looked at, for most lie in the same memory. */
let viewed: Buffer = Buffer.alloc(0);
let view = new DataView(viewed.buffer, viewed.byteOffset, viewed.length);

function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}

/** Whether the bytes from `from` to `to` begin with `prefix`. */
export function beginsWith(prefix: Pattern, bytes: Buffer, from: number, to: number): boolean {
  return to - from >= prefix.length && prefix.standsAt(bytes, from);
}

/** Whether the bytes from `from` to `to` end with `suffix`. */
export function endsWith(suffix: Pattern, bytes: Buffer, from: number, to: number): boolean {
  return to - from >= suffix.length && suffix.standsAt(bytes, to - suffix.length);
}

/** Where `part` first stands whole between `from` and `to`; −1 where it does not. */
export function placeOf(part: Pattern, bytes: Buffer, from: number, to: number): number {
  for (let at = from; at <= to - part.length; at++) if (part.standsAt(bytes, at)) return at;
  return -1;
}
