import sharp from 'sharp';
import { imageTokens } from '../engine/vision.ts';
import type { Fidelity } from './parameters.ts';
import { Refused } from './refusal.ts';

/** The document's rules for a picture. */
const documentedFormats: readonly string[] = ['jpeg', 'png', 'webp'];
const longestSidePixels = 1024;
const longestImageBytes = 2_000_000;

/** What TGI's router can decode, by their types; of any other type it looks at the picture itself. */
const deployedFormats: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/tiff': 'tiff',
};

/** Deployed there is no pixel limit but memory; a header that claims more than this is a lie. */
const deployedPixels = 64e6;

/** Two at a time, as TGI has two validation workers. */
const validationWorkers = 2;

// One thread a picture and nothing kept: the token path needs the rest of the machine.
sharp.concurrency(1);
sharp.cache(false);

/** What a picture must be to be taken. */
interface Rules {
  readonly formats: readonly string[];
  readonly longestSidePixels: number;
  readonly pixels: number;
  readonly bytes: number;
}

/**
 * Decodes a picture, every pixel of it, and gives what it costs in tokens. It comes as Base64 in the document's form
 * and as a data URI in the deployed one. Throws Refused: invalid.
 */
export async function decodeImage(source: string, fidelity: Fidelity): Promise<number> {
  const { content, rules } = fidelity === 'documented' ? documentedImage(source) : deployedImage(source);
  const bytes = Buffer.from(content, 'base64');
  const leave = await workers.enter();
  try {
    const { width, height } = await decode(bytes, rules);
    return imageTokens(width, height);
  } finally {
    leave();
  }
}

function invalidImage(message: string): Refused {
  return new Refused({ kind: 'invalid', message });
}

interface Image {
  readonly content: string;
  readonly rules: Rules;
}

function documentedImage(content: string): Image {
  const rules = {
    formats: documentedFormats,
    longestSidePixels,
    pixels: longestSidePixels ** 2,
    bytes: longestImageBytes,
  };
  return { content, rules };
}

/** TGI takes `data:<type>;base64,<content>` with one semicolon. It would fetch a URL; nothing is fetched here. */
function deployedImage(source: string): Image {
  if (/^https?:/.test(source)) throw invalidImage('Could not fetch image: this service fetches nothing');
  const [head, type] = /^data:([^;,]*);base64,/.exec(source.slice(0, 200)) ?? [];
  if (head === undefined) throw invalidImage(`invalid image content: ${source.slice(0, 100)}`);
  const format = deployedFormats[type ?? ''];
  const formats = format === undefined ? Object.values(deployedFormats) : [format];
  const unlimited = Number.POSITIVE_INFINITY;
  const rules = { formats, longestSidePixels: unlimited, pixels: deployedPixels, bytes: unlimited };
  return { content: source.slice(head.length), rules };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The header first, because what it says decides whether the rest is worth decoding. */
async function decode(bytes: Buffer, rules: Rules): Promise<Size> {
  if (bytes.length > rules.bytes) throw invalidImage(`the image has ${bytes.length} bytes, more than ${rules.bytes}`);
  try {
    const { format, width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (!rules.formats.includes(format))
      throw invalidImage(`invalid image: ${format}, expected ${rules.formats.join(', ')}`);
    const side = rules.longestSidePixels;
    if (Math.max(width, height) > side)
      throw invalidImage(`the image has ${width} × ${height} pixels, more than ${side} × ${side}`);
    await sharp(bytes, { limitInputPixels: rules.pixels, failOn: 'error' }).raw().toBuffer();
    return { width, height };
  } catch (error) {
    throw error instanceof Refused ? error : invalidImage(`invalid image: ${(error as Error).message}`);
  }
}

/** Lets so many in at a time; the others wait in order. */
class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves when a place is free, with the function that gives it back. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
  }
}

const workers = new Turnstile(validationWorkers);
