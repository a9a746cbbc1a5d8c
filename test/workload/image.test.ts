import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { GeneratedImages } from '../../src/scenario/workload.ts';
import { type EncodedImage, generateImages, openImage } from '../../src/workload/image.ts';
import { openPictures } from '../../src/workload/pictures.ts';

const spec: GeneratedImages = { width: 336, height: 336, format: 'jpeg', quality: 85, count: 3 };

const fileOf = (image: EncodedImage) => Buffer.from(image.base64, 'base64');

describe('generateImages', () => {
  it('gives the same pictures for the same seed and name, and others for another', async () => {
    const small = { ...spec, width: 80, height: 60 };
    const base64 = async (seed: number, name: string) =>
      (await generateImages(small, seed, name)).map(image => image.base64);
    const pictures = await base64(42, 'caption');
    expect(await base64(42, 'caption')).toEqual(pictures);
    expect(await base64(43, 'caption')).not.toEqual(pictures);
    expect(await base64(42, 'other')).not.toEqual(pictures);
  });

  it('gives as many as were asked for, no two alike', async () => {
    const images = await generateImages({ ...spec, width: 48, height: 48, count: 20 }, 42, 'caption');
    expect(images).toHaveLength(20);
    expect(new Set(images.map(image => image.base64)).size).toBe(20);
  });

  it('gives JPEGs that decode to the size asked for, in RGB', async () => {
    const [image] = await generateImages({ ...spec, width: 120, height: 70, count: 1 }, 42, 'caption');
    if (image === undefined) throw new Error('no image');
    expect(await sharp(fileOf(image)).metadata()).toMatchObject({
      format: 'jpeg',
      width: 120,
      height: 70,
      channels: 3,
      space: 'srgb',
    });
    const { info } = await sharp(fileOf(image)).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 120, height: 70, channels: 3 });
    expect(image).toMatchObject({ mediaType: 'image/jpeg', width: 120, height: 70 });
  });

  it.each(['png', 'webp'] as const)('gives %s as well', async format => {
    const [image] = await generateImages({ ...spec, width: 33, height: 21, format, count: 1 }, 42, 'caption');
    if (image === undefined) throw new Error('no image');
    expect(image.mediaType).toBe(`image/${format}`);
    expect(await sharp(fileOf(image)).metadata()).toMatchObject({ format, width: 33, height: 21 });
  });

  it('says how large the file is, before base64', async () => {
    for (const image of await generateImages({ ...spec, width: 64, height: 64 }, 42, 'caption')) {
      expect(image.fileBytes).toBe(fileOf(image).length);
    }
  });

  it('gives files about as large as those of photographs', async () => {
    for (const image of await generateImages(spec, 42, 'caption')) {
      expect(image.fileBytes).toBeGreaterThan(15_000);
      expect(image.fileBytes).toBeLessThan(80_000);
    }
  });

  it('gives files of different sizes, as photographs of one size have', async () => {
    const sizes = (await generateImages({ ...spec, count: 12 }, 42, 'caption')).map(image => image.fileBytes);
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeGreaterThan(1.1);
  });

  it('gives smaller files for less quality', async () => {
    const sizeAt = async (quality: number) =>
      (await generateImages({ ...spec, width: 160, height: 160, quality, count: 1 }, 42, 'x'))[0]?.fileBytes ?? 0;
    expect(await sizeAt(50)).toBeLessThan((await sizeAt(85)) * 0.7);
  });

  it('gives pictures that are coloured, neither too dark nor too bright, with detail all over', async () => {
    const [image] = await generateImages({ ...spec, count: 1 }, 42, 'caption');
    if (image === undefined) throw new Error('no image');
    const { channels } = await sharp(fileOf(image)).stats();
    expect(channels).toHaveLength(3);
    for (const channel of channels) {
      expect(channel.mean).toBeGreaterThan(64);
      expect(channel.mean).toBeLessThan(192);
      expect(channel.stdev).toBeGreaterThan(20);
    }
    expect(new Set(channels.map(channel => channel.mean.toFixed(2))).size).toBe(3);
  });
});

/** A picture of some colour, without anything to object to. */
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 120, b: 40 } } });

/** A file as it would be sent, and what is wrong with it. */
async function open(bytes: Buffer, fit?: number, name = 'a.jpg') {
  const problems: string[] = [];
  const image = await openImage({ name, bytes }, fit, problem => void problems.push(problem));
  return { image, problems };
}

describe('a picture file', () => {
  it('is sent as it is, its kind told by its content and not by its name', async () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const bytes = await plain(40, 30).toFormat(format).toBuffer();
      const { image, problems } = await open(bytes, undefined, 'picture.gif');
      expect(problems).toEqual([]);
      expect(image).toMatchObject({ mediaType: `image/${format}`, width: 40, height: 30, fileBytes: bytes.length });
      expect(fileOf(image as EncodedImage)).toEqual(bytes);
    }
  });

  it('keeps its bytes where it fits already', async () => {
    const bytes = await plain(40, 30).jpeg().toBuffer();
    expect(fileOf((await open(bytes, 40)).image as EncodedImage)).toEqual(bytes);
  });

  it('is scaled down to fit, its shape and kind kept', async () => {
    const { image } = await open(await plain(1500, 750).png().toBuffer(), 512);
    expect(image).toMatchObject({ mediaType: 'image/png', width: 512, height: 256 });
    expect(await sharp(fileOf(image as EncodedImage)).metadata()).toMatchObject({ width: 512, height: 256 });
  });

  it('is made upright, RGB and opaque where it has to fit', async () => {
    const turned = await plain(60, 30).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect((await open(turned, 100)).image).toMatchObject({ width: 30, height: 60 });
    const others = [
      await plain(40, 30).ensureAlpha(0.5).png().toBuffer(),
      await plain(40, 30).greyscale().toColourspace('b-w').jpeg().toBuffer(),
      await plain(40, 30).toColourspace('cmyk').jpeg().toBuffer(),
      await plain(40, 30).toColourspace('rgb16').png().toBuffer(),
    ];
    for (const bytes of others) {
      const { image, problems } = await open(bytes, 100);
      expect(problems).toEqual([]);
      expect(await sharp(fileOf(image as EncodedImage)).metadata()).toMatchObject({
        space: 'srgb',
        channels: 3,
        depth: 'uchar',
        hasAlpha: false,
      });
    }
  });
});

describe('a picture file that the service would refuse', () => {
  const animation = async () => {
    const frames = await Promise.all(
      [0, 255].map(level => plain(8, 8).tint({ r: level, g: 0, b: 0 }).png().toBuffer()),
    );
    return sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer();
  };
  const noise = async () => {
    const [image] = await generateImages({ ...spec, width: 1024, height: 1024, format: 'png', count: 1 }, 1, 'x');
    return fileOf(image as EncodedImage);
  };
  const cases: [string, () => Promise<Buffer>, RegExp][] = [
    ['a GIF', () => plain(8, 8).gif().toBuffer(), /JPEG, PNG or WebP by its content, got GIF \(save it as one\)$/],
    ['a TIFF', () => plain(8, 8).tiff().toBuffer(), /got TIFF/],
    ['too wide', () => plain(1025, 8).jpeg().toBuffer(), /at most 1024 × 1024 pixels, got 1025 × 8 \(.*fit: 1024\)$/],
    ['greyscale', () => plain(8, 8).toColourspace('b-w').jpeg().toBuffer(), /RGB, got greyscale \(.*set fit/],
    ['CMYK', () => plain(8, 8).toColourspace('cmyk').jpeg().toBuffer(), /RGB, got CMYK/],
    ['transparent', () => plain(8, 8).ensureAlpha(0.5).png().toBuffer(), /no transparency, got an alpha channel/],
    ['of 16 bits', () => plain(8, 8).toColourspace('rgb16').png().toBuffer(), /8 bits a colour, got 16/],
    ['animated', animation, /one picture, got an animation of 2/],
    ['too large in Base64', noise, /at most 1,485,000 bytes, .* got 2,\d{3},\d{3} \(use JPEG or WebP/],
    ['no picture', async () => Buffer.from('hello'), /a picture that can be decoded, got: /],
    ['empty', async () => Buffer.alloc(0), /a picture that can be decoded, got: /],
    [
      'cut off',
      async () => (await plain(400, 400).jpeg({ quality: 95 }).toBuffer()).subarray(0, 1000),
      /a picture that can be decoded, got: /,
    ],
  ];
  for (const [name, bytes, says] of cases) {
    it(`is told of with what to change: one that is ${name}`, async () => {
      const { image, problems } = await open(await bytes());
      expect(image).toBeUndefined();
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^a\.jpg: expected /);
      expect(problems[0]).toMatch(says);
    });
  }

  it('is told of with everything that is wrong with it', async () => {
    const bytes = await plain(2000, 8).ensureAlpha(0.5).toColourspace('rgb16').png().toBuffer();
    expect((await open(bytes)).problems).toHaveLength(3);
  });
});

describe('picture files', () => {
  it('are told apart by their size, each size as often as it has files', async () => {
    const sizes = [
      [40, 30],
      [20, 20],
      [40, 30],
    ] as const;
    const files = await Promise.all(
      sizes.map(async ([width, height], index) => ({
        name: `${index}.png`,
        bytes: await plain(width, height).png().toBuffer(),
      })),
    );
    const pools = await openPictures({ files: '*.png' }, new Map([['*.png', files]]), () => {});
    expect(pools.map(({ size, weight, pictures }) => [size, weight, pictures.length])).toEqual([
      ['40x30', 2, 2],
      ['20x20', 1, 1],
    ]);
  });

  it('are put together by their longer side where there are too many sizes', async () => {
    const files = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => ({
        name: `${index}.png`,
        bytes: await plain(100 + index * 20, 8)
          .png()
          .toBuffer(),
      })),
    );
    const pools = await openPictures({ files: '*.png' }, new Map([['*.png', files]]), () => {});
    expect(pools.map(({ size, weight }) => [size, weight])).toEqual([
      ['<= 256 px', 8],
      ['<= 512 px', 12],
    ]);
  });
});
