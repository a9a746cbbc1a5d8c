/**
 * What one turn of the event loop brings is stamped and put aside as it is read, and taken in when nothing is left to
 * read. Of a hundred streams that tick in one turn the last would otherwise be stamped after the events of all others
 * were understood; and to understand a hundred in a row costs less than to understand one after each system call.
 */
import type { Clock } from '../clock.ts';

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
const patienceMs = 0.2;

const wordBytes = 4;
const lineEnds = 0x0a0d0a0d;
const shelf = Buffer.allocUnsafeSlow(512 << 10);
const shelfWords = new Int32Array(shelf.buffer);
let usedWords = 0;

/** The pieces that wait: who takes each, where it lies, and when it came. */
const takers: (Taker | undefined)[] = [];
const lying: (Buffer | undefined)[] = [];
const starts = new Int32Array(mostPieces);
const ends = new Int32Array(mostPieces);
const timesMs = new Float64Array(mostPieces);
let pieces = 0;
let taken = 0;
/** How many there were when the sockets were last looked at. */
let seen = 0;
let isLooking = false;

/** The clock of whoever read last. */
let clock: Clock | undefined;
/** When the system told of what the sockets are being read of in this turn, once that is known. */
let turnMs: number | undefined;

/**
 * Puts aside what has been read into `arrivals`, as come when the system told of it. It tells of many sockets at once, and
 * what it tells of has come by then: the last of them is not late for having been read last.
 */
export function putAside(taker: Taker, count: number, by: Clock): void {
  if (turnMs === undefined || clock !== by) {
    clock = by;
    turnMs = by.nowMs();
  }
  const atMs = turnMs;
  if (!fits(count)) {
    takeIn();
    taker.take(arrivals, 0, count, atMs);
    return;
  }
  const words = (count + 3) >> 2;
  for (let word = 0; word < words; word++) shelfWords[usedWords + word] = arrivedWords[word] as number;
  waitOnShelf(taker, count, atMs);
}

/** Puts aside bytes that nobody changes, as come now. What is little is copied all the same: all in one place it is read in half the time. */
export function putAsideWhole(taker: Taker, bytes: Buffer, by: Clock): void {
  clock = by;
  const atMs = by.nowMs();
  const { length } = bytes;
  if (length === 0 || !fits(length)) wait(taker, bytes, 0, length, atMs);
  else {
    shelf.set(bytes, usedWords << 2);
    waitOnShelf(taker, length, atMs);
  }
}

function fits(bytes: number): boolean {
  return bytes <= mostBytes && (usedWords << 2) + bytes + 2 * wordBytes <= shelf.length;
}

function waitOnShelf(taker: Taker, bytes: number, atMs: number): void {
  const from = usedWords << 2;
  usedWords += (bytes + wordBytes - 1) >> 2;
  // Whoever looks for the end of a line finds one here at the latest.
  shelfWords[usedWords++] = lineEnds;
  wait(taker, shelf, from, from + bytes, atMs);
}

function wait(taker: Taker, bytes: Buffer, from: number, to: number, atMs: number): void {
  takers[pieces] = taker;
  lying[pieces] = bytes;
  starts[pieces] = from;
  ends[pieces] = to;
  timesMs[pieces] = atMs;
  pieces++;
  look();
  if (pieces === mostPieces) takeIn();
}

/** Looks once the sockets have had their turn: never twice for one turn of theirs, or that would pass for silence. */
function look(): void {
  if (isLooking) return;
  isLooking = true;
  setImmediate(lookAgain);
}

/** From now on is another turn: what is sent now is answered later. */
export function turnIsOver(): void {
  turnMs = undefined;
}

/** Takes in what is put aside once the sockets have nothing more, or for so long that it must not wait any more. */
function lookAgain(): void {
  isLooking = false;
  turnIsOver();
  const isQuiet = pieces === seen;
  seen = pieces;
  if (pieces === 0) return;
  if (isQuiet || hasWaitedMs() > patienceMs) takeIn();
  else look();
}

function hasWaitedMs(): number {
  return clock === undefined ? 0 : clock.nowMs() - (timesMs[0] as number);
}

/** Takes in all that has been put aside and has not been taken in. */
export function takeIn(): void {
  turnIsOver();
  while (taken < pieces) {
    const piece = taken++;
    const taker = takers[piece] as Taker;
    const bytes = lying[piece] as Buffer;
    takers[piece] = undefined;
    lying[piece] = undefined;
    taker.take(bytes, starts[piece] as number, ends[piece] as number, timesMs[piece] as number);
  }
  pieces = 0;
  taken = 0;
  usedWords = 0;
  seen = 0;
}
