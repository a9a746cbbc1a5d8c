import type { Random } from '../random.ts';

/**
 * RGB noise with the spectrum of photographs: the sum of octaves of smooth noise, each twice as fine and a little weaker
 * than the one before. From picture to picture power falls with between the 2.5th (busy) and the 2.8th (smooth) power
 * of frequency, so that files of one size in pixels differ in bytes.
 */
export function photoPixels(width: number, height: number, random: Random): Uint8Array {
  const sum = new Float32Array(width * height * 3);
  const fade = 0.76 + 0.08 * random.uniform();
  let amplitude = 90;
  for (let cells = 2; cells <= Math.max(width, height); cells *= 2) {
    addOctave(sum, width, height, cells, amplitude, random);
    amplitude *= fade;
  }
  const pixels = new Uint8Array(sum.length);
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
