/** What the service takes of a picture, as its API document says it: checked before anything is sent. */

const formats = ['jpeg', 'png', 'webp'] as const;
export type ImageFormat = (typeof formats)[number];

const longestSidePixels = 1024;
const bodyBytes = 2_000_000;
/** What a body keeps for the prompt around a picture: some thousand tokens. */
const promptBytes = 20_000;

/** What is known of a picture file, in the words of libvips. */
export interface Picture {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly space: string;
  readonly depth: string;
  readonly hasAlpha: boolean;
  readonly frames: number;
  readonly fileBytes: number;
}

/** Every rule that a picture breaks, as `expected …, got … (what to change)`. */
export function imageProblems(picture: Picture): string[] {
  const { format, width, height, space, depth, hasAlpha, frames, fileBytes } = picture;
  if (!isSendable(format))
    return [`expected a JPEG, PNG or WebP by its content, got ${format.toUpperCase()} (save it as one)`];
  const problems: string[] = [];
  const convert = '(save it as plain RGB, or set fit, which does)';
  if (frames > 1) problems.push(`expected one picture, got an animation of ${frames} (save one of them)`);
  if (Math.max(width, height) > longestSidePixels)
    problems.push(
      `expected at most ${longestSidePixels} × ${longestSidePixels} pixels, got ${width} × ${height} (scale it down, or set fit: ${longestSidePixels})`,
    );
  const colours = coloursOf(space);
  if (colours !== 'RGB') problems.push(`expected RGB, got ${colours} ${convert}`);
  if (depth !== 'uchar') problems.push(`expected 8 bits a colour, got ${depth === 'ushort' ? '16' : depth} ${convert}`);
  if (hasAlpha) problems.push(`expected no transparency, got an alpha channel ${convert}`);
  problems.push(...sizeProblems(fileBytes));
  return problems;
}

/** A picture grows by a third in Base64, and must leave room for the prompt. */
export function sizeProblems(fileBytes: number): string[] {
  const most = Math.floor((bodyBytes - promptBytes) / 4) * 3;
  if (fileBytes <= most) return [];
  const shown = (bytes: number) => bytes.toLocaleString('en-US');
  return [
    `expected a picture of at most ${shown(most)} bytes, for a body of ${shown(bodyBytes)} with its Base64 and a prompt, got ${shown(fileBytes)} (use JPEG or WebP, less quality or fewer pixels)`,
  ];
}

/** Whether the service takes files of this format, by libvips' name. */
export function isSendable(format: string): format is ImageFormat {
  return (formats as readonly string[]).includes(format);
}

function coloursOf(space: string): string {
  switch (space) {
    case 'srgb':
    case 'rgb':
    case 'rgb16':
      return 'RGB';
    case 'b-w':
    case 'grey16':
      return 'greyscale';
    default:
      return space.toUpperCase();
  }
}
