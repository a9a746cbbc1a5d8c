/** Files of one JSON value a line: appended to without holding up the event loop, and read without holding them in memory. */
import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf } from '../errors.ts';

/** As much as is gathered before it is handed to the system without waiting for the next flush. */
const batchLength = 256 << 10;
/** As much as may wait for a disk that cannot keep up. */
const maxWaitingLength = 256 << 20;
/** As much as is read at once. */
const chunkBytes = 1 << 20;
/** The longest line that is taken in. */
const maxLineBytes = 64 << 20;

/** A JSON Lines file that is appended to in batches. */
export class LineFile {
  readonly #file: FileHandle;
  #lines: string[] = [];
  #length = 0;
  #waitingLength = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'a'));
  }

  /** Adds a value. It is turned into text at once, one at a time, so that no flush has many to turn. */
  add(value: unknown): void {
    const line = JSON.stringify(value);
    this.#lines.push(line);
    this.#length += line.length + 1;
    if (this.#length >= batchLength) this.#write();
  }

  /** Resolves when all that was added is written; rejects where it could not be. */
  flush(): Promise<void> {
    if (this.#lines.length > 0) this.#write();
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.close();
  }

  #write(): void {
    const [text, length] = [`${this.#lines.join('\n')}\n`, this.#length];
    [this.#lines, this.#length] = [[], 0];
    this.#waitingLength += length;
    const isTooSlow = this.#waitingLength > maxWaitingLength;
    this.#writing = this.#writing.then(async () => {
      if (isTooSlow) throw new Error(`the disk is more than ${maxWaitingLength >> 20} MB behind`);
      await this.#file.appendFile(text);
      this.#waitingLength -= length;
    });
    this.#writing.catch(() => {}); // the next flush says it
  }
}

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
