/** The pictures of a workload by their size, so that a report can say what a size costs. */
import type { Random } from '../random.ts';
import type { Assets, Complain } from '../scenario/assets.ts';
import type { GeneratedImages, Images } from '../scenario/workload.ts';
import { type EncodedImage, generateImages, openImage } from './image.ts';
import { sizeProblems } from './image-rules.ts';

/** Pictures of one size, and how often one of them is sent beside those of other sizes. */
export interface PicturePool {
  readonly size: string;
  readonly weight: number;
  readonly pictures: readonly EncodedImage[];
}

/** So many sizes of files are told apart; more are put together by their longer side. */
const mostSizes = 16;
const bandPixels = 256;

/** Makes the pictures of a workload, from the seed; complains of sizes whose files are too large to be sent. */
export async function generatePictures(
  { generate, sizes }: Images,
  { seed, name }: { readonly seed: number; readonly name: string },
  complain: Complain,
): Promise<PicturePool[]> {
  const pools: PicturePool[] = [];
  const specs = sizes ?? (generate === undefined ? [] : [{ ...generate, weight: 1 }]);
  for (const [index, spec] of specs.entries()) {
    // A workload of one size keeps the pictures it has, whichever way it is written.
    const pictures = await generateImages(spec, seed, index === 0 ? name : `${name} ${index}`);
    const largest = Math.max(...pictures.map(picture => picture.fileBytes));
    const place = `workloads.${name}.images.${sizes === undefined ? 'generate' : `sizes[${index}]`}`;
    for (const problem of sizeProblems(largest)) complain(`${place}: ${problem}`);
    pools.push({ size: sizeName(spec, specs), weight: spec.weight, pictures });
  }
  return pools;
}

/** The picture files of a workload, each size with the weight of their number. Complains of each that cannot be sent. */
export async function openPictures({ files, fit }: Images, assets: Assets, complain: Complain): Promise<PicturePool[]> {
  const opened: EncodedImage[] = [];
  for (const file of files === undefined ? [] : (assets.get(files) ?? [])) {
    const picture = await openImage(file, fit, complain);
    if (picture !== undefined) opened.push(picture);
  }
  const exact = grouped(opened, ({ width, height }) => `${width}x${height}`);
  return exact.length <= mostSizes
    ? exact
    : grouped(opened, ({ width, height }) => `<= ${Math.ceil(Math.max(width, height) / bandPixels) * bandPixels} px`);
}

/** One picture, from each pool as often as its weight says. */
export function drawPicture(pools: readonly PicturePool[], random: Random): { picture: EncodedImage; size: string } {
  const { size, pictures } = pools.length === 1 ? (pools[0] as PicturePool) : drawPool(pools, random);
  return { picture: pictures[random.integer(0, pictures.length - 1)] as EncodedImage, size };
}

function drawPool(pools: readonly PicturePool[], random: Random): PicturePool {
  let left = random.uniform() * pools.reduce((sum, { weight }) => sum + weight, 0);
  for (const pool of pools) {
    left -= pool.weight;
    if (left < 0) return pool;
  }
  return pools.at(-1) as PicturePool;
}

function grouped(pictures: readonly EncodedImage[], sizeOf: (picture: EncodedImage) => string): PicturePool[] {
  const bySize = new Map<string, EncodedImage[]>();
  for (const picture of pictures) {
    const size = sizeOf(picture);
    const same = bySize.get(size) ?? [];
    bySize.set(size, same);
    same.push(picture);
  }
  return [...bySize].map(([size, same]) => ({ size, weight: same.length, pictures: same }));
}

/** `512x512`; with how it is encoded where several differ in that alone. */
function sizeName({ width, height, format, quality }: GeneratedImages, all: readonly GeneratedImages[]): string {
  const isOne = all.filter(other => other.width === width && other.height === height).length === 1;
  return `${width}x${height}${isOne ? '' : ` ${format} q${quality}`}`;
}
