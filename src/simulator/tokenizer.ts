/**
 * A tokenizer of no particular model: deterministic, and cheap enough for megabytes. A piece is up to eight letters
 * or three digits together with the space before them, a run of other white space, or any other character alone; so
 * most English words are one token each, as they are to the served models.
 */

const letter = 1;
const digit = 2;
const space = 3;
const other = 4;

const longestPiece: Readonly<Record<number, number>> = { [letter]: 8, [digit]: 3, [space]: 16, [other]: 1 };

const classes = Uint8Array.from({ length: 0x250 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\p{L}/u.test(character)) return letter;
  if (/\d/.test(character)) return digit;
  return /\s/.test(character) ? space : other;
});

/** Beyond the Latin letters every code unit is a piece of its own, as rare scripts cost the served models. */
function classAt(text: string, at: number): number {
  return classes[text.charCodeAt(at)] ?? other;
}

/** Where the piece that begins at `start` ends. */
function pieceEnd(text: string, start: number): number {
  const leadsWord = text.charCodeAt(start) === 0x20 && start + 1 < text.length && classAt(text, start + 1) <= digit;
  const from = leadsWord ? start + 1 : start;
  const kind = classAt(text, from);
  const limit = Math.min(text.length, from + (longestPiece[kind] as number));
  let end = from + 1;
  while (end < limit && classAt(text, end) === kind) {
    // The last space of a run belongs to the word after it.
    if (kind === space && text.charCodeAt(end) === 0x20 && classAt(text, end + 1) <= digit) break;
    end++;
  }
  return end;
}

/** How many tokens a text has; 0 for the empty text. */
export function countTokens(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at = pieceEnd(text, at)) count++;
  return count;
}

/** A token of a prompt: its text and where it stands. */
export interface Piece {
  readonly id: number;
  readonly text: string;
  readonly start: number;
  readonly stop: number;
}

/** The tokens of a text, in order; their texts together are the text. */
export function tokenPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (let start = 0; start < text.length; ) {
    const stop = pieceEnd(text, start);
    const piece = text.slice(start, stop);
    pieces.push({ id: tokenId(piece), text: piece, start, stop });
    start = stop;
  }
  return pieces;
}

/** The size of the vocabulary that token ids are taken from. */
const vocabularyTokens = 32_000;

/** The id of a piece: a hash of its text, so the same piece has the same id in prompts and in answers. */
export function tokenId(piece: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < piece.length; at++) hash = Math.imul(hash ^ piece.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % vocabularyTokens;
}
