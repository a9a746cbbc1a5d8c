/**
 * Some bytes that are looked for where they may stand, eight at a time: a byte at a time takes five times as long. Eight
 * bytes are compared as one number with fractions, of which no two are equal unless all their bits are, but for zeros and
 * what is no number; no text has those in UTF-8.
 */
export class Pattern {
  readonly length: number;
  /** The first bytes, eight in each; none where there are less than eight. */
  readonly #eights: Float64Array;
  /** The last bytes, eight or four, which may overlap those before them. */
  readonly #last: number;
  /** The first four bytes. */
  readonly #first: number;
  /** All bytes, where there are less than four. */
  readonly #few: readonly number[];

  constructor(text: string) {
    const bytes = Buffer.from(text);
    const { length } = bytes;
    this.length = length;
    this.#eights = Float64Array.from({ length: length >> 3 }, (_, at) => bytes.readDoubleLE(at * 8));
    this.#first = length < 4 ? 0 : bytes.readInt32LE(0);
    this.#last = length < 4 ? 0 : length < 8 ? bytes.readInt32LE(length - 4) : bytes.readDoubleLE(length - 8);
    this.#few = length < 4 ? [...bytes] : [];
  }

  /** Whether it stands at `from`; there must be as many bytes. */
  standsAt(bytes: Buffer, from: number): boolean {
    const view = viewOf(bytes);
    const eights = this.#eights;
    if (eights.length > 0) {
      for (let at = 0; at < eights.length; at++) if (view.getFloat64(from + at * 8, true) !== eights[at]) return false;
      return view.getFloat64(from + this.length - 8, true) === this.#last;
    }
    if (this.length < 4) return this.#few.every((byte, at) => bytes[from + at] === byte);
    return view.getInt32(from, true) === this.#first && view.getInt32(from + this.length - 4, true) === this.#last;
  }
}

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
