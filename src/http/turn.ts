/**
 * What one turn of the event loop brings is stamped and put aside as it is read, and taken in when nothing is left to
 * read. Of a hundred streams that tick in one turn the last would otherwise be stamped after the events of all others
 * were understood; and to understand a hundred in a row costs less than to understand one after each system call.
 */

/** Whoever takes in what came. */
export interface Taker {
  /** Takes in bytes that came at that time; they are only lent. */
  take(bytes: Buffer, from: number, to: number, atMs: number): void;
}

/** What a socket reads into: what one has read is put aside or taken in before another reads. */
export const arrivals = Buffer.allocUnsafeSlow(64 << 10);
const arrivedWords = new Int32Array(arrivals.buffer);

/** More than so much at a time is taken in at once rather than copied, and so are more than so many. */
const mostBytes = 4 << 10;
const mostPieces = 2_048;

/** How long what has come may wait for more that is coming. */
const patienceMs = 1;

const lineEnds = 0x0a0d0a0d;
const shelf = Buffer.allocUnsafeSlow(512 << 10);
const shelfWords = new Int32Array(shelf.buffer);
const takers: (Taker | undefined)[] = [];
const ends = new Int32Array(mostPieces);
const timesMs = new Float64Array(mostPieces);
let pieces = 0;
let taken = 0;
let used = 0;
/** How many there were when the sockets were last looked at. */
let seen = 0;

/** Puts aside what has been read into `arrivals`. */
export function putAside(taker: Taker, count: number, atMs: number): void {
  if (count > mostBytes || used + count + 8 > shelf.length || pieces === mostPieces) {
    takeIn();
    taker.take(arrivals, 0, count, atMs);
    return;
  }
  const from = used >> 2;
  const words = (count + 3) >> 2;
  for (let word = 0; word < words; word++) shelfWords[from + word] = arrivedWords[word] as number;
  // Whoever looks for the end of a line finds one here at the latest.
  shelfWords[from + words] = lineEnds;
  ends[pieces] = used + count;
  timesMs[pieces] = atMs;
  takers[pieces] = taker;
  used += (words + 1) << 2;
  if (++pieces === 1) setImmediate(lookAgain);
}

/** Takes in what is put aside once the sockets have nothing more, or for so long that it must not wait any more. */
function lookAgain(): void {
  const isQuiet = pieces === seen;
  seen = pieces;
  if (pieces === 0) return;
  if (isQuiet || (timesMs[pieces - 1] as number) - (timesMs[0] as number) > patienceMs) takeIn();
  else setImmediate(lookAgain);
}

/** Takes in all that has been put aside and has not been taken in. */
export function takeIn(): void {
  while (taken < pieces) {
    const taker = takers[taken];
    takers[taken] = undefined;
    const from = taken === 0 ? 0 : (((ends[taken - 1] as number) + 3) & ~3) + 4;
    const to = ends[taken] as number;
    const atMs = timesMs[taken] as number;
    taken++;
    taker?.take(shelf, from, to, atMs);
  }
  pieces = 0;
  taken = 0;
  used = 0;
  seen = 0;
}
