/**
 * Hands what a plain socket reads straight to undici. By itself Node takes 64 kB for each piece and gives most of that
 * back, keeps the piece in a stream, and tells of it in two later ticks, each with objects of its own: for an event of a
 * hundred bytes that is a fifth of all it costs. TLS is left to Node's ways.
 */
import { Socket } from 'node:net';

const readBytes = 64 << 10;
const reads = Buffer.allocUnsafeSlow(readBytes);
const readWords = new Int32Array(reads.buffer);

/** Where what has been read is copied to, piece after piece; another takes its place once it is full. */
let copies = Buffer.allocUnsafeSlow(readBytes);
let copyWords = new Int32Array(copies.buffer);
let usedWords = 0;

/** What has just come, and on which socket: one is told of at a time. */
let fresh: Buffer | undefined;
let cameOn: Socket | undefined;

/** What a plain socket reads into, and who is told: the option `onread` of `node:net`. */
export const directReads = {
  buffer: reads,
  callback(this: Socket, count: number): boolean {
    const piece = copyOf(count);
    if (this.readableLength > 0) return this.push(piece); // what waits in the stream comes first
    this.read = readFresh;
    fresh = piece;
    cameOn = this;
    this.emit('readable');
    const isTaken = fresh === undefined;
    fresh = undefined;
    return isTaken || this.push(piece);
  },
};

/** Reads what has just come, or else what the stream holds. */
function readFresh(this: Socket, size?: number): unknown {
  if (cameOn !== this || fresh === undefined) return Socket.prototype.read.call(this, size);
  const piece = fresh;
  fresh = undefined;
  return piece;
}

/** A copy of what has just been read, for whoever keeps it. */
function copyOf(bytes: number): Buffer {
  const words = (bytes + 3) >> 2;
  if (usedWords + words > copyWords.length) {
    copies = Buffer.allocUnsafeSlow(readBytes);
    copyWords = new Int32Array(copies.buffer);
    usedWords = 0;
  }
  const from = usedWords << 2;
  for (let word = 0; word < words; word++) copyWords[usedWords + word] = readWords[word] as number;
  usedWords += words;
  return copies.subarray(from, from + bytes);
}
