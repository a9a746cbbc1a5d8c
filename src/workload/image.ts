import type { Sharp } from 'sharp';
import { seededRandom } from '../random.ts';
import type { AssetFile, Complain } from '../scenario/assets.ts';
import type { GeneratedImages } from '../scenario/workload.ts';
import { type ImageFormat, imageProblems, isSendable, type Picture } from './image-rules.ts';
import { photoPixels } from './photo.ts';

/** A picture as it goes into a request; its base64 is made once, not per request. */
export interface EncodedImage {
  readonly mediaType: `image/${ImageFormat}`;
  readonly base64: string;
  readonly width: number;
  readonly height: number;
  /** The size of the file, before base64. */
  readonly fileBytes: number;
}

/** Only who has pictures waits for it to load. */
const loadSharp = async () => (await import('sharp')).default;

/** `count` pictures that compress like photographs, from the seed. */
export async function generateImages(spec: GeneratedImages, seed: number, name: string): Promise<EncodedImage[]> {
  const { width, height, format, quality, count } = spec;
  const sharp = await loadSharp();
  const images: EncodedImage[] = [];
  for (let index = 0; index < count; index++) {
    const pixels = photoPixels(width, height, seededRandom(seed, 'image', name, index));
    const file = await fileOf(sharp(pixels, { raw: { width, height, channels: 3 } }), format, quality);
    images.push(encoded(file, format, spec));
  }
  return images;
}

/** How well a picture that had to be changed is kept. */
const refitQuality = 85;

/**
 * A picture file as it may be sent: as it is or, with `fit`, scaled down into a square of so many pixels, upright and
 * plain RGB where it is not. Complains of what the service would refuse, and then gives nothing.
 */
export async function openImage(
  file: AssetFile,
  fit: number | undefined,
  complain: Complain,
): Promise<EncodedImage | undefined> {
  const complainOf = (problem: string) => complain(`${file.name}: ${problem}`);
  try {
    const picture = await inspect(file.bytes);
    const bytes =
      fit === undefined || !isSendable(picture.format) ? file.bytes : await refitted(file.bytes, picture, fit);
    const sent = bytes === file.bytes ? picture : { ...(await inspect(bytes)), frames: picture.frames };
    const problems = imageProblems(sent);
    for (const problem of problems) complainOf(problem);
    return problems.length === 0 ? encoded(Buffer.from(bytes), sent.format as ImageFormat, sent) : undefined;
  } catch (error) {
    const [said] = (error instanceof Error ? error.message : String(error)).split('\n');
    complainOf(`expected a picture that can be decoded, got: ${said} (is it whole, and a JPEG, PNG or WebP?)`);
    return undefined;
  }
}

/** What a file is by its content. Throws where it is no picture, or only the beginning of one. */
async function inspect(bytes: Uint8Array): Promise<Picture & { readonly isUpright: boolean }> {
  const sharp = await loadSharp();
  const { format, width, height, space, depth, hasAlpha, pages, orientation } = await sharp(bytes).metadata();
  // A header alone may lie: every pixel is decoded once.
  await sharp(bytes, { failOn: 'error' }).raw().toBuffer();
  const [frames, isUpright] = [pages ?? 1, (orientation ?? 1) === 1];
  return { format, width, height, space, depth, hasAlpha, frames, fileBytes: bytes.length, isUpright };
}

/** The same bytes where there is nothing to change. */
async function refitted(
  bytes: Uint8Array,
  picture: Awaited<ReturnType<typeof inspect>>,
  fit: number,
): Promise<Uint8Array> {
  const { format, width, height, space, depth, hasAlpha, isUpright } = picture;
  const isPlain = space === 'srgb' && depth === 'uchar' && !hasAlpha && isUpright;
  if (isPlain && Math.max(width, height) <= fit) return bytes;
  const sharp = await loadSharp();
  const plain = sharp(bytes)
    .autoOrient()
    .resize({ width: fit, height: fit, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: 'white' })
    .toColourspace('srgb');
  return fileOf(plain, format as ImageFormat, refitQuality);
}

function fileOf(picture: Sharp, format: ImageFormat, quality: number): Promise<Buffer> {
  switch (format) {
    case 'jpeg':
      return picture.jpeg({ quality }).toBuffer();
    case 'png':
      return picture.png().toBuffer();
    case 'webp':
      return picture.webp({ quality }).toBuffer();
  }
}

function encoded(
  file: Buffer,
  format: ImageFormat,
  { width, height }: { readonly width: number; readonly height: number },
): EncodedImage {
  return { mediaType: `image/${format}`, base64: file.toString('base64'), width, height, fileBytes: file.length };
}
