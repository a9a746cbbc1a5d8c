/** Files of one JSON value a line: appended to without holding up the event loop, and read without holding them in memory. */
import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf } from '../errors.ts';

/** As much as is gathered before it is handed to the system without waiting for the next flush. */
const batchBytes = 256 << 10;
/** As much as may wait for a disk that cannot keep up. */
const maxWaitingBytes = 256 << 20;
/** The most bytes that a UTF-16 unit takes in UTF-8. */
const mostBytesPerUnit = 3;
/** As much as is read at once. */
const chunkBytes = 1 << 20;
/** The longest line that is taken in. */
const maxLineBytes = 64 << 20;

/** A JSON Lines file that is appended to in batches. */
export class LineFile {
  readonly #file: FileHandle;
  /** The lines that are gathered, in as many of its bytes. */
  #batch = Buffer.alloc(0);
  #length = 0;
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'a'));
  }

  /** Adds a value. It is turned into bytes at once, one at a time, so that no flush has many to turn. */
  add(value: unknown): void {
    this.#text(JSON.stringify(value));
    this.#endLine();
  }

  /** Adds a value as `write` writes it into bytes from a place on, at most so many of them; it gives where that ends. */
  addWritten<T>(value: T, mostBytes: number, write: (value: T, bytes: Buffer, at: number) => number): void {
    this.#reserve(mostBytes);
    this.#length = write(value, this.#batch, this.#length);
    this.#endLine();
  }

  /** Resolves when all that was added is written; rejects where it could not be. */
  flush(): Promise<void> {
    this.#write();
    return this.#writing;
  }

  /** Writes what is left; closed it is, also where that could not be written. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  #text(text: string): void {
    this.#reserve(text.length * mostBytesPerUnit);
    this.#length += this.#batch.write(text, this.#length);
  }

  #endLine(): void {
    this.#reserve(1);
    this.#batch[this.#length++] = lineFeed;
    if (this.#length >= batchBytes) this.#write();
  }

  /** Makes room for so many bytes more; what is gathered is written, up to wherever its last line has come. */
  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#batch.length) return;
    this.#write();
    this.#batch = Buffer.allocUnsafeSlow(Math.max(batchBytes, bytes));
  }

  #write(): void {
    if (this.#length === 0) return;
    const bytes = this.#batch.subarray(0, this.#length);
    // What is left of it is for the lines to come; what is being written is not touched again.
    this.#batch = this.#batch.subarray(this.#length);
    this.#length = 0;
    this.#waitingBytes += bytes.length;
    const isTooSlow = this.#waitingBytes > maxWaitingBytes;
    this.#writing = this.#writing.then(async () => {
      if (isTooSlow) throw new Error(`the disk is more than ${maxWaitingBytes >> 20} MB behind`);
      await this.#file.appendFile(bytes);
      this.#waitingBytes -= bytes.length;
    });
    this.#writing.catch(() => {}); // the next flush says it
  }
}

const lineFeed = 0x0a;

/** Something a file holds that cannot be read, by its line. */
export type OnBadLine = (line: number, problem: string) => void;

/**
 * The values of a JSON Lines file in batches, none where there is no file; what is not a value that `is` knows is
 * reported and passed over.
 */
export async function* readLines<T>(
  path: string,
  is: (value: object) => boolean,
  onBadLine: OnBadLine,
): AsyncGenerator<T[]> {
  if (!existsSync(path)) return;
  let number = 0;
  for await (const lines of linesOf(path)) {
    const values: T[] = [];
    for (const line of lines) {
      number++;
      if (line === '' || line === '\r') continue;
      const value = line === undefined ? new RangeError(`more than ${maxLineBytes >> 20} MB`) : parsed(line);
      if (value instanceof Error) onBadLine(number, messageOf(value));
      else if (typeof value === 'object' && value !== null && is(value)) values.push(value as T);
      else onBadLine(number, 'not a record');
    }
    yield values;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    return error;
  }
}

/** The lines of a text file in batches, undefined for one that is too long to be taken in. */
async function* linesOf(path: string): AsyncGenerator<(string | undefined)[]> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const begunLine = () => (begunBytes > maxLineBytes ? undefined : Buffer.concat(begun).toString());
  const goOn = (part: Buffer) => {
    begunBytes += part.length;
    if (begunBytes <= maxLineBytes) begun.push(part);
  };
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    const [first, last] = [chunk.indexOf('\n'), chunk.lastIndexOf('\n')];
    if (first === -1) {
      goOn(chunk);
      continue;
    }
    goOn(chunk.subarray(0, first));
    const whole = first === last ? [] : chunk.toString('utf8', first + 1, last).split('\n');
    yield [begunLine(), ...whole];
    [begun, begunBytes] = [[], 0];
    goOn(chunk.subarray(last + 1));
  }
  if (begunBytes > 0) yield [begunLine()];
}
