import sharp, { type Sharp } from 'sharp';
import { type Random, seededRandom } from '../random.ts';
import type { GeneratedImages } from '../scenario/scenario.ts';

/** A picture as it goes into a request; its base64 is made once, not per request. */
export interface EncodedImage {
  readonly mediaType: `image/${'jpeg' | 'png' | 'webp'}`;
  readonly base64: string;
  readonly width: number;
  readonly height: number;
  /** The size of the file, before base64. */
  readonly fileBytes: number;
}

/** `count` pictures that compress like photographs, from the seed. */
export async function generateImages(spec: GeneratedImages, seed: number, name: string): Promise<EncodedImage[]> {
  const images: EncodedImage[] = [];
  for (let index = 0; index < spec.count; index++) {
    const pixels = noisePixels(spec.width, spec.height, seededRandom(seed, 'image', name, index));
    const file = await encode(sharp(pixels, { raw: { width: spec.width, height: spec.height, channels: 3 } }), spec);
    images.push({
      mediaType: `image/${spec.format}`,
      base64: file.toString('base64'),
      width: spec.width,
      height: spec.height,
      fileBytes: file.length,
    });
  }
  return images;
}

function encode(picture: Sharp, { format, quality }: GeneratedImages): Promise<Buffer> {
  switch (format) {
    case 'jpeg':
      return picture.jpeg({ quality }).toBuffer();
    case 'png':
      return picture.png().toBuffer();
    case 'webp':
      return picture.webp({ quality }).toBuffer();
  }
}

/**
 * RGB noise with the spectrum of photographs: the sum of octaves of smooth noise, each twice as fine and a little weaker
 * than the one before, so that power falls with about the 2.5th power of frequency.
 */
function noisePixels(width: number, height: number, random: Random): Buffer {
  const sum = new Float32Array(width * height * 3);
  let amplitude = 90;
  for (let cells = 2; cells <= Math.max(width, height); cells *= 2) {
    addOctave(sum, width, height, cells, amplitude, random);
    amplitude *= 0.78;
  }
  const pixels = Buffer.allocUnsafe(sum.length);
  for (let i = 0; i < sum.length; i++) pixels[i] = Math.min(255, Math.max(0, 128 + (sum[i] as number)));
  return pixels;
}

/** Adds noise given on a grid of `cells` × `cells` points, linear in between; the colours share most of it. */
function addOctave(
  sum: Float32Array,
  width: number,
  height: number,
  cells: number,
  amplitude: number,
  random: Random,
): void {
  const side = cells + 1;
  const grid = Float32Array.from({ length: side * side * 3 }, () => (random.uniform() * 2 - 1) * amplitude);
  for (let i = 0; i < grid.length; i += 3) {
    const grey = grid[i] as number;
    grid[i + 1] = grey * 0.75 + (grid[i + 1] as number) * 0.25;
    grid[i + 2] = grey * 0.75 + (grid[i + 2] as number) * 0.25;
  }
  for (let y = 0, at = 0; y < height; y++) {
    const gridY = (y / height) * cells;
    const top = Math.floor(gridY);
    const down = gridY - top;
    for (let x = 0; x < width; x++) {
      const gridX = (x / width) * cells;
      const left = Math.floor(gridX);
      const across = gridX - left;
      const corner = (top * side + left) * 3;
      for (let channel = 0; channel < 3; channel++, at++) {
        const a = grid[corner + channel] as number;
        const b = grid[corner + channel + 3] as number;
        const c = grid[corner + channel + side * 3] as number;
        const d = grid[corner + channel + side * 3 + 3] as number;
        const upper = a + (b - a) * across;
        sum[at] = (sum[at] as number) + upper + (c + (d - c) * across - upper) * down;
      }
    }
  }
}
