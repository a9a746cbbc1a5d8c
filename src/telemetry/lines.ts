import { StringDecoder } from 'node:string_decoder';

/** The longest line that is put together; what is longer is no row of anything. */
const longestLine = 4_096;

/** Bytes as they come, whole lines out. The beginning of a line that never ends is kept within bounds. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** The lines that end in this chunk; those that grew too long are given cut. */
  push(chunk: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, longestLine);
    return lines.map(line => line.slice(0, longestLine).replace(/\r$/, ''));
  }
}
