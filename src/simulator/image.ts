import sharp from 'sharp';
import { imageTokens } from '../engine/vision.ts';
import type { Fidelity } from './parameters.ts';
import { Refused } from './refusal.ts';

/** The document's rules for a picture. */
const documentedFormats: readonly string[] = ['jpeg', 'png', 'webp'];
const longestSidePixels = 1024;
const longestImageBytes = 2_000_000;

/** What TGI's router can decode, by libvips' names. */
const deployedFormats: readonly string[] = ['jpeg', 'png', 'gif', 'webp', 'tiff'];

/** Deployed there is no pixel limit but memory; a header that claims more than this is a lie. */
const deployedPixels = 64e6;

/** Two at a time, as TGI has two validation workers; and so that the token path keeps its core. */
const validationWorkers = 2;

/** Decodes a picture, Base64 or (deployed) a data URI, and gives what it costs in tokens. Throws Refused: invalid. */
export async function decodeImage(source: string, fidelity: Fidelity): Promise<number> {
  const bytes = Buffer.from(fidelity === 'deployed' ? dataUriContent(source) : source, 'base64');
  const leave = await workers.enter();
  try {
    const { width, height } = await decode(bytes, fidelity);
    return imageTokens(width, height);
  } finally {
    leave();
  }
}

function invalidImage(message: string): Refused {
  return new Refused({ kind: 'invalid', message });
}

/** TGI takes `data:<type>;base64,<content>` with one semicolon. It would fetch a URL; nothing is fetched here. */
function dataUriContent(source: string): string {
  if (/^https?:/.test(source)) throw invalidImage('Could not fetch image: this service fetches nothing');
  const content = /^data:[^;,]*;base64,/.exec(source.slice(0, 200))?.[0];
  if (content === undefined) throw invalidImage(`invalid image content: ${source.slice(0, 100)}`);
  return source.slice(content.length);
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The header first, because what it says decides whether the rest is worth decoding; then every pixel. */
async function decode(bytes: Buffer, fidelity: Fidelity): Promise<Size> {
  const documented = fidelity === 'documented';
  if (documented && bytes.length > longestImageBytes) {
    throw invalidImage(`the image has ${bytes.length} bytes, more than ${longestImageBytes}`);
  }
  const limitInputPixels = documented ? longestSidePixels ** 2 : deployedPixels;
  try {
    const { format, width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    const formats = documented ? documentedFormats : deployedFormats;
    if (!formats.includes(format)) throw invalidImage(`the image is ${format}, not one of ${formats.join(', ')}`);
    if (documented && Math.max(width, height) > longestSidePixels) {
      throw invalidImage(
        `the image has ${width} × ${height} pixels, more than ${longestSidePixels} × ${longestSidePixels}`,
      );
    }
    if (width * height > limitInputPixels)
      throw invalidImage(`the image has ${width} × ${height} pixels, too many to decode`);
    await sharp(bytes, { limitInputPixels, failOn: 'error' }).raw().toBuffer();
    return { width, height };
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw invalidImage(`invalid image: ${(error as Error).message}`);
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
